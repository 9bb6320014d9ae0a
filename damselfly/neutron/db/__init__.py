"""Our one table in Neutron's database, and how it comes there (``neutron-db-manage``)."""

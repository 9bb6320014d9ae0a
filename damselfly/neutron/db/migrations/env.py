"""Run our migrations on Neutron's database; alembic imports this file to do so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context
from neutron_lib.db import model_base

from damselfly.neutron.db import models  # noqa: F401  (its table belongs to the metadata)

VERSION_TABLE = "alembic_version_damselfly"


def _run() -> None:
    settings = context.config.neutron_config  # type: ignore[attr-defined,unused-ignore]
    url = settings.database.connection
    told = {"target_metadata": model_base.BASEV2.metadata, "version_table": VERSION_TABLE}
    if context.is_offline_mode():
        context.configure(url=url, **told)
        with context.begin_transaction():
            context.run_migrations()
        return
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context.configure(connection=connection, **told)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


_run()

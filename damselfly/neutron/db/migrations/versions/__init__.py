"""The steps by which our table came to its present form."""

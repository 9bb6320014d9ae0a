"""The command line, from arguments to answer."""

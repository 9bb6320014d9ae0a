"""``python -m damselfly``: the command line."""

from damselfly.cli.main import main

if __name__ == "__main__":
    main()

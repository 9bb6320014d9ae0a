"""stub"""

import rich_click as click


@click.command()
def verify() -> None:
    """Stub."""

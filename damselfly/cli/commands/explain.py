"""stub"""

import rich_click as click


@click.command()
def explain() -> None:
    """Stub."""

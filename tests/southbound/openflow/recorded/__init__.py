"""Messages of a real switch (Open vSwitch 3.1.0), as hexadecimal text with a note on top."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in HERE.glob("*.hex")))


def recorded(name: str) -> list[bytes]:
    """Return the messages in one file."""
    lines = (HERE / f"{name}.hex").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    return [bytes.fromhex(block) for block in text.split("\n\n") if block.strip()]

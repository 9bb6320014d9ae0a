"""URLs of stores as they may be shown: without their passwords."""

from __future__ import annotations

import re

_PASSWORD = re.compile(r"(?<=://)([^/?#\s@:]*):[^/?#\s]*@")
"""Whatever stands between the first colon and the last @ before the path."""


def masked(text: str) -> str:
    """Return a text with ``***`` for the password of each URL in it."""
    return _PASSWORD.sub(r"\1:***@", text)

"""What can go wrong, as types that each carry one clear sentence for the user."""

from __future__ import annotations


class DamselflyError(Exception):
    """Anything that Damselfly reports in one line; ``exit_code`` is what the command returns."""

    exit_code = 1


class BadInput(DamselflyError):
    """Input that cannot be accepted; the message names the place and what is accepted."""

    exit_code = 2


class StoreError(DamselflyError):
    """The policy store cannot be read or written."""

    exit_code = 3


class Conflict(StoreError):
    """Somebody else changed an object since it was read."""


class NoStore(StoreError):
    """There is no store at this place yet."""


class Compacted(StoreError):
    """The store no longer knows what changed since the asked revision: read everything again."""


class NameTaken(StoreError):
    """Somebody else has a name that only one process may have."""

    def __init__(self, message: str, holder: bytes) -> None:
        """Take also what the holder says of itself."""
        super().__init__(message)
        self.holder = holder


class SwitchError(DamselflyError):
    """The switch refused a request."""

    exit_code = 4


class SwitchGone(SwitchError):
    """The connection to the switch, or to its database, is lost or cannot be made."""


class NotEnforced(DamselflyError):
    """A wait ended before every agent had confirmed the revision."""

    exit_code = 5

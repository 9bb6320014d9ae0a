"""What the API answers where a request asks for what cannot be had."""

from __future__ import annotations

from neutron_lib import exceptions


class CannotKeepRule(exceptions.InvalidInput):
    """A rule that would have to be narrowed to nothing, or widened."""

    message = "Damselfly cannot keep this rule: %(why)s."

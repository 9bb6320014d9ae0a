"""Why a packet is allowed or denied, in words; nothing is decided here."""

from .rules import Explanation, Reason, explain

__all__ = ["Explanation", "Reason", "explain"]

"""Of the whole policy, what the ports of one host need: asked for, followed, and let go of.

``interest`` says what that is, purely; ``selection`` keeps it up with a store.  What is handed on
is always as of one revision and complete: nothing that a port needs is missing from it.
"""

from .interest import Interest, wanted
from .selection import Selection

__all__ = ["Interest", "Selection", "wanted"]

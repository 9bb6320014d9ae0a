"""Which of many rules match where: at a value, in a block, and how far from a value none does.

One index for a field whose rules name intervals, and one for remotes, which may be large sets that
many rule books share.  A set of rules is an integer with bit *i* for rule *i*.
"""

from .crowd import Crowd, Name
from .field import Index, rule_set
from .remotes import Remote, RemoteIndex

__all__ = ["Crowd", "Index", "Name", "Remote", "RemoteIndex", "rule_set"]

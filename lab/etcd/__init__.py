"""etcd servers for tests, demo and bench: one or several, that can be killed, stopped and refilled.

Each listens on a loopback address of its own, drawn by lot, so that runs beside each other do not
meet; all end with the process that started them.
"""

from .certificates import Authority
from .cluster import Cluster

__all__ = ["Authority", "Cluster"]

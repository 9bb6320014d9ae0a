"""The store for many hosts: etcd, with the store's transactions on top of etcd's.

How objects and commits are laid out is told in ``layout``.  The messages and calls are in ``rpc``.
"""

from .driver import EtcdStore
from .layout import Layout
from .rpc import Place

__all__ = ["EtcdStore", "Layout", "Place"]

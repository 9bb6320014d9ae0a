"""Sets of integers: aligned blocks, as a masked match says them, and unions of intervals.

Arithmetic only: what the integers stand for is not known here.
"""

from .block import Block
from .interval_set import IntervalSet

__all__ = ["Block", "IntervalSet"]

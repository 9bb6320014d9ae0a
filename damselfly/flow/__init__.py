"""How a switch says it: fields, matches, actions, flows and the difference of two flow sets.

Plain immutable values with Open vSwitch's own names.  Knows nothing of security groups.
"""

"""What a change of policy does: what stays the same, and whether it only admits more.

Compares two snapshots; what is then sent to the switch, and which labels change, is not decided
here.
"""

"""What each register means; every register and metadata field is named here, once.

A packet carries them through the whole pipeline, across the connection tracker and through a pause
at the agent.
"""

from __future__ import annotations

from damselfly.flow.field import FIELDS

JUDGED = "reg0"
"""Key of the port whose rules are asked."""
DIRECTION = "reg1"
"""``Direction.code`` of the rules that are asked."""
VERDICT = "reg2"
"""1 once a verdict allows the packet."""
RULE = "reg3"
"""Mark of the rule that allows it."""
END = "reg4"
"""``End.code``: which end of the connection is being judged."""
COMMITTED = "reg5"
"""1 once the connection was entered into the tracker at this end, for this packet, or need not."""
SOURCE = "reg6"
"""Key of the port that sent the packet."""
DESTINATION = "reg7"
"""Key of the port that shall receive it."""
LABEL = "xxreg2"
"""The current label of the judged port and direction (reg8 to reg11)."""
ASKED = "reg12"
"""1 once the agent was asked about this packet at this end."""
BASIS = "reg13"
"""``Basis``: whether the packet is judged for its connection or for itself, and by what of it."""
NETWORK = "metadata"
"""Number of the network on which the packet travels."""

KEY_BITS = 16
"""Width of a port key: it is a conntrack zone as well."""
LABEL_BITS = FIELDS["ct_label"].bits

assert FIELDS[LABEL].bits == LABEL_BITS
assert FIELDS[RULE].bits == FIELDS["ct_mark"].bits
assert FIELDS[JUDGED].bits == FIELDS[SOURCE].bits == FIELDS[DESTINATION].bits >= KEY_BITS

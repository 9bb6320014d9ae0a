"""The agent's loops, on the switch and the store in memory."""

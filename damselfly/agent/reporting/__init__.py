"""What the agent says of itself: its status in the store, and what the switch counts.

Reads the agent's parts and changes none of them; what is enforced never depends on what is said.
"""

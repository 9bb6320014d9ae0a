"""What one port may take of what all ports of the host share: entries of the tracker.

What a port may ask the agent, and send in fragments, meters bound; those are flows' business.
"""

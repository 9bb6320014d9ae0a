"""What holds whatever the groups say: what a VM may send, and what its network owes it."""

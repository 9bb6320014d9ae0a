"""What Damselfly itself costs: judging, asking the agent, being scanned, changing the policy."""

"""The agent: keeps one host's switch equal to the policy, and judges what no verdict covers.

The only place with loops, clocks, retries and logs, and the only one that sees store and switch.
"""

"""The command line: reads and writes the store, asks the switch, runs the agent.

Options in, one answer out: a table for people, JSON or YAML for programs.  No policy is decided and
no flow is made in here.
"""

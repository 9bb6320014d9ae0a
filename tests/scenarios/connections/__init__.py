"""The life of connections: opened, revoked, re-admitted, across changes and restarts."""

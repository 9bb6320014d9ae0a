"""The agent's own parts on the switch in memory: policies in, frames in, frames out."""

"""What comes before following the store: that this agent alone goes by its host's name."""

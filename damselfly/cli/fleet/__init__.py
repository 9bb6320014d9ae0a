"""All hosts at once: how far each is, which are there, and taking one out that is gone for good."""

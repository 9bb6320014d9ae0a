"""Adapters to the policy store: one protocol, several drivers, and the codec of its objects.

Knows the model, not flows; knows nothing of switches.
"""

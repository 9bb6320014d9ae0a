"""Manifests: what is refused, what they mean, what they change."""

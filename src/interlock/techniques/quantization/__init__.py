"""Fewer bits for weights, activations and caches."""

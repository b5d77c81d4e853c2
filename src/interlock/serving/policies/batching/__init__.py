"""Batching: what one step of the engine is made of."""

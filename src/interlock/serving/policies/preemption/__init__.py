"""Preemption: what happens to a cache whose room is needed."""

"""Fewer tokens to attend to."""

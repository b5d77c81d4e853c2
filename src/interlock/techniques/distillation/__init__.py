"""Smaller models that learn from larger ones."""

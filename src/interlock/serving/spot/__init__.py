"""Serving on machines that may be taken away with notice."""

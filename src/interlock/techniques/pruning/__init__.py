"""Fewer weights."""

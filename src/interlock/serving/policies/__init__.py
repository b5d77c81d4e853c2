"""Policies by family; the file name is the name."""

"""Weights as products of thin matrices."""

"""Routing: which replica a request goes to."""

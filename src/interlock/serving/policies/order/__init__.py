"""Order: who of those waiting is next."""

"""Memory: how the KV cache is given out."""

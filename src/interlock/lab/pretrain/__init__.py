"""Training a small language model from nothing, in a run that a kill does not harm."""

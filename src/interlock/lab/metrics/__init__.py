"""How good a language model is on a text, and how far it is from another, with intervals."""

"""The quality that a technique leaves: measured beside the original, kept as evidence, swept over many techniques."""

"""Tiny decoders with random weights, and tokens to calibrate them with."""

from tiny_decoders import build, calibration, logits, quiet, unseen

__all__ = ["build", "calibration", "logits", "quiet", "unseen"]

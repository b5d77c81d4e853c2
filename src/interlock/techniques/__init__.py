"""Techniques: one file each in a family's folder, found by file name."""

from interlock.techniques.base import Technique
from interlock.techniques.registry import names, technique

__all__ = ["Technique", "names", "technique"]

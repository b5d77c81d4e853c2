"""Sliding-window attention: each layer sees the last tokens only.

source: Beltagy et al. 2020, Longformer, section 3
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import AttentionWindow, Effect
from interlock.techniques.base import Technique


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidingWindow(Technique):
    """A window in every layer."""

    title: ClassVar[str] = "Sliding window"
    paper: ClassVar[str] = "Beltagy et al. 2020, Longformer, section 3"

    tokens: int = 4096

    def effects(self) -> tuple[Effect, ...]:
        """A bounded cache and bounded attention."""
        return (AttentionWindow(self.tokens),)


TECHNIQUE = SlidingWindow()

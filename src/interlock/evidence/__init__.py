"""Where a number comes from, and how far it may be trusted."""

from interlock.evidence.source import Evidence, Source, weakest

__all__ = ["Evidence", "Source", "weakest"]

"""Giving a model the cache that a record describes, with what its rule had learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from interlock.surgery.kv_groups import KVFormat, quantize_kv
from interlock.surgery.kv_levels import install_levels
from interlock.surgery.rotation import rotation


def restore_cache(model: nn.Module, described: Mapping[str, Any] | None, learned: Mapping[str, Tensor]) -> None:
    """Install the cache of a record; nothing without one."""
    if not described:
        return
    if "levels" in described:
        install_levels(model, learned, **described["levels"])
        return
    key, value = (KVFormat(**described[name]) for name in ("key", "value"))
    turn = None if described["turn"] is None else rotation(**described["turn"])
    quantize_kv(model, key, value, residual=described["residual"], turn=turn)

"""Kernels of state-space and linear-attention layers: the short convolution and the gated delta rules.

symbols: `layer` is what a convolution belongs to; `heads` value heads of `head_dim`, `groups` key heads of `state`
         elements, `width` channels of the output.
departs: of Mamba-2 the tables hold the convolution alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Measurements
from interlock.evidence.sets.aiconfigurator.tables import build, latency
from interlock.evidence.sets.aiconfigurator.tables import read as table_of
from interlock.evidence.table import Table

_PHASES: Final = {"context": "prefill", "generation": "decode", "verify": "verify"}
NAMES: Final = {  # where tables call the same thing differently: key heads, their width, value heads, their width
    "mamba2": ("n_groups", "d_state", "nheads", "head_dim"),
    "gdn": ("num_k_heads", "head_k_dim", "num_v_heads", "head_v_dim"),
    "kda": ("num_k_heads", "head_k_dim", "num_v_heads", "head_v_dim"),
}
_KINDS: Final = {"mamba2": "mamba2", "gdn": "gated-delta", "kda": "kimi-delta"}


def read(folder: Path) -> list[Measurements]:
    """Convolutions and scans of the three tables."""
    return [rows(table_of(folder, name), name) for name in NAMES]


def rows(table: Table, name: str) -> Measurements:
    """One of the tables."""
    groups, state, heads, head_dim = (table.counts(column) for column in NAMES[name])
    convolution = np.char.find(table.text("kernel_source"), "conv1d") >= 0
    return build(
        "scan",
        table,
        {
            "layer": np.full(len(table), _KINDS[name]),
            "kind": np.where(convolution, "convolution", _KINDS[name]),
            "phase": table.words("phase", _PHASES),
            "sequences": table.counts("batch_size"),
            "tokens": table.counts("seq_len"),
            "width": heads * head_dim + np.where(convolution, 2.0 * groups * state, 0.0),
            "heads": heads,
            "head_dim": head_dim,
            "groups": groups,
            "state": state,
            "taps": table.counts("d_conv"),
            "activation_format": np.full(len(table), "bf16"),
            "seconds": latency(table),
        },
    )

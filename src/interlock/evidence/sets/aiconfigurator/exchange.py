"""All-to-all of tokens to their experts and back, with DeepEP's kernels.

keeps:   `message_bytes` is what all chips together hand over, as in `parallel/collectives.py`.
idea:    the low-latency kernels send a token once for each expert it chose, the others once for each chip that has one
         of them. Dispatch sends FP8 with a scale a 128 elements unless the table says otherwise, combine 16 bits.
departs: `latency_ms` of one table holds microseconds, so the columns that say so are read throughout. Rows of H200 from
         sglang 0.5.6 repeat H100's digit for digit and are left out, as are dispatches whose format is not stated.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Measurements, together
from interlock.evidence.sets.aiconfigurator.tables import build
from interlock.evidence.sets.aiconfigurator.tables import read as table_of
from interlock.evidence.table import Table

_US: Final = 1e-6
_CHIPS_IN_NODE: Final = {"gb200": 4.0, "gb300": 4.0}
_FP8, _FP4, _WIDE = 1 + 4 / 128, 0.5 + 1 / 16, 2.0  # bytes an element, scales included


def read(folder: Path) -> list[Measurements]:
    """Dispatch and combine of each table, as rows of their own."""
    return [_low_latency(folder), _normal(folder), _engines(folder)]


def _low_latency(folder: Path) -> Measurements:
    table = _own(table_of(folder, "wideep_deepep_ll"))
    chips, tokens = _chips(table), table.counts("num_token")
    header = 16.0  # bytes a message
    parts = []
    for phase, element, extra in (("dispatch", _FP8, header), ("combine", _WIDE, 0.0)):
        each = table.counts("hidden_size") * element + extra
        seconds = table.numbers(f"{phase}_avg_t_us", minimum=1.0, maximum=1e9, scale=_US)
        sent = chips * tokens * table.counts("num_topk") * each
        parts.append(_build(table, np.full(len(table), f"low-latency {phase}"), chips, sent, seconds))
    return together(parts)


def _normal(folder: Path) -> Measurements:
    table = _own(table_of(folder, "wideep_deepep_normal"))
    chips, tokens = _chips(table), table.counts("num_token")
    copies = _copies(chips, table.counts("num_topk"))
    parts = []
    for phase, element in (("dispatch", _FP8), ("combine", _WIDE)):
        microseconds = [
            table.numbers(f"{phase}_{part}_us", minimum=least, maximum=1e9)
            for part, least in (("transmit", 1.0), ("notify", 0.0))
        ]
        sent = chips * tokens * copies * table.counts("hidden_size") * element
        kernel = np.full(len(table), f"normal {phase}")
        parts.append(_build(table, kernel, chips, sent, (microseconds[0] + microseconds[1]) * _US))
    return together(parts)


def _engines(folder: Path) -> Measurements:
    table = table_of(folder, "moe_a2a")
    table = table.where_rows((table.text("phase") == "combine") | (table.text("comm_dtype") != "default"))
    chips, backend = table.counts("ep_size", minimum=2), table.text("comm_backend")
    copies = np.where(np.char.endswith(backend, "_ll"), table.counts("topk"), _copies(chips, table.counts("topk")))
    dtype, combine = table.text("comm_dtype"), table.text("phase") == "combine"
    element = np.select([combine | (dtype == "bfloat16"), dtype == "fp8"], [_WIDE, _FP8], _FP4)
    sent = chips * table.counts("num_tokens") * copies * table.counts("hidden_size") * element
    kernel = np.char.add(np.char.add(backend, " "), table.text("phase"))
    transmit = table.numbers("transmit_us", minimum=1.0, maximum=1e9)
    return _build(table, kernel, chips, sent, (transmit + table.numbers("notify_us", maximum=1e9)) * _US)


def _own(table: Table) -> Table:
    """Without the rows that one chip's table took from another's."""
    return table.where_rows((table.text("system") != "h200_sxm") | (table.text("version") != "0.5.6.post2"))


def _node(table: Table) -> NDArray[np.float64]:
    return np.array([_CHIPS_IN_NODE.get(str(system), 8.0) for system in table.text("system")])


def _chips(table: Table) -> NDArray[np.float64]:
    return _node(table) * table.counts("node_num")


def _copies(chips: NDArray[np.float64], top_k: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chips that at least one of `top_k` choices falls on, when choices are independent."""
    found: NDArray[np.float64] = chips * (1.0 - (1.0 - 1.0 / chips) ** top_k)
    return found


def _build(
    table: Table,
    kernel: NDArray[np.str_],
    chips: NDArray[np.float64],
    sent: NDArray[np.float64],
    seconds: NDArray[np.float64],
) -> Measurements:
    columns = {
        "operation": np.full(len(table), "all-to-all"),
        "kernel": kernel,
        "chips": chips,
        "chips_in_node": np.minimum(chips, _node(table)),
        "message_bytes": sent,
        "element_bytes": np.ones(len(table)),
        "seconds": seconds,
    }
    return build("collective", table, columns)

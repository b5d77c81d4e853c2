"""Seconds of a step from a profile of layers, as LLMServingSim measured them kernel by kernel.

idea:    dense layers at the tokens of the step, the head at its rows, attention from a table over (new tokens, cached
         tokens, decoding sequences, their context): chunks one by one, then what decoding adds beside all of them.
         Sequences of uneven length take alpha of the way from the time at their mean to that at their longest.
symbols: alpha by number of sequences, the median over the profile's uneven batches.
departs: several chunks are one of all their tokens where the table holds decoding beside a chunk.
source:  tables of LLMServingSim 2.0 (profiler/perf); alpha is its name for the same share.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.table import Table, read_table

Floats = NDArray[np.float64]
_ONCE: Final = ("embedding", "final_layernorm")
_TWICE: Final = ("layernorm",)  # before attention and before the feed-forward block
_MICRO: Final = 1e-6
_AXES: Final = ("prefill_chunk", "kv_prefill", "n_decode", "kv_decode")
_MOST_TOKENS: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Seconds of all layers: `linear` by tokens, `head` by rows, `attention` over four axes, `alpha` by sequences."""

    linear: Floats
    head: Floats
    axes: tuple[Floats, ...]
    attention: Floats
    sizes: Floats
    alpha: Floats

    def seconds(self, contexts: Floats, chunks: list[tuple[int, int]]) -> float:
        """One step: contexts of the sequences that decode, new and cached tokens of each chunk."""
        decodes, new = contexts.size, sum(tokens for tokens, _ in chunks)
        spent = float(self.linear[decodes + new] + self.head[decodes + len(chunks)])
        spent += sum(self._at(tokens, cached, 0, 0) for tokens, cached in chunks)
        if not decodes:
            return spent
        before = sum(tokens * cached for tokens, cached in chunks) / new if new else 0.0
        even = self._at(new, before, decodes, float(contexts.mean()))
        longest = self._at(new, before, decodes, float(contexts.max()))
        alpha = float(np.interp(decodes, self.sizes, self.alpha))
        return spent + even + alpha * (longest - even) - (self._at(new, before, 0, 0) if new else 0.0)

    def _at(self, *point: float) -> float:
        """Linear between the knots of each axis, and on beyond the last two."""
        block, shares = self.attention, []
        for axis, value in zip(self.axes, point, strict=True):
            at = int(np.clip(np.searchsorted(axis, value, side="right") - 1, 0, axis.size - 2))
            shares.append((at, (value - axis[at]) / (axis[at + 1] - axis[at])))
        for at, share in shares:
            block = block[at] if share == 0 else block[at] + share * (block[at + 1] - block[at])
        return float(block)


def read_profile(folder: Path, hardware: str, model: str, *, layers: int, tensor: int = 1) -> Profile:
    """The profile of one model on one device.

    Args:
        folder: holds the tables.
        hardware: as they name it.
        model: as they name it.
        layers: of the model.
        tensor: chips that share each layer.

    Raises:
        InputError: a file that is not what it must be.
    """

    def table(name: str, *columns: str) -> Table:
        def mine(row: dict[str, str]) -> bool:
            return row["hw"] == hardware and row["model"] == model and row["tp"] == str(tensor)

        return read_table(folder / f"profile_{name}.csv.gz", ["hw", "model", "tp", *columns], mine)

    dense = table("dense", "layer", "tokens", "time_us")
    rows = table("per_sequence", "layer", "sequences", "time_us")
    measured = table("attention", *_AXES, "time_us")
    counts = {"embedding": 1, "final_layernorm": 1, "layernorm": 2 * layers}
    linear = _summed(dense, "tokens", np.arange(_MOST_TOKENS + 1.0), counts, layers)
    head = _summed(rows, "sequences", np.arange(1024.0), {}, 1)
    head[0] = 0.0
    points = [measured.numbers(name) for name in _AXES]
    axes = tuple(np.unique(column) for column in points)
    grid = np.full([axis.size for axis in axes], np.nan)
    places = tuple(np.searchsorted(axis, column) for axis, column in zip(axes, points, strict=True))
    grid[places] = measured.numbers("time_us", scale=_MICRO) * layers
    sizes, alpha = _uneven(table("skew", "n", "alpha"))
    return Profile(linear=linear, head=head, axes=axes, attention=_filled(grid, axes), sizes=sizes, alpha=alpha)


def _summed(table: Table, axis: str, grid: Floats, counts: dict[str, int], layers: int) -> Floats:
    """All layers at each size; beyond the last one on the line of the last two."""
    names, at, times = table.text("layer"), table.numbers(axis), table.numbers("time_us", scale=_MICRO)
    whole = np.zeros(grid.size)
    for name in np.unique(names):
        order = np.argsort(at[names == name])
        x, y = at[names == name][order], times[names == name][order]
        beyond = y[-1] + (y[-1] - y[-2]) / (x[-1] - x[-2]) * (grid - x[-1])
        whole += counts.get(str(name), layers) * np.where(grid > x[-1], beyond, np.interp(grid, x, y))
    return whole


def _uneven(table: Table) -> tuple[Floats, Floats]:
    kept = [text not in ("", "nan") for text in table.text("alpha")]
    counts = table.numbers("n")[kept]
    alpha = np.array([float(text) for text, keep in zip(table.text("alpha"), kept, strict=True) if keep])
    sizes = np.unique(counts)
    return sizes, np.array([max(float(np.median(alpha[counts == size])), 0.0) for size in sizes])


def _filled(grid: Floats, axes: tuple[Floats, ...]) -> Floats:
    """Where nothing was measured: no work takes no time; else the nearest measured point along each axis in turn."""
    grid[0, :, 0, :] = 0.0
    grid[0] = np.where(np.isnan(grid[0]), grid[0, :1], grid[0])  # nothing is read, whatever is cached
    grid[:, :, 0] = np.where(np.isnan(grid[:, :, 0]), grid[:, :, 0, :1], grid[:, :, 0])  # nobody decodes
    for axis in (3, 1, 2, 0):
        moved = np.moveaxis(grid, axis, -1)
        flat = moved.reshape(-1, moved.shape[-1])
        for row in flat:
            known = np.isfinite(row)
            if known.any() and not known.all():
                row[~known] = np.interp(axes[axis][~known], axes[axis][known], row[known])
        grid = np.moveaxis(flat.reshape(moved.shape), -1, axis)
    return grid

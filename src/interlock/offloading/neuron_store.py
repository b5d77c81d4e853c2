"""A network whose neurons lie in a file: a token reads those that it needs and the window does not hold.

source:  Alizadeh et al. 2023, LLM in a flash: sliding window, row-column bundling.
symbols: x (width); up (neurons, width), down (neurons, width); y = down.T relu(up x).
keeps:   outputs are the dense network's wherever every active neuron is asked for, down to the order of the sum;
         `bytes_read` and `reads` count what really left the file.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class NeuronStore:
    """Rows of up and down in a file, bundled or apart, and the neurons of the last `window` tokens in memory."""

    def __init__(self, path: Path, up: Floats, down: Floats, *, window: int, bundled: bool) -> None:
        self.neurons, self.width = up.shape
        self.bundled, self.window = bundled, window
        stored = np.concatenate([up, down], axis=1) if bundled else np.concatenate([up, down])
        stored.astype(np.float32).tofile(path)
        self._file: Any = path.open("rb", buffering=0)
        self._recent: deque[frozenset[int]] = deque(maxlen=window)
        self._held: dict[int, Floats] = {}
        self.bytes_read = self.reads = self.largest = self.most_held = 0

    def __enter__(self) -> NeuronStore:
        """The store itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close the file."""
        self._file.close()

    def forward(self, x: Floats, active: NDArray[np.int64]) -> Floats:
        """y of one token, over the neurons that are asked for."""
        wanted = [int(neuron) for neuron in active]
        for neuron in wanted:
            if neuron not in self._held:
                self._held[neuron] = self._neuron(neuron)
        self.most_held = max(self.most_held, len(self._held))
        rows = np.array([self._held[neuron] for neuron in wanted], dtype=np.float32).reshape(-1, 2 * self.width)
        inner = np.maximum(rows[:, : self.width] @ x, 0.0)
        self._remember(frozenset(wanted))
        return np.asarray(inner @ rows[:, self.width :], dtype=np.float32)

    def _remember(self, wanted: frozenset[int]) -> None:
        if self.window:
            self._recent.append(wanted)
        kept: set[int] = set().union(*self._recent)
        for neuron in self._held.keys() - kept:
            del self._held[neuron]

    def _neuron(self, neuron: int) -> Floats:
        if self.bundled:
            return self._read(2 * neuron * self.width, 2 * self.width)
        place = neuron * self.width
        return np.concatenate(
            [self._read(place, self.width), self._read(self.neurons * self.width + place, self.width)]
        )

    def _read(self, element: int, count: int) -> Floats:
        self._file.seek(4 * element)
        found = np.frombuffer(self._file.read(4 * count), dtype=np.float32)
        self.reads, self.bytes_read, self.largest = self.reads + 1, self.bytes_read + found.nbytes, max(
            self.largest, found.nbytes
        )  # fmt: skip
        return found

"""Weights in any format that `interlock.numerics` encodes, kept as the bytes that its codec makes.

keeps: the bytes are the codec's, part by part; "linear" counts what grows with the elements, "channel scales" what is
       stored once a row or tensor, as formats count them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from interlock.numerics.codec import Codec, Encoded
from interlock.surgery.stores import Store


class CodecStore(Store):
    """Weights [rows, columns] encoded along the columns."""

    def __init__(self, weight: Tensor, codec: Codec) -> None:
        super().__init__()
        self.rows, self.columns = weight.shape
        self.codec = codec
        encoded = codec.encode(np.ascontiguousarray(weight.detach().float().numpy()), -1)
        self.dtype = encoded.dtype
        self.part_names, self.once_names = tuple(encoded.parts), tuple(encoded.once)
        for kind, held in (("part", encoded.parts), ("once", encoded.once)):
            for place, stored in enumerate(held.values()):
                self.register_buffer(f"{kind}{place}", torch.from_numpy(np.array(stored)))

    def dequantize(self) -> Tensor:
        """The weights as float32 [rows, columns]."""
        encoded = Encoded(
            codec=self.codec.name,
            shape=(self.rows, self.columns),
            axis=-1,
            dtype=self.dtype,
            parts=self._held("part", self.part_names),
            once=self._held("once", self.once_names),
        )
        return torch.from_numpy(np.ascontiguousarray(self.codec.decode(encoded), dtype=np.float32))

    def _held(self, kind: str, names: tuple[str, ...]) -> Mapping[str, np.ndarray]:
        return {name: self.get_buffer(f"{kind}{place}").numpy() for place, name in enumerate(names)}

    def stored_bytes(self) -> dict[str, int]:
        """Parts, and what is stored once."""
        found = {"linear": sum(part.nbytes for part in self._held("part", self.part_names).values())}
        once = sum(part.nbytes for part in self._held("once", self.once_names).values())
        return {**found, "channel scales": once} if once else found

"""Codes of 1 to 8 bits in bytes, without gaps.

idea:  element i takes bits [i*b, (i+1)*b) of a little-endian bit stream: the first of two 4-bit codes is the low
       nibble.
keeps: `unpack(pack(codes))` equals codes; the size is ceil(n * b / 8) bytes.
"""

from __future__ import annotations

import torch
from torch import Tensor


def packed_bytes(count: int, bits: int) -> int:
    """Bytes that `count` codes take."""
    return -(-count * bits // 8)


def pack(codes: Tensor, bits: int) -> Tensor:
    """Codes (uint8, any shape) as a flat uint8 tensor."""
    flat = codes.reshape(-1)
    if bits == 8:
        return flat.clone()
    each = 8 // bits if 8 % bits == 0 else 8  # codes that fill whole bytes
    flat = torch.nn.functional.pad(flat, (0, -flat.numel() % each))
    if 8 % bits == 0:
        places = torch.arange(each, dtype=torch.uint8) * bits
        packed = (flat.view(-1, each) << places).sum(1, dtype=torch.uint8)
    else:
        stream = (flat.view(-1, 1) >> torch.arange(bits, dtype=torch.uint8)) & 1
        packed = (stream.view(-1, 8) << torch.arange(8, dtype=torch.uint8)).sum(1, dtype=torch.uint8)
    return packed[: packed_bytes(codes.numel(), bits)].clone()


def unpack(packed: Tensor, bits: int, count: int) -> Tensor:
    """The first `count` codes of a packed tensor, uint8."""
    if bits == 8:
        return packed[:count]
    if 8 % bits == 0:
        places = torch.arange(8 // bits, dtype=torch.uint8) * bits
        return ((packed.view(-1, 1) >> places) & ((1 << bits) - 1)).view(-1)[:count]
    stream = ((packed.view(-1, 1) >> torch.arange(8, dtype=torch.uint8)) & 1).view(-1)
    whole = stream[: count * bits].view(count, bits)
    return (whole << torch.arange(bits, dtype=torch.uint8)).sum(1, dtype=torch.uint8)

"""LLaVA-NeXT: LLaVA that cuts an image into tiles besides a thumbnail of the whole.

source: Liu et al. 2024 (LLaVA-NeXT).
departs: an image has the most tiles that its grid allows; the tokens that end a row of patches are not counted.
"""

from __future__ import annotations

from dataclasses import replace

from interlock.models.architectures.llava import joined, tower
from interlock.models.config import Config
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` llava_next describes."""
    found = tower(config)
    patches = found.patches
    assert patches is not None
    side = patches.patch * round((patches.count - patches.class_tokens) ** 0.5)
    tiles = 1 + _largest(config, side)
    whole = replace(patches, tiles=tiles, tokens=tiles * patches.tokens)
    return joined(config, name, replace(found, patches=whole), default="llama", small=1)


def _largest(config: Config, side: int) -> int:
    """Tiles of the largest resolution in `image_grid_pinpoints`, pairs of height and width."""
    pairs = config.items("image_grid_pinpoints") or [[672, 672]]
    tiles = 0
    for pair in pairs:
        good = isinstance(pair, list) and len(pair) == 2 and all(type(edge) is int and edge >= side for edge in pair)
        if not good:
            raise config.refuse("image_grid_pinpoints", f"pairs of whole numbers from {side} on")
        tiles = max(tiles, (pair[0] // side) * (pair[1] // side))
    return tiles

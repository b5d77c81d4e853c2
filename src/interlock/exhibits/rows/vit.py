"""Vision Transformer: patches, parameters, and an embedding that is a strided convolution."""

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction
from interlock.exhibits.model_size import count
from interlock.models import model

CLAIM = claim("196 tokens of a 224-pixel image in patches of 16", "Dosovitskiy et al. 2021, ViT, table 1")
MISSING = "a small ViT trained above chance"


def run() -> Reproduction:
    """The exact count with its classifier; patches times a matrix against a convolution of stride 16."""
    vision = model("vit-base-patch16").vision
    assert vision is not None
    assert vision.patches is not None
    rng, patch, width = np.random.default_rng(0), 16, 24
    image, kernel = rng.standard_normal((3, 64, 64)), rng.standard_normal((width, 3, patch, patch))
    cut = image.reshape(3, 4, patch, 4, patch).transpose(1, 3, 0, 2, 4).reshape(16, -1)
    embedded = cut @ kernel.reshape(width, -1).T
    slid = np.array(
        [
            [(image[:, y : y + patch, x : x + patch] * kernel[c]).sum() for c in range(width)]
            for y in range(0, 64, patch)
            for x in range(0, 64, patch)
        ]
    )
    return reproduction(
        count("vit-base-patch16", 86_567_656),
        exactly("tokens of an image, without the class token", (224 // 16) ** 2, vision.patches.count - 1),
        below("largest difference between patches and convolution", 1e-9, float(np.abs(embedded - slid).max())),
    )

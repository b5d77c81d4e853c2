"""PaLM-E: PaLM 540B with the largest vision transformer, and how fast chips could at most step it."""

from interlock import api
from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction, within
from interlock.exhibits.datasheet import chips_to_hold, decode_bound
from interlock.exhibits.facts import fact
from interlock.exhibits.model_size import parameters

CLAIM = claim("562 billion parameters", "Driess et al. 2023, PaLM-E; the mobile slides")


def run() -> Reproduction:
    """Sizes add up; at BF16 on TPU v4 it needs 33 chips for the weights alone, and 64 bound the decoder's steps."""
    together = parameters("palm-540b") / 1e9 + fact("vit-22b").value
    e = api.estimate("palm-540b", "tpu-v4", tensor_parallel_size=16, pipeline_parallel_size=4, prompt=512, output=64)
    bound = decode_bound("palm-540b", "tpu-v4", chips=64)
    step = 1.0 / bound
    return reproduction(
        within("PaLM 540B and ViT-22B", fact("palm-e-562b").value, together, 0.01, "billion"),
        exactly("chips that hold the weights at BF16", 33, chips_to_hold(together * 2e9, "tpu-v4")),
        within("least time of a token on 64 TPU v4", 1.0807e12 / (64 * 1.228e12) * 1e3, step * 1e3, 0.01, "ms"),
        below("predicted rate of a 4-stage pipeline of 16, below the bound of all 64", bound, 1 / e.tpot_s, "token/s"),
    )

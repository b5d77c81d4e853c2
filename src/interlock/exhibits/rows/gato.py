"""Gato: 1.18 billion parameters, chosen so that a robot can be controlled in real time."""

from interlock.exhibits.base import Reproduction, above, claim, exactly, reproduction, within
from interlock.exhibits.robot import ControlLoop, control_hz
from interlock.models import count_parameters, from_config

CLAIM = claim(
    "1.18 billion parameters for control of a real robot at 20 Hz", "Reed et al. 2022, Gato, sections 2.3 and 5"
)

CONFIG = {
    "model_type": "gpt2",
    "n_layer": 24,
    "n_embd": 2048,
    "n_head": 16,
    "n_inner": 8192,
    "n_positions": 1024,
    "vocab_size": 32000 + 1024,  # text pieces, and the bins of discrete and continuous values
}
LOOP = ControlLoop(observation_tokens=208, action_tokens=7, wanted_hz=20)  # 196 patches, joints, separator; 7 joints
# Chips of the review's Table 1, as many as hold it with room to work in, and phones.
TABLE_1 = {
    "h100-sxm": 1,
    "mi300x": 1,
    "wse-2": 1,
    "tpu-v4": 1,
    "ipu-gc200": 8,
    "groq-lpu": 16,
    "gaudi3": 1,
    "sn40l": 1,
    "grayskull-e150": 1,
}
PHONES = ("dimensity-9300", "snapdragon-8-gen-3", "apple-a17-pro")


def run() -> Reproduction:
    """The size from the published shape, and the control rate on chips of the review and on phones."""
    gato = from_config(CONFIG, "gato")
    decoder = sum(w.elements * repeats for w, repeats in gato.weights() if w.group == "linear")
    rates = {name: control_hz(gato, name, LOOP, chips=chips) for name, chips in TABLE_1.items()}
    phones = {name: control_hz(gato, name, LOOP, weight="int8") for name in PHONES}
    shown = ", ".join(f"{name} {rate:.3g}" for name, rate in (rates | phones).items())
    return reproduction(
        within("weights of 24 layers", 1.18e9, decoder, 0.03),
        within(
            "all parameters", 1.18e9, count_parameters(gato).total, 0.09, note="with 33,024 embeddings and positions"
        ),
        exactly(
            "chips of Table 1 that reach 20 Hz at BF16",
            8,
            sum(rate >= LOOP.wanted_hz for rate in rates.values()),
            "of 9",
            f"Hz: {shown}",
        ),
        exactly("phones that reach 20 Hz at INT8", 0, sum(rate >= LOOP.wanted_hz for rate in phones.values()), "of 3"),
        above("the slowest of them, at least 1 Hz", 1.0, min(phones.values()), "Hz"),
    )

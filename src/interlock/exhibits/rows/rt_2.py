"""RT-2: a 55-billion-parameter model in the cloud steers a robot a few times a second."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction, within
from interlock.exhibits.datasheet import chips_to_hold
from interlock.exhibits.robot import ControlLoop, control_hz
from interlock.models import count_parameters, from_config

CLAIM = claim(
    "55B at 1 to 3 Hz from a multi-TPU cloud service, 5B at about 5 Hz", "Brohan et al. 2023, RT-2, section 3.3"
)

# Dense stand-ins of the two sizes. Assumed: TPU v4, as few as hold the weights; 300 tokens of one image and an
# instruction; a network delay of 150 ms to the cloud and back.
LARGE = {
    "model_type": "llama",
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_hidden_layers": 52,
    "num_attention_heads": 64,
    "vocab_size": 250000,
    "max_position_embeddings": 4096,
}
SMALL = {
    "model_type": "llama",
    "hidden_size": 3072,
    "intermediate_size": 10752,
    "num_hidden_layers": 26,
    "num_attention_heads": 24,
    "vocab_size": 250000,
    "max_position_embeddings": 4096,
}
LOOP = ControlLoop(observation_tokens=300, action_tokens=8, network_s=0.15, wanted_hz=1)


def run() -> Reproduction:
    """One image and an instruction in, eight action tokens out."""
    large, small = from_config(LARGE, "rt-2-55b"), from_config(SMALL, "rt-2-5b")
    total = count_parameters(large).total
    chips = chips_to_hold(total * 2, "tpu-v4")
    rate = control_hz(large, "tpu-v4", LOOP, chips=chips)
    return reproduction(
        within("parameters of the large stand-in", 55e9, total, 0.01),
        exactly("TPU v4 chips that hold it at BF16", 4, chips),
        above("control rate of the large one, at least", 1.0, rate, "Hz"),
        below("control rate of the large one, at most", 3.0, rate, "Hz"),
        within("control rate of the small one, on one chip", 5.0, control_hz(small, "tpu-v4", LOOP), 0.25, "Hz"),
    )

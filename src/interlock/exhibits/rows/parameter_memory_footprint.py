"""Weight footprints: two figures that are printed side by side at different precisions."""

from interlock.exhibits.base import Reproduction, claim, misprint, reproduction, within
from interlock.exhibits.convolutional import parameters as convolutional_parameters
from interlock.exhibits.model_size import parameters, weights_bytes

CLAIM = claim("GPT-3 175B needs about 350 GB, ResNet-50 about 100 MB", "the survey, I")


def run() -> Reproduction:
    """350 GB at FP16 (2 bytes) and 102 MB at FP32 (4 bytes); at one precision the ratio doubles."""
    gpt, resnet = parameters("gpt3-175b"), convolutional_parameters("resnet-50")
    return reproduction(
        within("GPT-3 175B at FP16", 350, weights_bytes("gpt3-175b", "fp16") / 1e9, 0.01, "GB", "2 bytes a parameter"),
        within("ResNet-50 at FP32", 102, resnet * 4 / 1e6, 0.01, "MB", "4 bytes a parameter"),
        misprint("ratio as printed", 3500, gpt / resnet, "", "it compares FP16 with FP32"),
        within("ratio at one precision", 6832, gpt / resnet, 0.001),
    )

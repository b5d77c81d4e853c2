"""CNN and LLM side by side: intensity, and memory that grows while the model runs."""

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction, within
from interlock.exhibits.convolutional import flop, layers, parameters
from interlock.exhibits.model_size import kv_token_bytes, weights_bytes
from interlock.models import Formats, decode, lower, model, scheme
from interlock.operators.operator import total

CLAIM = claim("LLMs differ from CNNs in memory and processing patterns", "the survey, I; a lecture slide")


def run() -> Reproduction:
    """ResNet-50 against Llama 2 7B at FP16 and batch 1: FLOP a byte, and bytes beside the weights."""
    network = layers("resnet-50")
    activations = 2 * sum(layer.activations for layer in network)
    cnn = flop("resnet-50") / (2 * parameters("resnet-50") + 2 * activations)
    operators = lower(model("llama-2-7b"), decode(1.0, 2048.0), Formats.of(scheme("fp16", "fp16")))
    llm = float(total(operators, "flop")) / float(total(operators, "moved_bytes"))
    batch = 16 * 4096 * kv_token_bytes("llama-2-7b")
    return reproduction(
        above("ResNet-50, FLOP a byte", 50, cnn, "FLOP/B"),
        within("Llama 2 7B decoding, FLOP a byte", 1.0, llm, 0.1, "FLOP/B"),
        above("one over the other", 50, cnn / llm),
        within("bytes that another token adds to the KV cache", 524_288, kv_token_bytes("llama-2-7b"), 1e-9, "B"),
        above("16 conversations of 4096 tokens, KV cache over weights", 2, batch / weights_bytes("llama-2-7b")),
        below("activations of ResNet-50 over its weights", 1, activations / (2 * parameters("resnet-50"))),
    )

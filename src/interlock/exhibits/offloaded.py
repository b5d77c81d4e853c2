"""FlexGen's machine and its published figures, for the exhibits of engines that were measured on it."""

from __future__ import annotations

from interlock.cost.chips import by_format
from interlock.cost.parameters import table as parameters
from interlock.exhibits.facts import fact
from interlock.hardware.node import node
from interlock.models import Model, Scheme, model, scheme
from interlock.offloading import Machine, altered, machine_of
from interlock.operators import compute_code

PROMPT, OUTPUT = 512.0, 32.0


def published(name: str) -> float:
    """A figure of `offload_facts.toml`."""
    return fact(name, "offload_facts").value


def machine() -> Machine:
    """The T4 with 208 GB of host memory and 1.5 TB of SSD."""
    return machine_of(node("n1-highmem-32-t4"))


def as_fitted() -> Machine:
    """The same with the arithmetic that FlexGen's authors fitted to it, on the device and on the processor."""
    plain = machine()
    assert plain.processor is not None
    device = published("t4-prefill-matmul") * 1e12 / float(by_format(plain.chips.peak, compute_code("fp16")))
    widened = float(parameters("offloading")["widened_traffic"])  # one FLOP for each byte of a 16-bit cache
    host = published("n1-host-attention") * 1e9 * widened / float(plain.processor.bandwidth)
    return altered(
        plain,
        {
            "chips": plain.chips.varied(peak=plain.chips.peak * device),
            "processor": plain.processor.varied(bandwidth=plain.processor.bandwidth * host),
        },
    )


def opt(size: str) -> Model:
    """A model of Meta's OPT."""
    return model(f"opt-{size}")


def kept(bits: int) -> Scheme:
    """Weights and caches in 16 bits, or in 4 with a scale and an offset for 64."""
    name = "fp16" if bits == 16 else "int4-g64"
    return scheme(name, "fp16", name)

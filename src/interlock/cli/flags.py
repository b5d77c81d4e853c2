"""Flags that commands share, spelt as vLLM and Hugging Face spell them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from cyclopts import Parameter, Token

from interlock.errors import InputError, shown


def _whole(_kind: type, tokens: Sequence[Token]) -> int:
    """A whole number; cyclopts by itself would round 1.5 to 2."""
    try:
        return int(tokens[0].value)
    except ValueError:
        raise InputError(tokens[0].keyword or "argument", shown(tokens[0].value), "a whole number") from None


Whole = Annotated[int, Parameter(converter=_whole)]
Switch = Annotated[bool, Parameter(negative="")]
Prices = Annotated[list[str], Parameter(negative="", show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class DeploymentFlags:
    """One deployment under load."""

    model: str
    """A shipped name (`interlock models`), a config.json, or a folder that holds one."""
    chip: str
    """A name (`interlock chips`) or a TOML file of your own."""
    tensor_parallel_size: Annotated[Whole, Parameter(alias=["-tp", "--tp"])] = 1
    """Chips that share every layer."""
    pipeline_parallel_size: Annotated[Whole, Parameter(alias=["-pp", "--pp"])] = 1
    """Stages that share the layers."""
    expert_parallel_size: Annotated[Whole, Parameter(alias=["-ep", "--ep"])] = 1
    """Ranks that share the experts."""
    data_parallel_size: Annotated[Whole, Parameter(alias=["-dp", "--dp"])] = 1
    """Replicas."""
    sequence_parallel: Switch = False
    """Divide norms and the residual stream among the tensor-parallel chips, too."""
    weight_format: str | None = None
    """How linear weights are stored, such as bf16, fp8, int4-g128, bf16+2:4; as the checkpoint if absent."""
    activation_format: str = "bf16"
    """What linear layers read: bf16, fp16, fp8, int8, ..."""
    kv_cache_dtype: str | None = None
    """Format of the KV cache; 16 bits if absent."""
    head_format: str | None = None
    """How embeddings and the output head are stored; 16 bits if absent."""
    technique: str | None = None
    """A technique that sets the formats (`interlock techniques`)."""
    batch: Annotated[Whole, Parameter(alias="--max-num-seqs")] = 1
    """Sequences that a replica holds at once."""
    workload: str | None = None
    """A named workload (`interlock workloads`) that sets the lengths."""
    prompt: Annotated[float | None, Parameter(alias="--input-len")] = None
    """Tokens in; the workload's if absent, or 512."""
    output: Annotated[float | None, Parameter(alias="--output-len")] = None
    """Tokens out; the workload's if absent, or 128."""
    images: float | None = None
    """Images in each request."""
    routing_skew: float = 0.0
    """How unevenly tokens choose experts: 0 uniform, 1 Zipf."""
    price: Prices = field(default_factory=list)
    """Your own price, as NAME=USD_PER_HOUR; may be repeated."""
    host_memory: str | None = None
    """Memory behind each chip that what does not fit may spill to, such as 256GB."""
    stack: str | None = None
    """What serves: vllm-v1 (GPUs, if absent), trt-llm-v1, sglang, llama.cpp, hf, ...; ideal for bare kernels."""

    def options(self) -> dict[str, Any]:
        """The keyword arguments of `interlock.estimate`, but for model and chip."""
        left_out = {"model", "chip", "price"}
        named = {key: value for key, value in vars(self).items() if key not in left_out}
        return {**named, "prices": prices(self.price)}


def whole(value: int, flag: str, least: int, most: int) -> int:
    """A whole number within bounds.

    Raises:
        InputError: it is not.
    """
    if not least <= value <= most:
        raise InputError(flag, str(value), f"a whole number from {least} to {most}")
    return value


def prices(texts: Sequence[str]) -> dict[str, float]:
    """Chip names and USD an hour from "h100-sxm=2.5".

    Raises:
        InputError: not of that form.
    """
    found: dict[str, float] = {}
    for text in texts:
        name, _, amount = text.rpartition("=")
        try:
            found[name.strip()] = float(amount)
        except ValueError:
            raise InputError("--price", shown(text), "NAME=USD_PER_HOUR, for example h100-sxm=2.5") from None
    return found


def listed(text: str | None, flag: str) -> list[str] | None:
    """The items of a list separated by commas; None where the flag is absent.

    Raises:
        InputError: an empty item.
    """
    if text is None:
        return None
    items = [item.strip() for item in text.split(",")]
    if not all(items):
        raise InputError(flag, shown(text), "names separated by commas")
    return items

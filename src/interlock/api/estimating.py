"""One deployment: estimate it, explain it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interlock.api.accepted import (
    bytes_of,
    images_of,
    loaded_format,
    own_prices,
    resolve_model,
    size_of,
    skew_of,
    stack_of,
    tokens_of,
)
from interlock.cost.stack import Stack
from interlock.effects import with_effects
from interlock.errors import InputError
from interlock.hardware import Chip
from interlock.hardware.installed import find as find_chip
from interlock.inference.estimate import Estimate, estimate_request
from interlock.inference.explanation import Explanation, explain_estimate
from interlock.inference.request import Request
from interlock.models import Model, Scheme, scheme
from interlock.parallel import Parallelism
from interlock.techniques import technique as read_technique
from interlock.workloads import workload as read_workload


def estimate(
    model: str | Model | Mapping[str, Any],
    chip: str | Chip,
    *,
    tensor_parallel_size: int = 1,
    pipeline_parallel_size: int = 1,
    expert_parallel_size: int = 1,
    data_parallel_size: int = 1,
    sequence_parallel: bool = False,
    weight_format: str | None = None,
    activation_format: str = "bf16",
    kv_cache_dtype: str | None = None,
    head_format: str | None = None,
    technique: str | None = None,
    batch: int = 1,
    prompt: float | None = None,
    output: float | None = None,
    workload: str | None = None,
    images: float | None = None,
    routing_skew: float = 0.0,
    prices: Mapping[str, float] | None = None,
    host_memory: str | float | None = None,
    stack: str | Stack | None = None,
) -> Estimate:
    """Estimate one deployment.

    Args:
        model: a shipped name, a path of a config or folder, a config as a mapping, or a `Model`.
        chip: a name, a node's name for the chip in it, a path of a TOML file, or a `Chip`.
        tensor_parallel_size: chips that share every layer.
        pipeline_parallel_size: stages that share the layers.
        expert_parallel_size: ranks that share the experts.
        data_parallel_size: replicas.
        sequence_parallel: divide norms and the residual stream, too.
        weight_format: how linear weights are stored, such as "bf16", "fp8", "int4-g128"; as the checkpoint if None
            (16 bits where it has 32).
        activation_format: "bf16", "fp8", "int8", ...
        kv_cache_dtype: format of the KV cache; 16 bits if None.
        head_format: how embeddings and the output head are stored; 16 bits if None.
        technique: a technique whose effects come on top, such as "awq" or "gptq:bits=3".
        batch: sequences that a replica holds at once.
        prompt: tokens in; from the workload if None (512 without a workload).
        output: tokens out; from the workload if None (128 without a workload).
        workload: a named workload.
        images: images in each request.
        routing_skew: how unevenly tokens choose experts; 0 uniform, 1 Zipf.
        prices: USD per chip-hour by chip name, instead of the catalogue's.
        host_memory: bytes behind each chip ("256 GB") that what does not fit may spill to.
        stack: what serves ("vllm-v1", "trt-llm-v1", "sglang", "llama.cpp", "hf", ...), or "ideal" for bare kernels;
            what people run on such chips if None: "vllm-v1" on GPUs.

    Raises:
        InputError: a name, size or format that is not accepted.
    """
    described = resolve_model(model)
    shape = read_workload(workload, "--workload") if workload else None
    formats = scheme(weight_format or loaded_format(described), activation_format, kv_cache_dtype, head_format)
    if technique is not None:
        described, formats = _with_technique(described, formats, technique)
    on = chip if isinstance(chip, Chip) else find_chip(chip, "--chip")
    request = Request(
        model=described,
        chip=on,
        scheme=formats,
        parallelism=Parallelism(
            tensor=size_of(tensor_parallel_size, "--tensor-parallel-size"),
            pipeline=size_of(pipeline_parallel_size, "--pipeline-parallel-size"),
            expert=size_of(expert_parallel_size, "--expert-parallel-size"),
            data=size_of(data_parallel_size, "--data-parallel-size"),
            sequence=sequence_parallel,
        ),
        batch=size_of(batch, "--batch"),
        prompt=tokens_of(prompt if prompt is not None else (shape.prompt if shape else 512), "--prompt"),
        output=tokens_of(output if output is not None else (shape.output if shape else 128), "--output"),
        images=images_of(images if images is not None else (shape.images if shape else described.default_images)),
        skew=skew_of(routing_skew),
        stack=stack_of(stack),
    )
    behind = bytes_of(host_memory, "--host-memory")
    return estimate_request(request, prices=own_prices(prices, [on]), host_memory=behind)


def explain(model: str | Model | Mapping[str, Any], chip: str | Chip, **options: Any) -> Explanation:
    """Where the time, bytes and joules of a deployment go; the options are those of `estimate`."""
    return explain_estimate(estimate(model, chip, **options))


def _with_technique(model: Model, formats: Scheme, name: str) -> tuple[Model, Scheme]:
    found = read_technique(name)
    try:
        return with_effects(model, formats, found.effects())
    except InputError as error:  # a parameter that makes no sense
        raise InputError("--technique", f"{name!r}, which is {error.found}", error.accepted) from None

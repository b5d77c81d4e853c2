"""`vllm serve` for a deployment.

source: the vLLM documentation: engine arguments, data and expert parallel deployment, quantization.
keeps:  a deployment that these flags cannot express gets no command rather than a wrong one.
"""

from __future__ import annotations

import math
import re
import shlex
from typing import Final

import numpy as np

from interlock.hardware import Chip
from interlock.inference.estimate import Estimate
from interlock.models import Model, Scheme
from interlock.numerics import number_format
from interlock.report.launch.line import Launch, context_length, hub_name

_GPUS: Final = {"NVIDIA", "AMD"}
_ACCELERATORS: Final = {"Google": "the TPU plugin", "Intel": "the Gaudi plugin", "AWS": "the Neuron plugin"}
_DEVICES: Final = {"mi250x": 2, "trainium1": 2, "inferentia2": 2, "trainium2": 8, "tpu-v7x": 2}  # that a chip shows as
_CACHES: Final = {"bf16": None, "fp16": None, "fp32": None, "fp8-e4m3": "fp8", "fp8-e5m2": "fp8_e5m2"}
_HOST: Final = 8  # chips in most hosts, whatever the reach of their links
_INTEGERS: Final = re.compile(r"int([2348])(?:-g(\d+))?(-asym)?")
# What is quantized while loading, and what needs a checkpoint that already is.
_LOADING: Final = {"fp8-e4m3": "fp8", "nf4": "bitsandbytes", "nf4-dq": "bitsandbytes"}
_CHECKPOINTS: Final = {"nvfp4": ("modelopt_fp4", "a ModelOpt NVFP4"), "mxfp4": ("mxfp4", "an MXFP4")}


def vllm_runs_on(chip: Chip) -> bool:
    """Whether vLLM, or a plugin of its project, has a back end for a chip."""
    if chip.category in {"datacenter-gpu", "workstation-gpu"}:
        return chip.vendor in _GPUS
    return chip.category == "server-cpu" or (chip.category == "accelerator" and chip.vendor in _ACCELERATORS)


def vllm_launch(estimate: Estimate) -> Launch | None:
    """The command for one server; None where vLLM has no kernels for the formats, or no such model class."""
    r = estimate.request
    quantization = _quantization(r.scheme, r.model)
    if quantization is None or r.scheme.kv.name not in _CACHES or not r.model.generates or r.model.encoder:
        return None
    method, notes = quantization
    flags, more = _degrees(estimate)
    cache = _CACHES[r.scheme.kv.name]
    flags += ["--max-num-seqs", str(r.batch), "--max-model-len", str(context_length(r))]
    flags += ["--kv-cache-dtype", cache] if cache else []
    flags += ["--quantization", method] if method else []
    flags += ["--dtype", _dtype(r.scheme, r.chip)]
    if estimate.spilled_bytes > 0:
        flags += ["--cpu-offload-gb", str(math.ceil(estimate.spilled_bytes / 2**30))]
    notes = [*_platform(r.chip), *notes, *more, "--max-model-len holds the mean request: raise it for longer ones"]
    return Launch(command=shlex.join(["vllm", "serve", hub_name(r.model), *flags]), note="; ".join(notes))


def _degrees(estimate: Estimate) -> tuple[list[str], list[str]]:
    """Flags and notes. In vLLM all ranks of a server are expert ranks, and its replicas share the experts."""
    p, chip = estimate.request.parallelism, estimate.request.chip
    tp, pp, ep, dp = (int(np.asarray(size)) for size in (p.tensor, p.pipeline, p.expert, p.data))
    flags = ["--tensor-parallel-size", str(tp), "--pipeline-parallel-size", str(pp)]
    notes: list[str] = []
    experts = any(weight.group == "expert" for weight, _ in estimate.request.model.weights())
    inside = (max(ep // tp, 1)) if experts else dp
    if inside > 1:
        flags += ["--data-parallel-size", str(inside)]
    if ep > 1:
        flags += ["--enable-expert-parallel"]
        if ep < tp:
            notes.append(f"vLLM deals experts out to all {tp} ranks, not {ep}")
    if dp > inside:
        notes.append(f"start {dp // inside} such servers behind a load balancer")
    link = chip.links.get("scale_up")
    domain = (link.domain or 8) if link is not None and link.topology != "none" else 1
    if tp * pp > domain and chip.category != "server-cpu":
        flags += ["--distributed-executor-backend", "ray"]
    elif tp * pp > _HOST:
        notes.append("where a replica spans hosts, add --distributed-executor-backend ray")
    elif tp * pp * inside > min(domain, _HOST):
        notes.append("where the replicas span hosts, each host starts its share with --data-parallel-size-local")
    return flags, notes


def _quantization(scheme: Scheme, model: Model) -> tuple[str | None, list[str]] | None:
    """The method (None: as the checkpoint says) and notes; None where vLLM has nothing for the format."""
    name = scheme.weight.name
    if name == number_format(model.stored_format).name or name in {"bf16", "fp16", "fp32"}:
        return None, []
    if name in _LOADING:
        return _LOADING[name], [f"weights are quantized to {name} while loading"]
    if name in _CHECKPOINTS:
        method, kind = _CHECKPOINTS[name]
        return method, [f"needs {kind} checkpoint in place of the model's name"]
    if (match := _INTEGERS.fullmatch(name)) is None:
        return None
    bits, group, asymmetric = match.groups()
    if scheme.activation.name == "int8":
        return "compressed-tensors", [f"needs a W{bits}A8 checkpoint in place of the model's name"]
    method = "awq" if asymmetric and bits == "4" else "gptq"
    groups = f" with groups of {group}" if group else ""
    return method, [f"needs a {bits}-bit {method.upper()} checkpoint{groups} in place of the model's name"]


def _dtype(scheme: Scheme, chip: Chip) -> str:
    if scheme.activation.name == "fp32":
        return "float32"
    lacks = chip.peak("bf16") is None and chip.peak("fp16") is not None
    return "float16" if lacks or scheme.activation.name == "fp16" else "bfloat16"


def _platform(chip: Chip) -> list[str]:
    notes = []
    if chip.category == "accelerator":
        notes.append(f"needs {_ACCELERATORS[chip.vendor]} of vLLM")
    elif chip.category == "server-cpu":
        notes.append("needs the CPU build of vLLM")
    if chip.id in _DEVICES:
        notes.append(f"a chip shows as {_DEVICES[chip.id]} devices: multiply --tensor-parallel-size")
    return notes

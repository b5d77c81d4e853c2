"""What an estimate is asked for, checked once: everything a user can set for one deployment."""

from __future__ import annotations

from dataclasses import dataclass

from interlock.cost import Chips
from interlock.cost.stack import Stack, usual_stack
from interlock.errors import InputError
from interlock.hardware import Chip
from interlock.models import Model, Scheme
from interlock.models.blocks import Attention, LatentAttention, Mamba2, MixtureOfExperts
from interlock.parallel import Parallelism


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One deployment under one load. `batch`: sequences that a replica holds at once, over all pipeline stages."""

    model: Model
    chip: Chip
    scheme: Scheme
    parallelism: Parallelism
    batch: int
    prompt: float
    output: float
    images: float = 0.0
    skew: float = 0.0
    stack: Stack | None = None  # what serves; what people run on such chips if None

    @property
    def served(self) -> Stack:
        """The stack, named or not."""
        return self.stack or usual_stack(self.chip.category)

    @property
    def columns(self) -> Chips:
        """The chip with calibrated kernels, as the stack runs it."""
        return Chips.calibrated(self.chip).run_by(self.served)


def divisibility(model: Model, parallelism: Parallelism) -> list[str]:
    """Why an engine would refuse to cut this model so; empty where it would not.

    KV heads fewer than the tensor-parallel degree are replicated, as engines do, and are no reason.
    """
    tp, pp, ep, dp = (
        int(size) for size in (parallelism.tensor, parallelism.pipeline, parallelism.expert, parallelism.data)
    )
    reasons: list[str] = []
    stack = model.main
    if pp > stack.depth:
        reasons.append(f"{pp} pipeline stages for {stack.depth} layers")
    experts = {layer.feed_forward.experts for layer in stack.layers if isinstance(layer.feed_forward, MixtureOfExperts)}
    if ep > 1 and not experts:
        reasons.append(f"expert parallelism {ep} for a model without experts")
    reasons += [f"{count} experts do not divide among {ep} ranks" for count in sorted(experts) if count % ep]
    if ep > tp and dp % (ep // tp or 1):
        reasons.append(f"{ep} expert ranks over TP {tp} need a multiple of {ep // tp} replicas, not {dp}")
    if ep % tp and tp % ep:
        reasons.append(f"expert ranks {ep} and TP {tp}: one must divide the other")
    heads: set[tuple[int, str, int | None]] = set()
    for layer in stack.layers:
        if isinstance(layer.mixer, Attention):
            heads.add((layer.mixer.heads, "attention", layer.mixer.kv_heads))
        elif isinstance(layer.mixer, LatentAttention | Mamba2):
            heads.add((layer.mixer.heads, "attention" if isinstance(layer.mixer, LatentAttention) else "state", None))
    for count, kind, kv in sorted(heads, key=str):
        if count % tp:
            reasons.append(f"{count} {kind} heads do not divide by TP {tp}")
        elif kv is not None and kv % tp and tp % kv:
            reasons.append(f"{kv} KV heads neither divide by TP {tp} nor replicate over it")
    return reasons


def check_request(request: Request) -> None:
    """Refuse what no engine would start.

    Raises:
        InputError: degrees that do not divide the model, or lengths beyond its positions.
    """
    reasons = divisibility(request.model, request.parallelism)
    if reasons:
        raise InputError("parallelism", request.parallelism.name, f"a cut that fits {request.model.name}: {reasons[0]}")
    check_length(request.model, request.prompt, request.output)


def check_length(model: Model, prompt: float, output: float) -> None:
    """Refuse lengths beyond the model's positions; encoder-decoders count the two sides apart.

    Raises:
        InputError: prompt and output are too long together, or one of them for its own side.
    """
    limit = model.max_positions
    apart = model.encoder is not None and model.decoder is not None
    length = max(prompt, output) if apart else prompt + (output if model.generates else 0)
    if limit is not None and length > limit:
        raise InputError("--prompt and --output", f"{length:g} tokens", f"at most {limit} positions of {model.name}")

"""Single-digit billions: the largest model that fits a phone beside the system and its KV cache."""

from bisect import bisect_right
from dataclasses import replace

from interlock import api
from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.hardware import Chip, chip
from interlock.inference.memory import memory_plan
from interlock.models import Formats, model, scheme
from interlock.parallel import Parallelism

CLAIM = claim("1 to 10 billion parameters on a device of 8 to 24 GB", "the mobile slides, single-digit billions")
FAMILY = ("qwen-2.5-0.5b", "qwen-2.5-1.5b", "qwen-2.5-3b", "qwen-2.5-7b", "qwen-2.5-14b", "qwen-2.5-32b")
PHONES = {"apple-a17-pro": (8,), "snapdragon-8-gen-3": (8, 12), "dimensity-9300": (12, 16, 24)}
FORMATS = ("bf16", "int8", "int4-g128")
PROMPT, OUTPUT, SHARE = 1024, 256, 0.6  # SHARE: what the system leaves to one application


def needed(name: str, weight: str) -> float:
    """Bytes of weights, KV cache of the whole conversation, and work space."""
    plan = memory_plan(
        model(name), Formats.of(scheme(weight)), Parallelism(), sequences=1, context=PROMPT + OUTPUT, step_tokens=PROMPT
    )
    return float(plan.total)


def largest(room: float, weight: str) -> int:
    """How many of the family, from the smallest up, fit: by bisection, since needs grow with size."""
    return bisect_right([needed(name, weight) for name in FAMILY], room * SHARE)


def enumerated(phone: Chip, weight: str) -> int:
    """The same by estimating every deployment and counting those that spill nothing."""
    plans = [api.estimate(name, phone, weight_format=weight, prompt=PROMPT, output=OUTPUT) for name in FAMILY]
    return sum(plan.spilled_bytes == 0 for plan in plans)


def run() -> Reproduction:
    """Three phones of 8 to 24 GB, three formats: bisection agrees with brute force everywhere."""
    agree, found = 0, {}
    cases = [(name, gib, weight) for name, sizes in PHONES.items() for gib in sizes for weight in FORMATS]
    for name, gib, weight in cases:
        base = chip(name)
        phone = replace(base, memories={**base.memories, "main": replace(base.main, capacity=gib * 2.0**30)})
        count = largest(gib * 2.0**30, weight)
        agree += count == enumerated(phone, weight)
        found[gib, weight] = FAMILY[count - 1]
    return reproduction(
        exactly("cases in which bisection equals brute force", len(cases), agree),
        holds("8 GB at 4 bits: 3 billion, since embeddings keep 16 bits", found[8, "int4-g128"] == "qwen-2.5-3b"),
        holds("12 GB at 4 bits: 7 billion", found[12, "int4-g128"] == "qwen-2.5-7b"),
        holds("24 GB at 4 bits: more than 10 billion", found[24, "int4-g128"] == "qwen-2.5-14b"),
        holds("8 GB at 16 bits: a model of 1.5 billion", found[8, "bf16"] == "qwen-2.5-1.5b"),
    )

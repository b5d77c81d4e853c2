"""What a checkpoint's `quantization_config` says about its weights, as a name of `interlock.numerics`.

sources: the config formats of GPTQ, AWQ, compressed-tensors, bitsandbytes, ModelOpt and `transformers` (fp8, mxfp4).
departs: layers that a method leaves alone (`ignore`, `modules_to_not_convert`) are taken to be embeddings and head.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from interlock.models.config import Config

METHODS: Final = ("gptq", "awq", "fp8", "fbgemm_fp8", "modelopt", "mxfp4", "compressed-tensors", "bitsandbytes")


def quantized_format(q: Config) -> str:
    """The number format that a `quantization_config` describes.

    Raises:
        InputError: a method, a width or a format that is not known.
    """
    match q.choice("quant_method", METHODS, _unnamed(q)):
        case "gptq":
            return _integers(q, "bits", symmetric=q.flag("sym", default=True))
        case "awq":
            return _integers(q, "bits", "w_bit", symmetric=not q.flag("zero_point", default=True))
        case "fp8" | "fbgemm_fp8":
            return f"fp8-{q.choice('fmt', ('e4m3', 'e5m2'), 'e4m3')}"
        case "modelopt":
            known = {"FP8": "fp8-e4m3", "NVFP4": "nvfp4"}
            return known[q.choice("quant_algo", tuple(known), "FP8")]
        case "mxfp4":
            return "mxfp4"
        case "bitsandbytes":
            return _bitsandbytes(q)
        case _:
            return _compressed_tensors(q)


def _unnamed(q: Config) -> str:
    """Early bitsandbytes configs do not name their method."""
    return "bitsandbytes" if q.has("load_in_4bit") or q.has("load_in_8bit") else ""


def _integers(q: Config, *names: str, symmetric: bool) -> str:
    """Integers in groups; a group of -1 is a whole row, whose scale does not count."""
    bits = q.integer(*names, kind="layers", default=4)
    if bits not in (2, 3, 4, 8):
        raise q.refuse(q.present(*names), "2, 3, 4 or 8")
    if q.data.get("group_size") == -1 or q.data.get("strategy") in ("channel", "tensor"):
        return f"int{bits}"
    size = q.integer("group_size", "q_group_size", default=128)
    return f"int{bits}-g{size}{'' if symmetric else '-asym'}"


def _bitsandbytes(q: Config) -> str:
    """LLM.int8() or 4-bit codes in blocks of 64; FP4 codes take the room of NF4 codes."""
    if not q.flag("load_in_4bit", "_load_in_4bit", default=False):
        return "int8"
    return "nf4-dq" if q.flag("bnb_4bit_use_double_quant", default=False) else "nf4"


def _compressed_tensors(q: Config) -> str:
    """The weights of the first group: integers or floats, by group, by channel or by tensor."""
    groups = q.section("config_groups")
    if not groups.data:
        raise q.refuse("config_groups", "at least one group")
    weights = groups.section(next(iter(groups.data))).section("weights")
    if weights.choice("type", ("int", "float"), "int") == "int":
        return _integers(weights, "num_bits", symmetric=weights.flag("symmetric", default=True))
    bits = weights.integer("num_bits", kind="layers", default=8)
    if bits == 8:
        return "fp8-e4m3"
    if bits != 4:
        raise weights.refuse("num_bits", "4 or 8 for floats")
    return {16: "nvfp4", 32: "mxfp4"}.get(weights.integer("group_size", default=0, minimum=0), "fp4-e2m1")

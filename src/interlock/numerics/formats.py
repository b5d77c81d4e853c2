"""Number formats as what is stored: bits an element, with scales, zero points and indices.

idea:    a format is an element width plus what a group of elements shares; averages are exact for whole groups.
keeps:   `bits` counts everything that lies in memory for one logical element.
sources: MX: OCP Microscaling Formats 1.0 (blocks of 32, E8M0 scale). NVFP4: 16 elements, E4M3 scale, one fp32 a tensor.
         NF4 and double quantization: Dettmers et al. 2023, section 3 (block 64; fp8 scales, fp32 each 256 of them).
         MSFP: Rouhani et al. 2020 (8-bit exponent shared by 16). GGUF Q4_0, Q8_0: 32 elements, one fp16 scale.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from interlock.errors import InputError, UnknownNameError
from interlock.numerics.sparsity import DENSE, Sparsity, sparsity


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFormat:
    """How a tensor is stored.

    `operand` is the type a matrix engine multiplies when both sides have this format. A per-tensor or per-channel scale
    is not counted in `bits`: it vanishes against a row of thousands.
    """

    name: str
    element_bits: float
    operand: str
    group: int | None = None
    scale_bits: float = 0.0
    zero_bits: float = 0.0
    scale_group: int | None = None  # scales that share a second-level scale
    second_scale_bits: float = 0.0
    sparsity: Sparsity = DENSE
    about: str = ""

    @property
    def bits(self) -> float:
        """Bits stored for one logical element, on average over whole groups."""
        shared = 0.0
        if self.group is not None:
            second = self.second_scale_bits / self.scale_group if self.scale_group else 0.0
            shared = (self.scale_bits + self.zero_bits + second) / self.group
        return self.sparsity.density * (self.element_bits + shared) + self.sparsity.index_bits

    @property
    def bytes(self) -> float:
        """Bytes stored for one logical element."""
        return self.bits / 8


def _plain(name: str, bits: float, operand: str, about: str) -> NumberFormat:
    return NumberFormat(name=name, element_bits=bits, operand=operand, about=about)


def _grouped(name: str, bits: float, operand: str, group: int, scale: float, about: str) -> NumberFormat:
    return NumberFormat(name=name, element_bits=bits, operand=operand, group=group, scale_bits=scale, about=about)


_NAMED: Final = {
    item.name: item
    for item in (
        _plain("fp64", 64, "fp64", "IEEE binary64"),
        _plain("fp32", 32, "fp32", "IEEE binary32"),
        _plain("tf32", 32, "tf32", "19 bits used, stored as 32"),
        _plain("bf16", 16, "bf16", "8 exponent, 7 mantissa bits"),
        _plain("fp16", 16, "fp16", "IEEE binary16"),
        _plain("fp8-e4m3", 8, "fp8", "4 exponent, 3 mantissa bits, one scale a tensor or channel"),
        _plain("fp8-e5m2", 8, "fp8", "5 exponent, 2 mantissa bits"),
        _plain("fp6-e3m2", 6, "fp6", "FP6-LLM storage, one scale a channel"),
        _plain("fp6-e2m3", 6, "fp6", "one scale a channel"),
        _plain("fp4-e2m1", 4, "fp4", "one scale a channel"),
        _plain("int8", 8, "int8", "symmetric, one scale a channel"),
        _plain("int4", 4, "int4", "symmetric, one scale a channel"),
        _plain("int3", 3, "int4", "symmetric, one scale a channel"),
        _plain("int2", 2, "int2", "symmetric, one scale a channel"),
        _grouped("mxfp8", 8, "fp8", 32, 8, "OCP MX, blocks of 32"),
        _grouped("mxfp6", 6, "fp6", 32, 8, "OCP MX, blocks of 32"),
        _grouped("mxfp4", 4, "fp4", 32, 8, "OCP MX, blocks of 32"),
        _grouped("mxint8", 8, "int8", 32, 8, "OCP MX, blocks of 32"),
        _grouped("nvfp4", 4, "fp4", 16, 8, "blocks of 16 with an E4M3 scale"),
        _grouped("nf4", 4, "bf16", 64, 32, "normal-float quantiles, blocks of 64 with an fp32 scale"),
        NumberFormat(
            name="nf4-dq",
            element_bits=4,
            operand="bf16",
            group=64,
            scale_bits=8,
            scale_group=256,
            second_scale_bits=32,
            about="NF4 with double quantization of its scales",
        ),
        _grouped("msfp12", 4, "int4", 16, 8, "sign and 3 mantissa bits, 8-bit exponent shared by 16"),
        _grouped("msfp16", 8, "int8", 16, 8, "sign and 7 mantissa bits, 8-bit exponent shared by 16"),
        _grouped("q8-0", 8, "bf16", 32, 16, "GGUF Q8_0"),
        _grouped("q4-0", 4, "bf16", 32, 16, "GGUF Q4_0"),
    )
}
_ALIASES: Final = {
    "fp8": "fp8-e4m3", "fp6": "fp6-e3m2", "fp4": "fp4-e2m1", "float16": "fp16", "bfloat16": "bf16",
    "float32": "fp32", "half": "fp16", "fp8_e4m3": "fp8-e4m3", "fp8_e5m2": "fp8-e5m2", "float8_e4m3fn": "fp8-e4m3",
    "w8": "int8", "w4": "int4-g128", "awq": "int4-g128-asym", "gptq": "int4-g128",
}  # fmt: skip
_WIDE: Final = frozenset({"fp64", "fp32", "tf32", "bf16", "fp16"})
_GROUP: Final = re.compile(r"int([2348])-g(\d{1,9})(-asym|-min)?")


def known_formats() -> list[NumberFormat]:
    """The formats with a name of their own; integer formats take `-gN` and `-asym` or `-min` besides."""
    return list(_NAMED.values())


def canonical_name(name: str) -> str:
    """A name in small letters, with the project's own in place of an alias: "FP8_E4M3" is "fp8-e4m3"."""
    base, plus, pattern = name.strip().lower().partition("+")
    return f"{_ALIASES.get(base, base)}{plus}{pattern}"


@cache
def number_format(name: str, where: str = "format") -> NumberFormat:
    """A format by name: "bf16", "int4-g128", "int4-g64-asym", "mxfp4", and any of them with "+2:4" or "+50%".

    Groups store an fp16 scale; `-asym` adds a zero point of the element's width, `-min` an fp16 minimum.

    Raises:
        InputError: no such format, a group of zero, or a sparsity that is not one.
    """
    base, plus, pattern = canonical_name(name).partition("+")
    if match := _GROUP.fullmatch(base):
        bits, group = int(match[1]), int(match[2])
        if not 1 <= group <= 65536:
            raise InputError(where, f"group size {group} in {name!r}", "a group of 1 to 65536 elements")
        found = NumberFormat(
            name=base,
            element_bits=bits,
            operand=_NAMED[f"int{bits}"].operand,
            group=group,
            scale_bits=16,
            zero_bits={None: 0, "-asym": bits, "-min": 16}[match[3]],
            about=f"{bits}-bit integers, an fp16 scale for each {group}",
        )
    elif base in _NAMED:
        found = _NAMED[base]
    else:
        raise UnknownNameError("format", base, [*_NAMED, *_ALIASES, "int4-g128", "int8-g128", "int3-g64"], where)
    if not plus:
        return found
    try:
        return replace(found, name=f"{base}+{pattern}", sparsity=sparsity(pattern))
    except ValueError as error:
        raise InputError(where, repr(name), str(error)) from None


def operand_format(weight: NumberFormat, activation: NumberFormat) -> str:
    """The type in which a matrix engine multiplies: narrow weights are widened to the activations' type.

    A weight-only format (W4A16) multiplies in the activations' type; with both narrow, the wider of the two decides,
    unless the other is no number of its own width (the quantiles of NF4), which must be widened on any chip.
    """
    narrow, wide = sorted((weight, activation), key=lambda item: item.element_bits)
    if narrow.element_bits == wide.element_bits:
        narrow, wide = weight, activation
    return narrow.operand if narrow.operand in _WIDE and wide.operand not in _WIDE else wide.operand

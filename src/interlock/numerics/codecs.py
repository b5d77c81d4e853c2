"""Codecs by name: every format that `number_format` knows, and formats of the literature that only compute.

idea: a name says what is stored; keywords say how numbers are chosen (`rounding`, `seed`, `scale_rule`) or who shares a
      scale (`group`). The name alone gives the format that the predictor counts: sizes are equal to the byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from interlock.errors import InputError, UnknownNameError
from interlock.numerics.ant import ant
from interlock.numerics.block_floats import block_float
from interlock.numerics.cambricon_q import CambriconQCodec
from interlock.numerics.codec import Codec
from interlock.numerics.fast import fast_bfp
from interlock.numerics.formats import NumberFormat, canonical_name, known_formats, number_format
from interlock.numerics.ggml import GgmlCodec
from interlock.numerics.gobo import GoboCodec
from interlock.numerics.hybrid_fp8 import unscaled_float
from interlock.numerics.integers import AffineCodec, Integer
from interlock.numerics.microscaling import ELEMENTS, microscaling
from interlock.numerics.mokey import MokeyCodec
from interlock.numerics.normal_float import normal_float
from interlock.numerics.nvfp4 import nvfp4
from interlock.numerics.olaccel import OlaccelCodec
from interlock.numerics.olive import OliveCodec
from interlock.numerics.power_of_two import logarithmic
from interlock.numerics.scaled import ScaledCodec
from interlock.numerics.scales import FloatScale
from interlock.numerics.searched_floats import searched_float
from interlock.numerics.small_floats import FLOATS
from interlock.numerics.sparse import SparseCodec
from interlock.numerics.wide_floats import WideFloat

Builder = Callable[..., Codec]
_GROUPED: Final = re.compile(r"int([2348])-g(\d+)(-asym|-min)?")


def scaled_float(name: str, **options: Any) -> ScaledCodec:
    """A small float with one fp32 scale a channel, or as `group` says."""
    group = options.pop("group", "channel")
    scale = FloatScale(counted=isinstance(group, int))
    return ScaledCodec(name=name, element=FLOATS[name], scale=scale, group=group, **options)


def integer(name: str, bits: int, **options: Any) -> ScaledCodec:
    """Symmetric integers with one fp32 scale a channel, or an fp16 scale a group; `span` as in `Integer`."""
    group, span = options.pop("group", "channel"), options.pop("span", "narrow")
    grouped = isinstance(group, int)
    scale = FloatScale(stored_as=options.pop("scale_as", "float16" if grouped else "float32"), counted=grouped)
    return ScaledCodec(name=name, element=Integer(bits=bits, span=span), scale=scale, group=group, **options)


def _bound(builder: Builder, *fixed: Any, **named: Any) -> Builder:
    return lambda name, **options: builder(name, *fixed, **named, **options)


def _plain(kind: Callable[..., Codec], **named: Any) -> Builder:
    return lambda name, **options: kind(name=name, **named, **options)


_BUILDERS: Final[dict[str, Builder]] = {
    **{name: _plain(WideFloat) for name in ("fp64", "fp32", "tf32")},
    **dict.fromkeys(("bf16", "fp16", "hfp8-forward", "hfp8-backward"), unscaled_float),
    **{name: scaled_float for name in FLOATS if name.startswith(("fp8-", "fp6-", "fp4-"))},
    **{f"int{bits}": _bound(integer, bits) for bits in (8, 4, 3, 2)},
    **dict.fromkeys(ELEMENTS, microscaling),
    "nvfp4": nvfp4,
    "nf4": normal_float,
    "nf4-dq": normal_float,
    **{f"msfp{mantissa + 9}": _bound(block_float, mantissa) for mantissa in range(2, 8)},
    "q8-0": _plain(GgmlCodec, bits=8),
    "q4-0": _plain(GgmlCodec, bits=4),
    "fast-bfp2": _bound(fast_bfp, 2),
    "fast-bfp4": _bound(fast_bfp, 4),
    "pot4": _bound(logarithmic, 4),
    "log4": _bound(logarithmic, 4, 2),
    "log8": _bound(logarithmic, 8, 8),
    "ant4": ant,
    "llm-fp4": searched_float,
    "olive4": _plain(OliveCodec),
    "gobo3": _plain(GoboCodec, bits=3),
    "gobo4": _plain(GoboCodec, bits=4),
    "mokey4": _plain(MokeyCodec),
    "olaccel4": _plain(OlaccelCodec),
    "cambricon-q8": _plain(CambriconQCodec),
}


def codec_names() -> list[str]:
    """The codecs with a name of their own; integers take `-gN`, `-asym` or `-min`, and all a sparsity, besides."""
    return list(_BUILDERS)


def codec(name: str, where: str = "format", **options: Any) -> Codec:
    """A codec by name: "fp8-e4m3", "int4-g128", "int4-g64-asym", "mxfp4", "ant4", and any with "+2:4" or "+50%".

    Args:
        name: a format; those that `number_format` knows store exactly what it counts.
        where: the flag or argument, for errors.
        options: how numbers are chosen, as the format has it: `rounding` and `seed`, `scale_rule` (MX), `group`,
            `span` and `scale_as` (integers), `minimum` (asymmetric integers), `ratio` (OLAccel), `threshold` (GOBO).

    Raises:
        InputError: no such format, or an option that it does not have.
    """
    base, plus, pattern = canonical_name(name).partition("+")
    if plus:
        kind = number_format(f"bf16+{pattern}", where).sparsity
        inner = codec(base, where, **options)
        kept = tuple(map(int, pattern.split(":"))) if kind.structured else 1 - kind.density
        return SparseCodec(name=f"{base}+{pattern}", inner=inner, pattern=kept)  # type: ignore[arg-type]
    try:
        if match := _GROUPED.fullmatch(base):
            number_format(base, where)  # refuses a group that is too small or too large
            bits, group = int(match[1]), int(match[2])
            if match[3]:
                minimum = "real" if match[3] == "-min" else "zero-point"
                return AffineCodec(name=base, bits=bits, **{"group": group, "minimum": minimum, **options})
            return integer(base, bits, **{"group": group, **options})
        if base in _BUILDERS:
            return _BUILDERS[base](base, **options)
    except TypeError:
        accepted = "rounding, seed, group, scale_rule, span, minimum, ratio or threshold, each where the format has it"
        raise InputError(where, f"{base} with {', '.join(options)}", accepted) from None
    raise UnknownNameError("format", base, [*_BUILDERS, "int4-g128", "int8-g128", "int3-g64-asym"], where)


def planned_format(name: str) -> NumberFormat | None:
    """What the predictor counts for a codec; None for formats that only compute."""
    base = canonical_name(name).partition("+")[0]
    known = {item.name for item in known_formats()}
    return number_format(name) if base in known or _GROUPED.fullmatch(base) else None

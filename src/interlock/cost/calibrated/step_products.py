"""The matrix products of a step, priced by calibration scheme by scheme.

idea:    formats are told by what is multiplied and by the bytes of a weight. A pair that was never measured (3-bit
         weights, MX formats, 2:4 sparsity) takes the share of its first-principles bound that the nearest measured
         scheme reaches for the same sizes.
departs: kernels that widen 8-bit weights are each engine's own, and only few were measured, one of them slower than
         16 bits: they stand for their engine on their chip. For other engines such a product, of FP8 weights, too,
         takes what one of 16 bits takes where arithmetic limits it, and the share for fewer bytes where memory does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.basis import Basis, CalibratedTime
from interlock.cost.calibrated.coefficients import coefficients
from interlock.cost.calibrated.gemm import products, reference_of
from interlock.cost.calibrated.own import own_calibration
from interlock.cost.calibrated.own_schemes import OWN_SCHEMES
from interlock.cost.calibrated.schemes import SCHEMES, Scheme
from interlock.cost.calibrated.selection import stack_family
from interlock.cost.calibrated.step_times import StepTimes
from interlock.cost.chips import Chips
from interlock.cost.operator_time import operator_time
from interlock.errors import UnsupportedError
from interlock.operators import COMPUTE_FORMATS, Kind, Operator, compute_code

# operand, least and most bytes of a stored weight: the schemes that were measured, then the nearest of any others
_MEASURED: Final = (
    ("bf16", 1.9, 2.1, "bf16"), ("fp16", 1.9, 2.1, "bf16"), ("bf16", 0.99, 1.2, "int8-weights"),
    ("fp16", 0.99, 1.2, "int8-weights"), ("bf16", 0.5, 0.6, "int4-weights"), ("fp16", 0.5, 0.6, "int4-weights"),
    ("fp8", 0.99, 1.1, "fp8"), ("fp4", 0.55, 0.57, "nvfp4"), ("int8", 0.99, 1.1, "int8"),
)  # fmt: skip
_WIDE: Final = (("fp32", 3.9, 4.1, "fp32"), ("fp64", 7.9, 8.1, "fp64"))  # where the user measured them
_NARROW: Final = {"fp8": "fp8", "fp4": "nvfp4", "fp6": "fp8", "int8": "int8", "int4": "int8"}  # by operand
_WIDENING: Final = "int8-weights"
_WIDENED: Final = ((0.75, "int4-weights"), (np.inf, "bf16"))  # by bytes of a stored weight


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kernel:
    """One launch: the operators it runs, and its sizes as columns of one shape."""

    places: tuple[int, ...]
    shares: tuple[Any, ...]
    m: Any
    n: Any
    k: Any
    operand: Any
    width: Any
    sparse: Any


def price_products(operators: Sequence[Operator], found: StepTimes, chips: Chips) -> None:
    """Put the times of all products that a calibration can price."""
    kernels = [_kernel(operators, places) for places in _launches(operators)]
    if not kernels:
        return
    known = (*_MEASURED, *_measured_here(chips))
    schemes = [_schemes(kernel, known) for kernel in kernels]
    if not _widens(chips):
        schemes = [np.where(each == _WIDENING, "", each) for each in schemes]
    for name in sorted(set(np.concatenate([each.ravel() for each in schemes]).tolist()) - {""}):
        _put(kernels, [each == name for each in schemes], str(name), found, chips)
    for kernel, each in zip(kernels, schemes, strict=True):
        if np.any(each == ""):
            _put_nearest(operators, kernel, each == "", found, chips)


def _launches(operators: Sequence[Operator]) -> list[tuple[int, ...]]:
    """Places of products that are launched together; a product for each of several matrices is another kernel."""
    groups: list[tuple[int, ...]] = []
    for index, o in enumerate(operators):
        if o.kind is not Kind.MATMUL or o.routing is not None or np.any(np.asarray(o.batch) != 1.0):
            continue
        fused = groups and groups[-1][-1] == index - 1 and not np.any(np.asarray(o.launches) > 0)
        if fused:
            groups[-1] = (*groups[-1], index)
        else:
            groups.append((index,))
    return groups


def _kernel(operators: Sequence[Operator], places: tuple[int, ...]) -> _Kernel:
    parts = [operators[place] for place in places]
    first = parts[0]
    n = np.sum(np.broadcast_arrays(*(np.asarray(o.n, dtype=float) for o in parts)), axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = first.weight_bytes / (np.asarray(first.k, dtype=float) * first.n)
    columns = np.broadcast_arrays(first.m, n, first.k, first.compute, width, first.sparse)
    m, n, k, operand, width, sparse = (np.asarray(column, dtype=float) for column in columns)
    shares = tuple(o.n / n for o in parts)
    return _Kernel(places=places, shares=shares, m=m, n=n, k=k, operand=operand, width=width, sparse=sparse)


def _measured_here(chips: Chips) -> list[tuple[str, float, float, str]]:
    """The wide formats that the user's own calibration of the chip answers for."""
    own = None if chips.calibrated_on is None else own_calibration(chips.calibrated_on.id)
    return [] if own is None else [one for one in _WIDE if any(scheme == one[3] for _, scheme in own.sets)]


def _schemes(kernel: _Kernel, known: Sequence[tuple[str, float, float, str]]) -> Any:
    """The name of the measured scheme of each element, or nothing; products without rows are left alone."""
    names = np.full(kernel.m.shape, "", dtype="U16")
    for operand, least, most, name in known:
        hit = (kernel.operand == compute_code(operand)) & (kernel.width >= least) & (kernel.width <= most)
        names = np.where(hit & (kernel.sparse == 0), name, names)
    return names


def _put(kernels: Sequence[_Kernel], masks: Sequence[Any], scheme: str, found: StepTimes, chips: Chips) -> None:
    time = _price(kernels, masks, scheme, chips)
    if time is None:
        return
    start = 0
    for kernel, mask in zip(kernels, masks, strict=True):
        mask = mask & (kernel.m > 0)
        count = int(np.count_nonzero(mask))
        if count:  # the same elements that `_price` took, kernel after kernel
            rows = slice(start, start + count)
            part = time._replace(seconds=time.seconds[rows], low=time.low[rows], high=time.high[rows]).spread(mask)
            for place, share in zip(kernel.places, kernel.shares, strict=True):
                found.put(place, part, share, mask)
        start += count


def _price(kernels: Sequence[_Kernel], masks: Sequence[Any], scheme: str, chips: Chips) -> CalibratedTime | None:
    """All elements of a scheme in one call; None where the chip cannot be calibrated for it."""
    assert chips.calibrated_on is not None
    chip, known = chips.calibrated_on, OWN_SCHEMES[scheme]
    taken = [(kernel, mask & (kernel.m > 0)) for kernel, mask in zip(kernels, masks, strict=True)]
    sizes = [np.concatenate([getattr(kernel, name)[mask] for kernel, mask in taken]) for name in ("m", "n", "k")]
    if not len(sizes[0]):
        return None
    coefficients_of = coefficients("gemm", known.group)
    rows = [size.astype(np.float32) for size in sizes]
    try:
        return products(
            coefficients_of, chip, reference_of(coefficients_of, chip), chips.stack, known, *rows, copies=np.inf
        )
    except UnsupportedError:
        return None


def _put_nearest(operators: Sequence[Operator], kernel: _Kernel, mask: Any, found: StepTimes, chips: Chips) -> None:
    first = operators[kernel.places[0]]
    pairs = np.stack([kernel.operand, kernel.width], axis=-1)
    for code, width in np.unique(pairs[mask], axis=0):
        scheme = SCHEMES[_nearest(COMPUTE_FORMATS[int(code)], float(width))]
        here = mask & (kernel.operand == code) & (kernel.width == width) & (kernel.m > 0)
        time = _price([kernel], [here], scheme.name, chips)
        if time is None:
            continue
        ours = _bound(first, kernel, chips)
        theirs = _bound(first, kernel, chips, scheme)
        change = ours / np.where(theirs > 0, theirs, 1.0)
        low, high = coefficients("gemm", scheme.group).unseen_band
        part = time.spread(here)
        wide = CalibratedTime(part.seconds, part.seconds * np.exp(low), part.seconds * np.exp(high), Basis.OTHER_CHIP)
        for place, share in zip(kernel.places, kernel.shares, strict=True):
            found.put(place, wide, share * change, here)


def _widens(chips: Chips) -> bool:
    """Whether the engine's own product of 8-bit weights with 16-bit activations was measured on the chip."""
    assert chips.calibrated_on is not None
    sets = coefficients("gemm", SCHEMES[_WIDENING].group).sets
    mine = {stack_family(key[1]) for key in sets if key[0] == chips.calibrated_on.id and key[2] == _WIDENING}
    return chips.stack is not None and stack_family(chips.stack) in mine


def _nearest(operand: str, width: float) -> str:
    return _NARROW.get(operand) or next(name for limit, name in _WIDENED if width <= limit)


def _bound(first: Operator, kernel: _Kernel, chips: Chips, scheme: Scheme | None = None) -> Any:
    """First-principles seconds of a launch in its own formats, or in those of a scheme."""
    m, n, k = kernel.m, kernel.n, kernel.k
    whole = replace(
        first, n=n, flop=2.0 * m * n * k, launches=1.0, output_bytes=2.0 * m * n, weight_bytes=n * k * kernel.width
    )
    if scheme is not None:
        whole = replace(
            whole,
            compute=float(compute_code(scheme.operand)),
            sparse=0.0,
            weight_bytes=n * k * scheme.weight_bytes,
            input_bytes=m * k * scheme.input_bytes,
        )
    return np.asarray(operator_time(whole, chips).time)

"""Names of the sets of measured collectives: a chip, a library or engine with its version, an operation, a kernel."""

from __future__ import annotations

from typing import Final

SetKey = tuple[str, str, str, str]  # chip, stack, operation, kernel

LIBRARIES: Final = {"NCCL", "oneCCL"}  # kernels of a library; all others are an engine's own
_NARROW: Final = " int8"


def element_kernel(kernel: str, element_bytes: float) -> str:
    """A kernel and the width of its elements: sums of single bytes cannot be left to the switch."""
    return kernel if element_bytes >= 2 else kernel + _NARROW


def library_of(kernel: str) -> str:
    """The kernel without the width of its elements."""
    return kernel.removesuffix(_NARROW)


def is_measured(kernel: str) -> bool:
    """Whether the time is the kernel's own: with "eager" it is mostly the launch from Python."""
    return not kernel.endswith("_eager")


def split_text(key: SetKey) -> str:
    """A set as the split spells it: the same for all widths of an element, whose times hardly differ."""
    return "|".join((*key[:3], library_of(key[3])))

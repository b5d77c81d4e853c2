"""The first waist: what must be computed, in a dozen kinds, with shapes and bytes by tensor class."""

from interlock.operators.operator import (
    COMPUTE_FORMATS,
    Array,
    Attending,
    Communication,
    Kind,
    Operator,
    Routing,
    Split,
    compute_code,
)

__all__ = [
    "COMPUTE_FORMATS",
    "Array",
    "Attending",
    "Communication",
    "Kind",
    "Operator",
    "Routing",
    "Split",
    "compute_code",
]

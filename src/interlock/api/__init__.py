"""The Python API, which the command line calls. Quantities may be numbers in SI units or strings such as "50ms"."""

from interlock.api.accepted import bytes_of, loaded_format, own_prices, resolve_model
from interlock.api.estimating import estimate, explain
from interlock.api.offloading import offload
from interlock.api.planning import plan, spill_bytes

__all__ = [
    "bytes_of",
    "estimate",
    "explain",
    "loaded_format",
    "offload",
    "own_prices",
    "plan",
    "resolve_model",
    "spill_bytes",
]

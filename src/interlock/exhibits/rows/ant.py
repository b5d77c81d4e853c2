"""ANT: for each tensor the 4-bit type that errs least: integer, power of two, float, or their mixture flint."""

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction
from interlock.exhibits.codec import fp4_levels, gaussian, integer_levels, laplacian, mean_square, nearest

CLAIM = claim(
    "2.8 times as fast and 2.5 times as efficient as accelerators with other 4-bit types", "Guo et al. 2022, ANT"
)


def flint(code: int, bits: int) -> int:
    """Magnitude of a code: an integer while the first bit is 0, else zeros behind it raise the exponent."""
    if not code >> (bits - 1):
        return code
    rest = code & (2 ** (bits - 1) - 1)
    if rest == 0:
        return int(2 ** (2 * (bits - 1)))
    fraction = rest.bit_length() - 1  # bits behind the leading one
    zeros = bits - 2 - fraction
    return int(2 ** (bits - 1 + zeros - fraction) * rest)


def signed(magnitudes: list[float]) -> NDArray[np.float64]:
    """Both signs, sorted."""
    return np.unique(np.array([*magnitudes, *(-value for value in magnitudes)], dtype=float))


def types() -> dict[str, NDArray[np.float64]]:
    """The levels of the four types, a sign and three bits."""
    return {
        "int": integer_levels(4),
        "power of two": signed([0, *(2.0**power for power in range(7))]),
        "float": fp4_levels(),
        "flint": signed([float(flint(code, 3)) for code in range(8)]),
    }


def error(x: NDArray[np.float64], levels: NDArray[np.float64]) -> float:
    """Least mean squared error over 60 scales of the whole tensor."""
    widest = float(np.abs(x).max()) / levels.max()
    return min(mean_square(x, nearest(x / s, levels) * s) for s in widest * np.linspace(0.1, 1.0, 60))


def run() -> Reproduction:
    """flint's values and its round trip, and the choice for three distributions."""
    tensors = {
        "Gaussian": gaussian(8192),
        "Laplace": laplacian(8192),
        "uniform": np.random.default_rng(1).uniform(-1, 1, 8192),
    }
    errors = {name: {kind: error(x, levels) for kind, levels in types().items()} for name, x in tensors.items()}
    best = {name: min(found, key=found.__getitem__) for name, found in errors.items()}
    unsigned = [flint(code, 4) for code in range(16)]
    levels = np.array(sorted(unsigned), dtype=float)
    return reproduction(
        holds(
            "values of 4-bit flint without sign",
            sorted(unsigned) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64],
        ),
        exactly(
            "codes that survive decoding and encoding",
            16,
            sum(unsigned.index(int(nearest(np.array([v]), levels)[0])) == c for c, v in enumerate(unsigned)),
        ),
        exactly("largest of them", 64, max(unsigned)),
        holds(
            "Gaussian values: the chosen type errs less than INT4",
            errors["Gaussian"][best["Gaussian"]] < errors["Gaussian"]["int"],
        ),
        below(
            f"Laplace: error of {best['Laplace']} over INT4's",
            0.9,
            errors["Laplace"][best["Laplace"]] / errors["Laplace"]["int"],
        ),
        holds("integers are chosen where values are uniform", best["uniform"] == "int"),
    )

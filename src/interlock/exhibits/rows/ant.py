"""ANT: for each tensor the 4-bit type that errs least: integer, power of two, float, or their mixture flint."""

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction
from interlock.exhibits.language_model import language_model
from interlock.exhibits.measures import mean_square_error
from interlock.numerics.ant import ant, flint, flint_code, flint_element
from interlock.numerics.arrays import Floats

CLAIM = claim(
    "2.8 times as fast and 2.5 times as efficient as accelerators with other 4-bit types", "Guo et al. 2022, ANT"
)


def tensors() -> dict[str, Floats]:
    """A row each of three distributions, and a matrix of the shipped language model."""
    rng, model = np.random.default_rng(0), language_model()
    return {
        "Gaussian": rng.standard_normal((1, 8192)),
        "Laplace": rng.laplace(size=(1, 8192)),
        "uniform": rng.uniform(-1, 1, (1, 8192)),
        "model weights": model.weights[model.linear_names()[0]],
    }


def run() -> Reproduction:
    """flint's values and round trips, and the choice for each tensor."""
    made, found = ant(), tensors()
    errors = {name: made.errors(x) for name, x in found.items()}
    chosen = {name: made.choice(x) for name, x in found.items()}
    kind = flint_element(4)
    numbers = kind.numbers(np.array([*range(8), *range(9, 16)], dtype=np.uint8))
    least = all(min(rows, key=rows.__getitem__) == chosen[name] for name, rows in errors.items())
    kept = sum(bool(np.array_equal(made.decode(made.encode(x)), made.quantize(x))) for x in found.values())
    told = ", ".join(f"{name}: {kind}" for name, kind in chosen.items())
    return reproduction(
        holds(
            "values of 4-bit flint without sign",
            sorted(flint(code, 4) for code in range(16)) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64],
        ),
        exactly("codes of 4 and of 8 bits that survive decoding and encoding", 272,
                sum(flint_code(flint(code, bits), bits) == code for bits in (4, 8) for code in range(2**bits))),
        holds("signed flint, too", bool((kind.numbers(kind.codes(numbers)) == numbers).all())),
        exactly("tensors that decode to exactly what was rounded", 4, kept),
        holds("the chosen type has the least mean squared error of the four", least, told),
        *(
            below(f"{name}: error over INT4's", 0.999, mean_square_error(found[name], made.quantize(found[name])) /
            errors[name]["int"]) for name in ("Gaussian", "Laplace", "model weights")
        ),
        holds("integers are chosen where values are uniform", chosen["uniform"] == "int"),
    )  # fmt: skip

"""GNMT: the matrix products of its LSTM layers, as accelerator papers evaluate them."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.exhibits.facts import table
from interlock.exhibits.recurrent import Gemm, gnmt

CLAIM = claim("8 encoder and 8 decoder LSTM layers of width 1024", "Wu et al. 2016, GNMT, section 3")


def run() -> Reproduction:
    """Each published shape is a forward product, a transposed one, or a gradient, at the batch that it states."""
    data = table("gnmt")

    def shapes(batch: int, words: int) -> set[Gemm]:
        forward = [g for _, g in gnmt(batch, words, data["width"], data["vocabulary"], data["encoder_layers"])]
        return {v for g in forward for w in (g, g.weight_gradient, g.input_gradient) for v in (w, w.transposed)}

    figures = []
    for shape in data["shapes"]:
        wanted = Gemm(shape["m"], shape["n"], shape["k"])
        sizes = (wanted.m, wanted.n, wanted.k)
        found = any(wanted in shapes(batch, words) for batch in sizes for words in sizes)
        figures.append(holds(f"{wanted.m} x {wanted.n} x {wanted.k}: {shape['where']}", found))
    weights = sum(g.n * g.k for _, g in gnmt(1, 1, data["width"], data["vocabulary"], data["encoder_layers"]))
    d, vocabulary = data["width"], data["vocabulary"]
    return reproduction(
        *figures, exactly("weights of these products: 172 d^2 + V d", 172 * d**2 + vocabulary * d, weights)
    )

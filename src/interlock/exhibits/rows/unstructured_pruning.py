"""Unstructured pruning: single weights anywhere, in storage that pays from some share on."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.compressed import outcome, predicted_bytes
from interlock.exhibits.processor_time import crossing, rows_over_dense
from interlock.numerics.sparse_layouts import CompressedRows

CLAIM = claim("more flexible than structures, in need of hardware of its own", "the survey, section IV-C.2")


DENSITIES = [0.02, 0.05, 0.1, 0.2, 0.4]


def run() -> Reproduction:
    """Quality by share and method, bytes of a bitmap and of CSR, and where each falls below dense bf16."""
    shares = (50, 60, 70)
    plain = [outcome(f"magnitude:pattern={share}%").divergence for share in shares]
    first = outcome("magnitude:pattern=50%")
    record = first.applied.layers[0]
    weight = first.applied.model.get_submodule(record.name).weight.numpy()  # type: ignore[operator]
    rows = CompressedRows.of(weight)
    times = rows_over_dense(DENSITIES)
    said = ", ".join(f"{1 - d:.0%}: {r:.2f}" for d, r in zip(DENSITIES, times, strict=True))
    counted = 4 * record.rows * record.columns * 0.5 + 4 * (record.rows + 1)
    return reproduction(
        exactly("share of zeros", 0.5, float((weight == 0).mean())),
        holds("CSR gives the layer back", bool((rows.dense() == weight).all())),
        exactly("bytes with a bitmap, as predicted", predicted_bytes(first), sum(first.applied.stored.values()), "B"),
        exactly("bytes of a layer as CSR", counted, rows.nbytes, "B"),
        within("share of zeros from which CSR is smaller than dense", 0.5, 1 - (2 - 4 / record.columns) / 4, 0.02,
               note="16-bit columns; a bitmap pays from 1/16 on"),
        above("share of zeros from which compressed rows are multiplied faster than dense, on a CPU", 0.6,
              1 - crossing(DENSITIES, times), note=f"time over dense at {said}"),
        above("magnitude: divergence at 60 % over that at 50 %", 1.0, plain[1] / plain[0]),
        above("and at 70 % over that at 60 %", 1.0, plain[2] / plain[1]),
        *(
            below(f"{name}: divergence at 70 % over magnitude's", 0.9,
                  outcome(f"{name}:pattern=70%").divergence / plain[2]) for name in ("wanda", "sparsegpt")
        ),
        below("unstructured at 50 %: divergence over half of heads and channels", 0.5,
              plain[0] / outcome("llm-pruner:heads=0.5,channels=0.5").divergence),
    )  # fmt: skip

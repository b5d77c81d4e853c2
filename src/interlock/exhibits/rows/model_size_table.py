"""The slides' table of model sizes: 20 cells, one of them wrong."""

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, reproduction
from interlock.exhibits.facts import table
from interlock.exhibits.mobile import size_gb

CLAIM = claim("sizes of 70, 13, 7, 3.25 and 1.8 billion parameters at FP32 to INT4", "the mobile slides, model size")


def run() -> Reproduction:
    """Parameters x bits / 8 for every cell; 13 billion at INT4 is 6.5 GB, printed 7.5."""
    data = table("model_size_table")
    figures = []
    for row in data["rows"]:
        for column, printed in zip(data["columns"], row["printed"], strict=True):
            what, size = f"{row['parameters']:g} billion at {column}", size_gb(row["parameters"], column)
            wrong = (row["parameters"], column) == (13.0, "int4")
            figures.append(
                misprint(what, printed, size, "GB", "6.5 GB") if wrong else exactly(what, printed, size, "GB")
            )
    exact = sum(figure.comparison == "equal" and figure.passed for figure in figures)
    return reproduction(*figures, exactly("cells that are exact", 19, exact, "of 20"))

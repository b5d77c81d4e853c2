"""Residuals of matrix products where a target was missed: the pictures of docs/accuracy.md.

    INTERLOCK_DATA=/your/sets python benchmarks/residual_plots.py

Own chips: predicted over measured against the measured time, rows that no fit saw. Chips left out: the same, priced as
if nobody had measured them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import vl_convert

from interlock.cost.calibrated import predict
from interlock.cost.calibrated.left_out import predict_left_out
from interlock.evidence.store import data_folder, read_sets

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
OWN = ("a100-80g", "h100-sxm", "h200-sxm", "b200-sxm")
AWAY = ("l40s", "arc-pro-b60", "rtx-pro-6000-server", "b300-sxm")
POINTS = 250  # a panel
SEED = 0


def rows(chips: tuple[str, ...], price) -> list[dict[str, object]]:
    rng, found = np.random.default_rng(SEED), []
    parts = [p for p in read_sets(data_folder(), ["aiconfigurator"]) if p.family == "gemm"]
    for chip in chips:
        points = []
        for part in parts:
            here = part.where((part["chip"] == chip) & (part["weight_format"] == "bf16"))
            if not len(here):
                continue
            guess, seconds = price(here), np.asarray(here["seconds"], dtype=float)
            for place in np.flatnonzero(np.isfinite(guess)):
                engine = str(here["stack"][place]).split()[0]
                points.append((engine, float(seconds[place]) * 1e6, float(guess[place] / seconds[place])))
        chosen = rng.permutation(len(points))[:POINTS]
        found += [dict(zip(("engine", "us", "ratio"), points[i], strict=True), chip=chip) for i in chosen]
    return found


def picture(values: list[dict[str, object]], title: str) -> bytes:
    axis = {"type": "quantitative", "scale": {"type": "log"}}
    points = {
        "mark": {"type": "circle", "size": 9, "opacity": 1, "clip": True},
        "encoding": {
            "x": {**axis, "field": "us", "title": "measured, us"},
            "y": {
                **axis, "field": "ratio", "title": "predicted / measured",
                "scale": {"type": "log", "domain": [0.3, 3.0]},
            },
            "color": {"field": "engine", "type": "nominal", "title": None},
        },
    }  # fmt: skip
    line = {"mark": {"type": "rule", "color": "gray"}, "encoding": {"y": {"datum": 1.0}}}
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": title, "data": {"values": values}, "columns": 4,
        "facet": {"field": "chip", "type": "nominal", "title": None},
        "spec": {"width": 190, "height": 160, "layer": [points, line]},
    }  # fmt: skip
    return vl_convert.vegalite_to_png(spec, scale=0.9)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    own, away = rows(OWN, predict), rows(AWAY, predict_left_out)
    (FOLDER / "gemm-own-chips.png").write_bytes(picture(own, "bf16 products, chips fitted on a tenth of their rows"))
    (FOLDER / "gemm-left-out.png").write_bytes(picture(away, "bf16 products, chips left out of the fit"))


if __name__ == "__main__":
    main()

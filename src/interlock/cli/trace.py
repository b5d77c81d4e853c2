"""`interlock trace`: requests drawn, described, converted."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import App, Parameter

from interlock.cli.flags import Switch, Whole
from interlock.cli.show import heading, line, pairs, print_json, table
from interlock.cli.words import count, some
from interlock.report.write import write
from interlock.workloads.fitting import shared_share
from interlock.workloads.generator import generator, generator_names
from interlock.workloads.quantiles import distance
from interlock.workloads.requests import Requests
from interlock.workloads.traces import read_trace, readers, recognized
from interlock.workloads.traffic import traffic

app = App(name="trace", help="Make, describe and convert traces of requests.")
Out = Annotated[Path, Parameter(name=["--out", "-o"])]


@app.command(name="list")
def listing(*, json: Switch = False) -> None:
    """List the kinds of traffic that ship, and the formats that are read.

    Parameters
    ----------
    json
        Print records instead of text.
    """
    kinds = [generator(name) for name in generator_names()]
    if json:
        print_json({
            "traffic": [{"name": kind.id, "title": kind.title, "rate": kind.rate, "distance": kind.distance}
                        for kind in kinds],
            "formats": {name: reader.TITLE for name, reader in readers().items()},
        })  # fmt: skip
        return
    table(
        [("traffic", "left"), ("rate/s", "right"), ("what", "wrap"), ("KS distance from what was not fitted", "wrap")],
        [(kind.id, f"{kind.rate:.3g}", kind.title, _distances(kind.distance)) for kind in kinds],
    )
    line()
    table([("format", "left"), ("files of", "left")], [(name, reader.TITLE) for name, reader in readers().items()])


@app.command
def make(
    kind: str | None = None, /, *, out: Out, requests: Whole = 10_000, rate: float | None = None,
    arrivals: str | None = None, cv: float | None = None, workload: str | None = None, prompt: Whole | None = None,
    output: Whole | None = None, clients: Whole = 1, seed: Whole = 0,
) -> None:  # fmt: skip
    """Draw requests and write them.

    Parameters
    ----------
    kind
        A kind of traffic (`interlock trace list`); without it, --workload, or --prompt and --output.
    out
        A CSV file, or JSON lines as Mooncake writes them if the name ends in .jsonl (prefixes are kept there).
    requests
        How many.
    rate
        Requests a second.
    arrivals
        poisson, gamma, bursty or diurnal.
    cv
        Deviation of gamma gaps over their mean.
    workload
        A named workload, whose mean lengths every request has.
    prompt
        Tokens in of every request.
    output
        Tokens out of every request.
    clients
        How many clients share the requests.
    seed
        Of everything drawn.
    """
    found = traffic(
        kind, shape=workload, prompt=prompt, output=output, count=requests, rate=rate, process=arrivals, cv=cv,
        seed=seed, clients=clients,
    )  # fmt: skip
    _write(out, found)
    line(f"{some(len(found), 'request')} written to {out}")


@app.command
def describe(path: str, /, *, beside: str | None = None, json: Switch = False) -> None:
    """Say what a trace file holds.

    Parameters
    ----------
    path
        A trace file of any format that is read.
    beside
        A kind of traffic to measure the distance to.
    json
        Print a record instead of text.
    """
    found = read_trace(path)
    record = _record(found)
    if beside is not None:
        record["distance"] = _beside(found, beside)
    if json:
        print_json({"format": recognized(path), **record})
        return
    heading(f"{path}: {recognized(path)}")
    rows = [("requests", f"{len(found):,} by {some(len(found.clients), 'client')}")]
    if record["rate"] is not None:
        rows.append(("arrivals", f"{record['rate']:.4g} a second for {record['span_s']:,.0f} s; cv {record['cv']:.2f}"))
    rows += [(side, _lengths(record[side])) for side in ("prompt", "output")]
    if found.prefix.size:
        shared = (
            f"{100 * record['shared_tokens']:.1f} % of prompt tokens came before, in blocks of {found.prefix_tokens}"
        )
        rows.append(("prefixes", shared))
    if beside is not None:
        rows.append((f"KS, {beside}", _distances(record["distance"])))
    pairs(rows)


@app.command
def convert(path: str, /, *, out: Out, format: str | None = None, rate: float | None = None) -> None:  # noqa: A002
    """Write a trace file in our own columns, in order of arrival.

    Parameters
    ----------
    path
        A trace file.
    out
        A CSV file, or JSON lines as Mooncake writes them if the name ends in .jsonl.
    format
        What the file is, where that is not recognized (`interlock trace list`).
    rate
        Stretch time to this many requests a second.
    """
    found = read_trace(path, format)
    _write(out, found if rate is None else found.at_rate(rate))
    line(f"{some(len(found), 'request')} written to {out}")


def _write(path: Path, found: Requests) -> None:
    write(path, _jsonl(found) if path.suffix == ".jsonl" else _csv(found))


def _csv(found: Requests) -> str:
    columns: dict[str, Any] = {
        "arrival_s": [f"{time:.6f}" for time in found.arrival_s],
        "input_tokens": found.prompt,
        "output_tokens": found.output,
    }
    if len(found.clients) > 1:
        columns["client"] = [found.clients[code] for code in found.client]
    if np.any(found.session >= 0):
        columns["session"] = found.session
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()


def _jsonl(found: Requests) -> str:
    rows = []
    for i in range(len(found)):
        ids = found.prefix[found.prefix_at[i] : found.prefix_at[i + 1]].tolist()
        head = f'{{"timestamp": {found.arrival_s[i] * 1e3:.3f}, "input_length": {found.prompt[i]}'
        rows.append(f'{head}, "output_length": {found.output[i]}, "hash_ids": {ids}}}')
    return "\n".join(rows) + "\n"


def _record(found: Requests) -> dict[str, Any]:
    gaps = np.diff(found.arrival_s)
    timed = gaps.size > 0 and gaps.mean() > 0
    record: dict[str, Any] = {
        "requests": len(found),
        "clients": len(found.clients),
        "span_s": found.span_s,
        "rate": found.rate if math.isfinite(found.rate) else None,
        "cv": float(gaps.std() / gaps.mean()) if timed else None,
    }
    for side in ("prompt", "output"):
        column = getattr(found, side)
        middle, late = np.percentile(column, (50, 99))
        record[side] = {
            "mean": float(column.mean()),
            "p50": float(middle),
            "p99": float(late),
            "max": int(column.max()),
        }
    if found.prefix.size:
        record["shared_tokens"] = float((shared_share(found) * found.prompt).sum() / found.prompt.sum())
    return record


def _beside(found: Requests, name: str) -> dict[str, float]:
    drawn = traffic(name, count=len(found))
    record = {
        "prompt": distance(drawn.prompt, found.prompt),
        "output": distance(drawn.output, found.output),
        "total": distance(drawn.prompt + drawn.output, found.prompt + found.output),
    }
    return {key: round(value, 4) for key, value in record.items()}


def _lengths(row: dict[str, float]) -> str:
    parts = [f"{name} {count(row[name])}" for name in ("mean", "p50", "p99", "max")]
    return f"{', '.join(parts)} tokens"


def _distances(found: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in found.items())

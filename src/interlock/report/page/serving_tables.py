"""The tables of simulated serving: latencies, work and memory, energy and cost, clients, highest rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from interlock.report.figures import plain
from interlock.report.page.table import Cell, name_cell, number_cell, table
from interlock.serving.comparison import Capacities, Compared, figure_of
from interlock.serving.metrics import Metrics
from interlock.units import between, show

_HEADS = ["TTFT p50", "p90", "p99", "its band", "TPOT p50", "p99", "its band", "ITL p99", "Request p50", "p99"]


def latency_table(found: Sequence[Compared]) -> str:
    """Percentiles, and the bands of those that limits are set to."""
    rows = []
    for each in found:
        m = each.metrics
        cells = [*map(_time, (m.ttft.p50, m.ttft.p90, m.ttft.p99)), _band(each, "ttft.p99", _s)]
        cells += [*map(_time, (m.tpot.p50, m.tpot.p99)), _band(each, "tpot.p99", _s)]
        rows.append([name_cell(each.label), *cells, *map(_time, (m.itl.p99, m.e2el.p50, m.e2el.p99))])
    return table(["Policy", *_HEADS], rows, _best(found))


def work_table(found: Sequence[Compared]) -> str:
    """What was got through, and how far apart clients were."""
    heads = ["Policy", "Good %", "its band", "Good requests/s", "Requests/s", "Tokens/s", "Busy %", "Decoding together"]
    fair = any(each.metrics.service_gap is not None for each in found)
    rows = []
    for each in found:
        m = each.metrics
        cells = [_number(None if m.within_slo is None else 100 * m.within_slo), _band(each, "within_slo", _percent)]
        cells += map(_number, (m.request_goodput, m.request_throughput, m.output_throughput))
        cells += map(_number, (100 * m.utilization, m.mean_batch, *([m.service_gap] if fair else [])))
        rows.append([name_cell(each.label), *cells])
    return table([*heads, *(["Service gap"] if fair else [])], rows, _best(found))


def memory_table(found: Sequence[Compared]) -> str:
    """How the cache was used, and what making room for it cost."""
    heads = ["Policy", "Held %", "at most %", "of it unfilled %", "Preempted", "Tokens computed again",
             "Tokens swapped", "Prefix hits %"]  # fmt: skip
    rows = []
    for each in found:
        m = each.metrics
        cells = map(_number, (100 * m.kv_occupancy, 100 * m.kv_peak, 100 * m.kv_waste, m.preemptions))
        more = map(_number, (m.recomputed_tokens, m.swapped_tokens, 100 * m.prefix_hit_rate))
        rows.append([name_cell(each.label), *cells, *more])
    return table(heads, rows)


def cost_table(found: Sequence[Compared]) -> str:
    """Joules and dollars."""
    heads = ["Policy", "Energy a token", "Mean power", "USD per 1M tokens", "its band",
             "Good requests per USD", "its band"]  # fmt: skip
    rows = []
    for each in found:
        m = each.metrics
        power = None if m.joules is None else m.joules / m.duration_s
        rows.append(
            [
                name_cell(each.label),
                number_cell("unknown" if m.joules_per_token is None else show(m.joules_per_token, "J"),
                            m.joules_per_token),
                number_cell("unknown" if power is None else show(power, "W"), power),
                _number(m.usd_per_million_tokens, "unknown"),
                _band(each, "usd_per_million_tokens", plain),
                _number(m.goodput_per_usd),
                _band(each, "goodput_per_usd", plain),
            ]
        )  # fmt: skip
    return table(heads, rows, _best(found))


def client_table(found: Sequence[Compared]) -> str:
    """Each client under each policy; nothing where there is one client."""
    rows = [
        [
            name_cell(each.label),
            name_cell(client),
            *(_number(row[key]) for key in ("requests", "service")),
            *(_time(row[key]) for key in ("mean_ttft_s", "p99_ttft_s")),
        ]
        for each in found
        for client, row in each.metrics.clients.items()
    ]
    return table(["Policy", "Client", "Requests", "Weighted tokens", "Mean TTFT", "TTFT p99"], rows)


def capacity_table(found: Mapping[str, Capacities]) -> str:
    """The highest rate of each policy and what was measured there."""
    rows = []
    for label, each in found.items():
        m, ends = each.likely.metrics, each.ends
        mark = "≥ " if each.likely.open else ""
        rate = f"{mark}{each.likely.rate:.3g}" if m else "none"
        band = "" if ends is None else f"{ends[0]:.3g} to {ends[1]:.3g}"
        cells = [number_cell(rate, each.likely.rate), Cell(text=band, look="number")]
        cells += [_number(None if m is None or m.within_slo is None else 100 * m.within_slo)]
        cells += [_time(m.ttft.p99 if m else None), _time(m.tpot.p99 if m else None)]
        cells += [_number(m.usd_per_million_tokens if m else None), _number(m.goodput_per_usd if m else None)]
        rows.append([name_cell(label), *cells])
    heads = ["Policy", "Requests/s", "its band", "Good %", "TTFT p99", "TPOT p99", "USD per 1M tokens", "Good per USD"]
    best = max(range(len(rows)), key=lambda place: list(found.values())[place].likely.rate) if len(rows) > 1 else None
    return table(heads, rows, best)


def best_of(found: Sequence[Compared]) -> tuple[str, str]:
    """Which has the most good requests for each dollar (a second, without prices), also at the ends of the band."""
    place = _best(found)
    if place is None:
        return "", ""
    best = found[place]
    figure, unit = _WORTH[best.metrics.goodput_per_usd is None]
    ends = best.ends(figure)
    band = f" ({between(plain(ends[0]), plain(ends[1]))})" if ends else ""
    told = f"{best.label}: {plain(figure_of(best.metrics, figure) or 0.0)}{band} good requests {unit}"
    fast, slow = (_most([getattr(each, side) for each in found]) for side in ("fast", "slow"))
    if fast is None or slow is None:
        return told, ""
    if fast == slow == place:
        return told, "It is so, too, with every step at the fast and at the slow end of its band."
    names = f"{found[fast].label}; at the slow end, {found[slow].label}"
    return told, f"With every step at the fast end of its band it would be {names}."


_WORTH = (("goodput_per_usd", "for each dollar"), ("request_goodput", "a second"))


def _best(found: Sequence[Compared]) -> int | None:
    return _most([each.metrics for each in found]) if len(found) > 1 else None


def _most(figures: Sequence[Metrics | None]) -> int | None:
    """The place of the most good requests for the money; None where somebody's are not known."""
    for figure, _ in _WORTH:
        values = [None if m is None else figure_of(m, figure) for m in figures]
        known = [value for value in values if value is not None]
        if len(known) == len(figures):
            return known.index(max(known))
    return None


def _band(each: Compared, figure: str, words: Callable[[float], str]) -> Cell:
    ends = each.ends(figure)
    told = "" if ends is None else between(words(ends[0]), words(ends[1]))
    return Cell(text=told, value=None if ends is None else ends[1], look="number")


def _time(value: float | None) -> Cell:
    known = value is not None and value == value
    return number_cell(_s(value) if known and value is not None else "", value if known else None)


def _number(value: float | None, unknown: str = "") -> Cell:
    return number_cell(unknown if value is None else plain(value), value)


def _s(value: float) -> str:
    return show(value, "s")


def _percent(value: float) -> str:
    return plain(100 * value)

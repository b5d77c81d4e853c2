"""The measured runs of virtual token counters: what each client was served, under FCFS and VTC.

idea:    the chip is in no catalogue here, so that one backlogged run under FCFS gives a step's time (its duration) and
         a prompt token's (its soonest first token); all other runs, other arrivals, lengths and policy, are held out.
keeps:   the server of the runs lets a request in when its whole answer fits into 10,000 tokens, and reads prompts in
         steps of their own.
departs: a step takes as long whatever it holds; runs of other pools, chips and policies are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.evidence.table import read_table
from interlock.serving.clock import StepClock, affine_clock
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, Outcome, simulate
from interlock.validation.serving.replay import Beside, beside
from interlock.validation.serving.service import service
from interlock.workloads.requests import Requests, requests

SET: Final = "vtc_fairness"
SEEN: Final = "its own duration and soonest first token"
HELD_OUT: Final = "duration and soonest first token of one other run"
FITTED_ON: Final = ("FCFS", "overload")
_ORDERS: Final = {"FCFS": "fcfs", "VTC": "vtc"}
_POOL: Final = 10_000  # tokens, section 5.1 of the paper
_SEQUENCES: Final = 256
_ROUNDS: Final = 5
_MATTERS: Final = 0.05  # of all service: clients with less are not scored one by one
_APART: Final = 0.1  # of the mean service: below, a gap is a few requests, and its ratio says nothing
Floats = NDArray[np.float64]


def replayed(folder: Path) -> list[Beside]:
    """What each client had been served when the last request came, and the gap between the most and the least served.

    Raises:
        InputError: a file that is not what it must be.
    """
    names = ["client", "prompt_tokens", "output_tokens", "arrival_s", "ttft_s", "latency_s"]
    table = read_table(
        folder / "requests.csv.gz", ["policy", "suite", *names], lambda row: row["policy"] in _ORDERS
    )  # fmt: skip
    order, suite = table.text("policy"), table.text("suite")
    columns = [table.numbers(name) for name in names]
    found: list[Beside] = []
    clock = None
    keys = sorted(set(zip(order.tolist(), suite.tolist(), strict=True)), key=lambda key: (key != FITTED_ON, key))
    if FITTED_ON not in keys:
        raise InputError(str(folder), "no run of " + " ".join(FITTED_ON), "the run that the clock is fitted on")
    for key in keys:
        mine = (order == key[0]) & (suite == key[1])
        come, first, last = _sorted([column[mine] for column in columns])
        knows = HELD_OUT if clock else SEEN
        if clock is None:
            clock = _fitted(come, float((first - come.arrival_s).min()), float(last.max()))
        outcome = _served(come, clock, key[0])
        told, got = (_figures(come, *times) for times in ((first, last), (outcome.first_s, outcome.finish_s)))
        found += beside(SET, " ".join(key), "calibrated", knows, told, got)
    return found


def _sorted(columns: list[Floats]) -> tuple[Requests, Floats, Floats]:
    order = np.argsort(columns[3], kind="stable")
    client, prompt, output, arrival, first, last = (column[order] for column in columns)
    return requests(arrival, prompt, output, client=client.astype(int)), arrival + first, arrival + last


def _served(come: Requests, clock: StepClock, order: str) -> Outcome:
    rules = policy(f"vllm+exact+{_ORDERS[order]}", max_num_seqs=_SEQUENCES)
    return simulate(come, Engine(clock=clock, kv_tokens=_POOL), rules)


def _fitted(come: Requests, soonest_s: float, duration_s: float) -> StepClock:
    """Steps of one length, and prompts read at one pace."""
    step_s = 0.04
    for _ in range(_ROUNDS):
        token_s = max(soonest_s - step_s, 0.0) / float(come.prompt.mean())
        clock = affine_clock(base_s=step_s, token_s=token_s, sequence_s=0.0)
        step_s *= duration_s / float(_served(come, clock, "FCFS").finish_s.max())
    return clock


def _figures(come: Requests, first: Floats, last: Floats) -> dict[str, float]:
    whole = service(come, first, last, np.array([come.arrival_s[-1]]))[:, 0]
    kept = {f"service of {name}": value for name, value in zip(come.clients, whole.tolist(), strict=True)}
    enough = {name: value for name, value in kept.items() if _enough(come, name)}
    gap = float(whole.max() - whole.min()) / float(whole.mean())
    apart = {"gap over mean service": gap} if gap >= _APART else {}
    return enough | apart | {"duration": float(last.max())}


def _enough(come: Requests, name: str) -> bool:
    mine = come.client == come.clients.index(name.removeprefix("service of "))
    return bool(come.output[mine].sum() >= _MATTERS * come.output.sum())

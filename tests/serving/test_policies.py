"""Policies by name, and that each does what its paper says of it."""

from __future__ import annotations

import numpy as np
import pytest

from interlock.errors import InputError, UnknownNameError
from interlock.serving.clock import affine_clock
from interlock.serving.metrics import measure
from interlock.serving.registry import decision, names, policy
from interlock.serving.simulation import Engine, simulate
from interlock.workloads.arrivals import poisson
from interlock.workloads.requests import Requests, requests

CLOCK = affine_clock(base_s=8e-3, token_s=4e-5, sequence_s=2e-5, context_s=4e-8)


def engine(**changes) -> Engine:
    return Engine(**{"clock": CLOCK, "kv_tokens": 60_000, "longest": 4096, **changes})


def chat(count: int = 1500, rate: float = 8.0, seed: int = 0, **columns) -> Requests:
    rng = np.random.default_rng(seed)
    prompt = np.clip(rng.lognormal(6.0, 0.9, count), 1, 3000).astype(int)
    output = np.clip(rng.lognormal(4.6, 0.9, count), 1, 1000).astype(int)
    return requests(poisson(count, rate, seed), prompt, output, **columns)


def figures(name: str, load: Requests, **changes):
    outcome = simulate(load, engine(**changes), policy(name), compiled=False)
    return outcome, measure(outcome, limits={"ttft": 2.0, "tpot": 0.05})


@pytest.mark.parametrize("name", names())
def test_every_policy_has_a_title_and_a_source(name: str):
    found = decision(name)
    assert found.title
    assert found.paper
    assert found.family in ("batching", "memory", "order", "preemption", "routing", "pools")


def test_names_join_one_of_each_family():
    found = policy("sarathi-serve:token_budget=256+vtc:token_weight=3+prefix-cache", max_num_seqs=7)
    assert (found.batching.token_budget, found.order.token_weight, found.memory.shares_prefixes) == (256, 3, True)
    assert found.max_num_seqs == 7


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("sarathi-serv", UnknownNameError, "did you mean sarathi-serve"),
        ("vllm+orca", InputError, "one batching policy"),
        ("vllm:chunk=3", InputError, "parameters among"),
        ("vllm:token_budget=many", InputError, "a number for token_budget"),
        ("vllm:token_budget=1.5", InputError, "whole where it counts"),
        ("static+paged", InputError, "set aside"),
        ("static+vtc", InputError, "without clients or levels"),
        ("dynamic+distserve", InputError, "without whole batches"),
        ("splitwise+distserve", InputError, "one pools policy"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, error: type, words: str):
    with pytest.raises(error, match=words):
        policy(text)


def test_iteration_level_scheduling_beats_whole_batches():
    load = chat(600, 4.0)
    _, whole = figures("static:gang=16+exact", load)
    _, orca = figures("orca+exact", load)
    assert orca.ttft.p50 < whole.ttft.p50 / 10
    assert orca.output_throughput > whole.output_throughput


def test_paging_holds_several_times_more_than_reservation():
    load = chat(800, 30.0)
    reserved, one = figures("orca", load)
    _, other = figures("orca+paged", load)
    assert other.mean_batch > 2 * one.mean_batch
    assert other.output_throughput > 1.5 * one.output_throughput
    assert one.kv_waste > 0.5 > 0.05 > other.kv_waste
    assert np.all(reserved.preempted == 0)


def test_prediction_lies_between_the_longest_and_the_oracle():
    load = chat(800, 30.0)
    throughputs = [figures(f"orca+{name}", load)[1].output_throughput for name in ("contiguous", "s3", "exact")]
    erring = figures("orca+s3+sjf:predictor_error=0.5", load)[1]
    assert throughputs[0] < throughputs[1] <= throughputs[2] * 1.001
    assert erring.preemptions > 0


def test_chunks_bound_the_longest_gap_that_whole_prompts_cause():
    load = chat(800, 6.0)
    _, stalls = figures("vllm", load)
    _, free = figures("sarathi-serve", load)
    assert free.itl.p99 < stalls.itl.p99 / 1.5
    assert free.tpot.p99 < stalls.tpot.p99


def test_shortest_first_has_the_lower_mean_and_first_come_the_fairer_tail():
    load = chat(800, 14.0)
    _, first = figures("sarathi-serve+fcfs:seed=0", load, kv_tokens=20_000)
    _, short = figures("sarathi-serve+sjf", load, kv_tokens=20_000)
    assert short.e2el.mean < first.e2el.mean


def test_feedback_queues_serve_short_answers_sooner_under_overload():
    load = chat(500, 14.0)
    outcome, _ = figures("sarathi-serve+fcfs", load, kv_tokens=15_000)
    queues, _ = figures("sarathi-serve+fastserve", load, kv_tokens=15_000, swap_s=1e-7)
    short = load.output < np.median(load.output)
    stays = [(one.finish_s - one.arrival_s)[short].mean() for one in (outcome, queues)]
    assert stays[1] < stays[0] / 1.5


def test_priority_ages_and_deadlines_order():
    n = 60
    load = requests(np.linspace(0, 0.1, n), np.full(n, 500), np.full(n, 50), priority=np.arange(n) % 2,
                    deadline_s=np.where(np.arange(n) % 3 == 0, 0.5, 60.0))  # fmt: skip
    one = simulate(load, engine(kv_tokens=4096), policy("vllm+priority"), compiled=False)
    assert one.admitted_s[load.priority == 0].max() < one.admitted_s[load.priority == 1][8:].min()
    other = simulate(load, engine(kv_tokens=4096), policy("vllm+edf"), compiled=False)
    urgent = load.deadline_s < 1
    assert other.admitted_s[urgent].mean() < other.admitted_s[~urgent].mean() / 2


def served(outcome, client: int, until: float, weights: tuple[float, float]) -> float:
    """Weighted tokens that a client has had at a time, its running answers taken as even."""
    mine = outcome.requests.client == client
    prompt, output = outcome.requests.prompt[mine], outcome.requests.output[mine]
    first, last = outcome.first_s[mine], outcome.finish_s[mine]
    share = np.clip((until - first) / np.maximum(last - first, 1e-12), 0, 1)
    return float(np.sum(weights[0] * prompt * (outcome.admitted_s[mine] <= until) + weights[1] * output * share))


@pytest.mark.parametrize("seed", range(5))
def test_backlogged_clients_are_served_within_the_bound_of_virtual_token_counters(seed: int):
    """Theorem 4.4: |W_f - W_g| <= 2 max(w_p L_input, w_q M), M tokens of the batch, however unequal they ask."""
    rng = np.random.default_rng(seed)
    n, memory = 900, 12_000
    client = (rng.random(n) < 0.2).astype(int)  # one asks four times as often
    prompt, output = rng.integers(1, 400, n), rng.integers(1, 400, n)
    load = requests(np.zeros(n), prompt, output, client=client)
    fair = simulate(load, engine(kv_tokens=memory), policy("vllm+vtc"), compiled=False)
    first = simulate(load, engine(kv_tokens=memory), policy("vllm+fcfs"), compiled=False)
    asked = {name: [out.admitted_s[out.requests.client == c].max() for c in (0, 1)] for name, out in
             (("fair", fair), ("first", first))}  # fmt: skip
    gaps = {}
    for name, out in (("fair", fair), ("first", first)):
        until = min(asked[name]) * 0.95  # both still have requests waiting
        names_of = [out.requests.clients[c] for c in (0, 1)]
        assert set(names_of) == {"0", "1"}
        gaps[name] = abs(served(out, 0, until, (1.0, 2.0)) - served(out, 1, until, (1.0, 2.0)))
    assert gaps["fair"] <= 2 * max(1.0 * 400, 2.0 * memory)
    assert gaps["fair"] < gaps["first"] / 3


def test_shared_prefixes_are_read_once_and_evicted_last_used_last():
    n = 200
    rng = np.random.default_rng(0)
    chains = [[tree * 100 + depth for depth in range(20)] for tree in range(5)]
    load = requests(poisson(n, 3.0, 0), np.full(n, 400), np.full(n, 20),
                    prefixes=[chains[int(rng.integers(0, 5))] for _ in range(n)], prefix_tokens=16)  # fmt: skip
    _, shared = figures("sarathi-serve+prefix-cache", load)
    _, alone = figures("sarathi-serve", load)
    assert shared.prefix_hit_rate == pytest.approx((n - 5) * 320 / (n * 400), rel=1e-9)  # each tree is read once
    assert shared.ttft.mean < alone.ttft.mean
    _, small = figures("sarathi-serve+prefix-cache", load, kv_tokens=1024)
    assert 0 < small.prefix_hit_rate < shared.prefix_hit_rate


def test_knowing_the_load_shortens_queues_and_two_choices_do_almost_as_well():
    load = chat(1500, 19.0)

    def queue(name: str) -> float:
        rule = policy(f"sarathi-serve+{name}", max_num_seqs=8)
        return measure(simulate(load, engine(replicas=4), rule, compiled=False)).queue.mean

    turns, two, fewest = map(queue, ("round-robin", "power-of-two", "least-requests"))
    assert fewest < two < turns / 2
    assert queue("least-work") < turns


def test_sessions_keep_their_replica_and_prefixes_find_theirs():
    n = 400
    rng = np.random.default_rng(1)
    session = rng.integers(0, 40, n)
    chains = [[who * 100 + depth for depth in range(20)] for who in range(40)]
    load = requests(poisson(n, 6.0, 0), np.full(n, 400), np.full(n, 20), session=session,
                    prefixes=[chains[who] for who in session], prefix_tokens=16)  # fmt: skip
    stays, sticky = figures("sarathi-serve+prefix-cache+session-affinity", load, replicas=4)
    _, aware = figures("sarathi-serve+prefix-cache+prefix-aware", load, replicas=4)
    _, turns = figures("sarathi-serve+prefix-cache+round-robin", load, replicas=4)
    assert all(len(set(stays.replica[session == who])) <= 1 for who in range(40))
    assert min(sticky.prefix_hit_rate, aware.prefix_hit_rate) > turns.prefix_hit_rate * 1.2


def test_swapping_moves_what_recomputing_computes_again():
    load = chat(300, 20.0)
    _, again = figures("sarathi-serve+recompute", load, kv_tokens=8000)
    _, moved = figures("sarathi-serve+swap", load, kv_tokens=8000, swap_s=1e-7)
    assert again.preemptions > 0
    assert again.recomputed_tokens > 0 == again.swapped_tokens
    assert moved.swapped_tokens > 0


def test_a_limit_on_concurrency_closes_the_loop():
    load = requests(np.zeros(100), np.full(100, 100), np.full(100, 20))
    outcome = simulate(load, engine(concurrency=4), policy("sarathi-serve"), compiled=False)
    inside = [((outcome.arrival_s <= t) & (outcome.finish_s > t)).sum() for t in outcome.arrival_s]
    assert max(inside) == 4


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"longest": 2048}, "vllm", "at most 2048 positions"),
        ({"kv_tokens": 1000}, "vllm", "a replica's KV cache holds"),
        ({"kv_tokens": 3000}, "orca", "a replica's KV cache holds"),
        ({"concurrency": 2}, "static", "close after a delay"),
    ],
)
def test_requests_that_could_never_be_served_are_refused(changes, name: str, words: str):
    load = requests([0.0, 1.0], [100, 2000], [50, 100])
    with pytest.raises(InputError, match=words):
        simulate(load, engine(**changes), policy(name), compiled=False)

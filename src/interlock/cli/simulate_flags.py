"""The flags of `interlock simulate`: what serves, and what is served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from interlock.api.accepted import loaded_format, own_prices, resolve_model, size_of, skew_of, stack_of
from interlock.cli.flags import Prices, Whole, listed, prices, whole
from interlock.cost.ragged import decoding_contexts
from interlock.errors import InputError
from interlock.hardware.installed import find as find_chip
from interlock.models import scheme
from interlock.parallel import Parallelism
from interlock.serving.capacity import rates_of
from interlock.serving.deployment import Deployment, deployment
from interlock.serving.policy import UNLIMITED
from interlock.serving.simulation import Engine
from interlock.serving.speculation import Drafting
from interlock.serving.study import Means, cores, processes
from interlock.units import parse
from interlock.workloads.load import Load
from interlock.workloads.requests import Requests

MOST_REPLICAS = 10_000
MOST_SEQUENCES = 8192  # of a batch: a clock has a row for each
MUCH = 500_000  # requests of all simulations together that are worth starting processes for


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class EngineFlags:
    """What serves."""

    model: str
    """A shipped name (`interlock models`), a config.json, or a folder that holds one."""
    chip: str
    """A name (`interlock chips`) or a TOML file of your own."""
    tensor_parallel_size: Annotated[Whole, Parameter(alias=["-tp", "--tp"])] = 1
    """Chips that share every layer."""
    pipeline_parallel_size: Annotated[Whole, Parameter(alias=["-pp", "--pp"])] = 1
    """Stages that share the layers."""
    replicas: Annotated[Whole, Parameter(alias=["--data-parallel-size", "-dp", "--dp"])] = 1
    """Replicas, each of them with its own batch."""
    prefill_replicas: Whole = 0
    """Of these, how many only read prompts, under a policy with pools (splitwise, distserve); its own share if 0."""
    weight_format: str | None = None
    """How linear weights are stored; as the checkpoint if absent."""
    activation_format: str = "bf16"
    """What linear layers read."""
    kv_cache_dtype: str | None = None
    """Format of the KV cache; 16 bits if absent."""
    max_num_seqs: Whole = 256
    """Most sequences of a batch."""
    max_model_len: Whole | None = None
    """Most tokens of a request; the model's positions if absent."""
    kv_tokens: Whole | None = None
    """Tokens that a replica's KV cache holds, where an engine has said it; computed from memory if absent."""
    step_overhead: str = "0s"
    """Host work of every step that no kernel hides, such as 2ms."""
    routing_skew: float = 0.0
    """How unevenly tokens choose experts: 0 uniform, 1 Zipf."""
    stack: str | None = None
    """Whose kernels and host times a step has: vllm-v1 (GPUs, if absent), sglang, ...; ideal for bare kernels."""
    price: Prices = field(default_factory=list)
    """Your own price, as NAME=USD_PER_HOUR; may be repeated."""

    def deployment(self, requests: Requests, drafting: Drafting | None = None) -> Deployment:
        """Priced for requests of these lengths."""
        model = resolve_model(self.model)
        on = find_chip(self.chip, "--chip")
        formats = scheme(self.weight_format or loaded_format(model), self.activation_format, self.kv_cache_dtype)
        return deployment(
            model,
            on,
            formats,
            Parallelism(
                tensor=size_of(self.tensor_parallel_size, "--tensor-parallel-size"),
                pipeline=size_of(self.pipeline_parallel_size, "--pipeline-parallel-size"),
                data=whole(self.replicas, "--replicas", 1, MOST_REPLICAS),
            ),
            context=float(np.mean(requests.prompt + requests.output / 2.0)),
            max_num_seqs=whole(self.max_num_seqs, "--max-num-seqs", 1, MOST_SEQUENCES),
            kv_tokens=self.kv_tokens if self.kv_tokens is None else size_of(self.kv_tokens, "--kv-tokens"),
            overhead_s=parse(self.step_overhead, "s", where="--step-overhead"),
            skew=skew_of(self.routing_skew),
            stack=stack_of(self.stack),
            prices=own_prices(prices(self.price), [on]),
            drafting=drafting,
            drawn=decoding_contexts(requests.prompt, requests.output),
        )

    def engine(self, on: Deployment, concurrency: int | None) -> Engine:
        """What is simulated."""
        return Engine(
            clock=on.clock,
            kv_tokens=on.kv_tokens,
            replicas=on.lanes,
            longest=on.model.max_positions or 2**17
            if self.max_model_len is None
            else size_of(self.max_model_len, "--max-model-len"),
            swap_s=on.swap_s,
            prefill_replicas=whole(self.prefill_replicas, "--prefill-replicas", 0, MOST_REPLICAS),
            transfer_s=on.transfer_s,
            transfer_latency_s=on.transfer_latency_s,
            transfer_layers=on.model.main.depth,
            speculation=on.speculation,
            concurrency=UNLIMITED if concurrency is None else size_of(concurrency, "--max-concurrency"),
        )


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class LoadFlags:
    """What is served."""

    trace: str | None = None
    """A kind of traffic (`interlock trace list`) or a trace file."""
    workload: str | None = None
    """A named workload, whose mean lengths every request has, where there is no trace."""
    prompt: Annotated[Whole | None, Parameter(alias="--input-len")] = None
    """Tokens in of every request."""
    output: Annotated[Whole | None, Parameter(alias="--output-len")] = None
    """Tokens out of every request."""
    requests: Annotated[Whole | None, Parameter(alias="--num-prompts")] = None
    """How many; all of a file, or 10000."""
    rate: Annotated[str | None, Parameter(alias="--request-rate")] = None
    """Requests a second, several of them separated by commas, or a range such as 1..200 for --find-capacity; as the
    trace has them if absent."""
    arrivals: str | None = None
    """poisson, gamma, bursty or diurnal, instead of the trace's own."""
    cv: Annotated[float | None, Parameter(alias="--burst-cv")] = None
    """Deviation of gamma gaps over their mean."""
    clients: Whole = 1
    """How many clients share drawn requests."""
    n: Annotated[Whole, Parameter(alias="--best-of")] = 1
    """Answers to every prompt, made side by side from one copy of its cache (parallel sampling)."""
    max_concurrency: Whole | None = None
    """Most requests under way at once; the others wait before they arrive (closed loop)."""
    seed: Whole = 0
    """Of everything drawn."""

    def load(self) -> Load:
        """Requests at any rate."""
        for value, flag in ((self.prompt, "--prompt"), (self.output, "--output")):
            if value is not None:
                whole(value, flag, 1, 10**8)
        return Load(
            trace=self.trace, shape=self.workload, prompt=self.prompt, output=self.output, count=self.requests,
            process=self.arrivals, cv=self.cv, clients=whole(self.clients, "--clients", 1, 10**6),
            samples=size_of(self.n, "--n"),
        )  # fmt: skip

    def rates(self, *, spanned: bool) -> list[float | None]:
        """The rates asked for; the two ends of a range where one is `spanned`."""
        if self.rate is None:
            if spanned:
                raise InputError("--find-capacity", "no --rate A..B", "a range of rates")
            return [None]
        if spanned:
            return list(rates_of(self.rate))
        if ".." in self.rate:
            rates_of(self.rate)
            raise InputError("--rate", repr(self.rate), "rates separated by commas, or --find-capacity with a range")
        return [rates_of(each)[0] for each in listed(self.rate, "--rate") or []]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class SweepFlags:
    """How many simulations there are, and where they are done."""

    seeds: Whole = 1
    """How many seeds, from --seed on, each simulated."""
    band: bool = True
    """Simulate the ends of the 90 % band of step times, too."""
    jobs: Whole | None = None
    """Processes; every core if there is much to do and this is absent."""
    resume: Path | None = None
    """A folder that keeps each finished simulation; one that was kept before is not done again."""

    def seeded(self, first: int) -> range:
        """The seeds, the first one first."""
        whole(first, "--seed", 0, 2**31)
        return range(first, first + whole(self.seeds, "--seeds", 1, 10**5))

    @contextmanager
    def means(self, simulations: int, requests: int, *, alone: bool) -> Iterator[Means]:
        """Where simulations are done and kept; `alone`: in this process."""
        jobs = min(cores(), simulations) if simulations * requests >= MUCH else 1
        if self.jobs is not None:
            jobs = size_of(self.jobs, "--jobs")
        executor = None if alone else processes(jobs)
        try:
            yield Means(executor=executor, folder=self.resume)
        finally:
            if executor is not None:
                executor.shutdown(cancel_futures=True)

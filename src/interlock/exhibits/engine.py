"""A small real engine: the scheduler of the simulator drives a decoder with real caches, and texts come out.

source: Yu et al., "Orca", OSDI 2022, section 4.2 (selective batching): what works token by token is computed for all
        tokens of a step together, attention for each sequence by itself.
keeps:  a cache is forgotten when its request is preempted, unless it is swapped, and then it comes back as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from interlock.exhibits.tiny_decoder import Floats, TinyDecoder, norm
from interlock.serving.job import Job
from interlock.serving.registry import policy
from interlock.serving.scheduler import Scheduler

Cache = list[list[Floats]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Texts by request, how often somebody was preempted, and steps."""

    texts: list[list[int]]
    preempted: int
    steps: int


def step(decoder: TinyDecoder, fed: Sequence[tuple[list[int], Cache]], *, every: bool = False) -> Floats:
    """Logits after the last token of each sequence, or after every token; caches grow."""
    ends = np.cumsum([len(tokens) for tokens, _ in fed])
    x = decoder.embedding[[token for tokens, _ in fed for token in tokens]]
    for index, w in enumerate(decoder.layers):
        normed = norm(x)
        q, k, v = normed @ w["q"], normed @ w["k"], normed @ w["v"]
        mixed = []
        for (_, cache), (begin, end) in zip(fed, zip([0, *ends[:-1]], ends, strict=True), strict=True):
            cache[index] = [
                np.concatenate([old, new[begin:end]]) for old, new in zip(cache[index], (k, v), strict=True)
            ]
            mixed.append(decoder.attend(q[begin:end], *cache[index]))
        x = x + np.concatenate(mixed) @ w["o"]
        normed = norm(x)
        gate = normed @ w["gate"]
        x = x + (gate / (1 + np.exp(-gate)) * (normed @ w["up"])) @ w["down"]
    logits: Floats = norm(x if every else x[ends - 1]) @ decoder.embedding.T
    return logits


def shorten(cache: Cache, tokens: int) -> None:
    """Forget what comes after the first tokens."""
    for layer in cache:
        layer[:] = [layer[0][:tokens], layer[1][:tokens]]


def disturbed(decoder: TinyDecoder, share: float, seed: int = 1) -> TinyDecoder:
    """A decoder whose weights are off by a share of their size: it often says the same."""
    rng = np.random.default_rng(seed)

    def off(weights: Floats) -> Floats:
        noise = rng.standard_normal(weights.shape).astype(np.float32) * weights.std()
        found: Floats = (weights + np.float32(share) * noise).astype(np.float32)
        return found

    layers = tuple({name: off(weights) for name, weights in layer.items()} for layer in decoder.layers)
    return replace(decoder, layers=layers)


def sample(seed: int = 0, count: int = 16) -> tuple[TinyDecoder, list[list[int]], list[int], list[int]]:
    """A decoder, prompts, answer lengths and steps of arrival, for `serve`."""
    decoder = TinyDecoder.random(layers=2, heads=4, kv_heads=2, head_dim=8, vocabulary=97, seed=seed)
    rng = np.random.default_rng(seed)
    prompts = [rng.integers(0, 97, size).tolist() for size in rng.integers(3, 40, count)]
    return decoder, prompts, rng.integers(1, 30, count).tolist(), np.sort(rng.integers(0, 40, count)).tolist()


def alone(decoder: TinyDecoder, prompts: Sequence[list[int]], outputs: Sequence[int]) -> list[list[int]]:
    """Each text by itself, without any scheduler."""
    pairs = zip(prompts, outputs, strict=True)
    return [decoder.generate(prompt, output, cached=True)[0] for prompt, output in pairs]


def serve(
    decoder: TinyDecoder,
    prompts: Sequence[list[int]],
    outputs: Sequence[int],
    rule: str,
    *,
    kv_tokens: int,
    arrivals: Sequence[int] | None = None,
    max_num_seqs: int = 4,
    host: bool = True,
) -> Served:
    """Greedy texts of all requests under a policy; `arrivals` counts steps."""
    chosen = policy(rule, max_num_seqs=max_num_seqs)
    scheduler = Scheduler(chosen, kv_tokens, host=host)
    jobs = [
        Job(id=i, arrival_s=float(at), key=float(at), prompt=len(prompt), output=output, reserve=len(prompt) + output)
        for i, (prompt, output, at) in enumerate(zip(prompts, outputs, arrivals or [0] * len(prompts), strict=True))
    ]
    texts: list[list[int]] = [[] for _ in jobs]
    caches: dict[int, Cache] = {}
    now, coming, steps = 0, 0, 0
    while coming < len(jobs) or scheduler.waiting or scheduler.running:
        while coming < len(jobs) and jobs[coming].arrival_s <= now:
            scheduler.add(jobs[coming])
            coming += 1
        scheduler.closing = coming == len(jobs)
        work = scheduler.plan(float(now))
        for job in scheduler.waiting:
            if not job.swapped:
                caches.pop(job.id, None)
        fed = [(job, job.context, new) for job, new in work.chunks] + [(job, job.context, 1) for job in work.decodes]
        if fed:
            rows = []
            for job, begin, new in fed:
                words = prompts[job.id] + texts[job.id]
                rows.append((words[begin : begin + new], caches.setdefault(job.id, decoder.empty_cache())))
            made = step(decoder, rows)
            for (job, begin, new), logits in zip(fed, made, strict=True):
                if begin + new == len(prompts[job.id]) + len(texts[job.id]):
                    texts[job.id].append(int(np.argmax(logits)))
            steps += 1
        scheduler.done(work, float(now + 1))
        now += 1
    return Served(
        texts=[text[:output] for text, output in zip(texts, outputs, strict=True)],
        preempted=sum(job.preempted for job in jobs),
        steps=steps,
    )

"""A device process that drafts and a cloud process that verifies, over a loopback link that is made slow.

idea:    messages carry when they were sent and count only after the latency has passed. The device shows a token once
         it has drafted it, and takes back what the cloud does not keep. Both are small real decoders, greedy, the
         device's a disturbed copy of the cloud's.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from typing import Any

import numpy as np

from interlock.exhibits.engine import disturbed, sample, shorten, step

KEY = b"interlock"
TOKEN_S = 1.5e-3  # the device's pace, above what the decoder takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The text that stayed, when its first token was shown, and what was drafted and taken back."""

    text: list[int]
    first_s: float
    done_s: float
    drafted: int
    revoked: int
    rejections: int


def cloud(port: int, prompt: list[int], latency_s: float) -> None:
    """Verify batches of drafts until the device hangs up."""
    decoder, *_ = sample()
    cache = decoder.empty_cache()
    step(decoder, [(prompt[:-1], cache)])
    text, epoch = list(prompt), 0
    with Client(("127.0.0.1", port), authkey=KEY) as link:
        while True:
            try:
                sent, of, drafts = link.recv()
            except EOFError:
                return
            if of != epoch:  # drafted behind a token that was not kept
                continue
            _wait(sent + latency_s)
            shorten(cache, len(text) - 1)
            chosen = np.argmax(step(decoder, [([text[-1], *drafts], cache)], every=True), axis=1).tolist()
            kept = next(
                (i for i, (own, draft) in enumerate(zip(chosen, drafts, strict=False)) if own != draft), len(drafts)
            )
            text += drafts[:kept]
            if kept < len(drafts):
                text.append(chosen[kept])
                epoch += 1
            link.send((time.monotonic(), kept, chosen[kept]))


def collaborate(*, count: int, drafts: int, ahead: int, latency_s: float, share: float) -> Shown:
    """One answer of `count` tokens by two processes; `share` is how far the device's weights are off."""
    decoder, prompts, *_ = sample()
    prompt = prompts[0]
    with Listener(("127.0.0.1", 0), authkey=KEY) as listener:
        port = listener.address[1]
        other = multiprocessing.get_context("spawn").Process(target=cloud, args=(port, prompt, latency_s), daemon=True)
        other.start()
        with listener.accept() as link:
            found = _device(link, disturbed(decoder, share), prompt, count, drafts, ahead, latency_s)
        other.join(10)
    return found


def _device(
    link: Connection, decoder: Any, prompt: list[int], count: int, drafts: int, ahead: int, latency_s: float
) -> Shown:
    cache, begun = decoder.empty_cache(), time.monotonic()
    text, shown = list(prompt), list(prompt)  # what is confirmed, and what the reader sees
    flying: deque[list[int]] = deque()
    verdicts: deque[tuple[float, int, int]] = deque()
    batch: list[int] = []
    first = 0.0
    drafted = revoked = rejections = epoch = 0
    while len(text) < len(prompt) + count:
        while link.poll(0):
            verdicts.append(link.recv())
        if verdicts and time.monotonic() >= verdicts[0][0] + latency_s:
            _, kept, token = verdicts.popleft()
            checked = flying.popleft()
            text += checked[:kept]
            if kept < len(checked):
                text.append(token)
                revoked, rejections, epoch = revoked + len(shown) - len(text) + 1, rejections + 1, epoch + 1
                shown, batch = list(text), []
                flying.clear()
                shorten(cache, len(text) - 1)
            continue
        if len(flying) >= ahead:
            time.sleep(1e-4)
            continue
        fed = shown[len(cache[0][0]) :]
        token = int(np.argmax(step(decoder, [(fed, cache)])[0]))
        if first == 0.0:
            first = time.monotonic() - begun
        shown.append(token)
        batch.append(token)
        drafted += 1
        if len(batch) == drafts:
            link.send((time.monotonic(), epoch, batch))
            flying.append(batch)
            batch = []
        _wait(time.monotonic() + TOKEN_S)
    done = time.monotonic() - begun
    end = len(prompt) + count
    return Shown(
        text=text[len(prompt) : end],
        first_s=first,
        done_s=done,
        drafted=drafted,
        revoked=revoked,
        rejections=rejections,
    )


def _wait(until: float) -> None:
    time.sleep(max(until - time.monotonic(), 0.0))

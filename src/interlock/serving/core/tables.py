"""Reading the clock's tables; plain arithmetic over one flat column, so that it compiles and runs as it is.

keeps:   between two knots of the context a decode step is affine in it; `decode_line` says the line and where it ends.
symbols: t begins with the place and the length of its parts, in the order of `PARTS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PARTS: Final = ("tokens", "linear", "head", "contexts", "attend", "news", "fill", "beside")
TOKENS: Final = 0  # knots: 1, 2, 3 ... while dense
LINEAR: Final = 1  # at each of `tokens`
HEAD: Final = 2  # at 0, 1, 2 ... rows
CONTEXTS: Final = 3  # knots of the mean context
ATTEND: Final = 4  # (sequences from 1, contexts)
NEWS: Final = 5  # knots of new tokens in a chunk
FILL: Final = 6  # (news, contexts)
BESIDE: Final = 7  # one number: decoding in a step with a chunk, over decoding alone
SIZE: Final = len(PARTS)


def pack(parts: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """One quantity (seconds or joules) of a step as one flat column; `interlock.serving.clock` says of what."""
    flat = [np.ravel(np.asarray(parts[name], dtype=float)) for name in PARTS]
    sizes = [part.size for part in flat]
    places = 2 * SIZE + np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.concatenate([places.astype(float), np.asarray(sizes, dtype=float), *flat])


def cell(t: Any, at: int, size: int, value: float) -> int:
    """The interval of increasing knots that holds a value; the last one beyond them."""
    low, high = 0, size - 1
    while high - low > 1:
        middle = (low + high) // 2
        if t[at + middle] <= value:
            low = middle
        else:
            high = middle
    return low


def token_cost(t: Any, tokens: int, rows: int) -> float:
    """What works token by token, and the head for the rows that need logits."""
    spent = t[int(t[HEAD]) + min(rows, int(t[SIZE + HEAD]) - 1)]
    if tokens < 1:
        return float(spent)
    at, linear, size = int(t[TOKENS]), int(t[LINEAR]), int(t[SIZE + TOKENS])
    if tokens <= size and t[at + tokens - 1] == tokens:
        return float(spent + t[linear + tokens - 1])
    i = cell(t, at, size, tokens)
    share = (tokens - t[at + i]) / (t[at + i + 1] - t[at + i])
    return float(spent + t[linear + i] + share * (t[linear + i + 1] - t[linear + i]))


def chunk_cost(t: Any, new: int, before: int) -> float:
    """Attention of one chunk of a prompt, with the launches that several chunks share."""
    news, contexts, width = int(t[NEWS]), int(t[CONTEXTS]), int(t[SIZE + CONTEXTS])
    i, j = cell(t, news, int(t[SIZE + NEWS]), new), cell(t, contexts, width, before)
    x = (new - t[news + i]) / (t[news + i + 1] - t[news + i])
    y = (before - t[contexts + j]) / (t[contexts + j + 1] - t[contexts + j])
    low = int(t[FILL]) + i * width + j
    high = low + width
    lower = t[low] + y * (t[low + 1] - t[low])
    upper = t[high] + y * (t[high + 1] - t[high])
    return float(lower + x * (upper - lower))


def decode_line(t: Any, decodes: int, mean: float) -> tuple[float, float, float]:
    """Attention of a decode step at a mean context, its growth a token, and the context up to which that holds."""
    contexts, width = int(t[CONTEXTS]), int(t[SIZE + CONTEXTS])
    j = cell(t, contexts, width, mean)
    at = int(t[ATTEND]) + (decodes - 1) * width + j
    slope = (t[at + 1] - t[at]) / (t[contexts + j + 1] - t[contexts + j])
    return t[at] + slope * (mean - t[contexts + j]), slope, t[contexts + j + 1]


def mixed_cost(t: Any, decodes: int, context: float, tokens: int, chunks: int, filled: float) -> float:
    """Any step: `tokens` of prompts in `chunks`, whose attention is `filled`, beside the decoding sequences."""
    spent = token_cost(t, decodes + tokens, decodes + chunks)
    if decodes > 0:
        attended = decode_line(t, decodes, context / decodes)[0]
        spent += attended * t[int(t[BESIDE])] if chunks > 0 else attended
    if chunks > 0:
        spent += filled - (chunks - 1) * t[int(t[FILL])]
    return float(spent)

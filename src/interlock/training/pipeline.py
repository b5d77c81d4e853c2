"""Time of a pipeline of stages, one forward one backward (1F1B), plain or with interleaved model chunks.

source:  Narayanan et al. 2021 (SC), section 2.2: bubble (p - 1) (t_f + t_b) / v beside the ideal m (t_f + t_b).
symbols: p stages, m micro batches, v chunks a stage.
keeps:   equal stages give the closed form; with unequal ones the slowest sets the pace of the steady state.
"""

from __future__ import annotations

import numpy as np

from interlock.operators import Array


def bubble_ratio(stages: Array, microbatches: Array, chunks: Array = 1) -> Array:
    """Idle time over ideal time, (p - 1) / (v m)."""
    found: Array = (np.asarray(stages) - 1.0) / (np.asarray(chunks) * np.asarray(microbatches))
    return found


def pipelined(slowest: Array, through_all: Array, microbatches: Array, chunks: Array = 1) -> Array:
    """Seconds for all micro batches.

    Args:
        slowest: seconds of one micro batch, forward and backward, on the slowest stage.
        through_all: the same, summed over all stages.
        microbatches: how many follow each other.
        chunks: model chunks of a stage; the first micro batch reaches the last stage so much sooner.
    """
    return microbatches * slowest + (through_all - slowest) / np.asarray(chunks)

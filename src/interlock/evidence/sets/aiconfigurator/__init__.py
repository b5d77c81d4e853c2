"""AIConfigurator's measured database: kernels, collectives, board power and whole runs of three serving engines.

Each module reads the tables of one family. Latencies of kernels are of one call on one chip, in CUDA graphs, with the
cache cold.
"""

from __future__ import annotations

from pathlib import Path

from interlock.evidence.measurement import Measurements
from interlock.evidence.sets.aiconfigurator import (
    attention,
    collectives,
    elementwise,
    exchange,
    experts,
    latent_attention,
    matmul,
    power,
    requests,
    scan,
)
from interlock.evidence.sets.aiconfigurator.tables import LICENCE
from interlock.evidence.store import About

ABOUT = About(
    title="AIConfigurator: measured operators of LLM serving",
    origin="PyPI aiconfigurator-core 0.12.0; github.com/ai-dynamo/aiconfigurator",
    licence=LICENCE,
)


def read(folder: Path) -> list[Measurements]:
    """Every table of operators, and of whole runs where it is there.

    The sparse-attention modules are left out, since no formula of ours stands for them.

    Raises:
        InputError: a file that is not what it must be.
    """
    parts = (matmul, attention, latent_attention, experts, scan, collectives, exchange, elementwise, power, requests)
    return [found for part in parts for found in part.read(folder)]

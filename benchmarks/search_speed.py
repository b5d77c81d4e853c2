"""How many deployments a second Interlock prices, beside one evaluation after the other in llm-analysis.

    make bench                                   # Interlock alone
    python benchmarks/search_speed.py --peer .venv-peers/bin/python

The peer runs in an environment of its own, made once with `python -m venv .venv-peers` and
`.venv-peers/bin/pip install llm-analysis==0.2.2`. Both sides price a Llama of 70 billion parameters, prefill and
decode, in the same run on the same machine; the ratio is the claim, not the seconds. Fails when a million deployments
take longer than ten seconds of wall time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from interlock.api import resolve_model
from interlock.hardware import chip
from interlock.models import scheme
from interlock.search import Space, price_space

CHIPS = ("a100-40g", "a100-80g", "h100-sxm", "h200-sxm", "b200-sxm", "mi300x", "gaudi2", "gaudi3", "tpu-v5p", "l40s")
WEIGHTS = (
    "bf16",
    "fp8",
    "int8",
    "int4-g128",
    "int4-g64-asym",
    "nf4-dq",
    "mxfp4",
    "nvfp4",
    "fp6",
    "int3-g64",
    "bf16+2:4",
)
PEER = """
import json, logging, time
logging.disable(logging.CRITICAL)
from llm_analysis.analysis import LLMAnalysis
from llm_analysis.config import (ParallelismConfig, get_dtype_config_by_name, get_gpu_config_by_name,
                                 get_model_config_by_name)
model = get_model_config_by_name("upstage_Llama-2-70b-instruct-v2")
def run(batch):
    analysis = LLMAnalysis(model, get_gpu_config_by_name("a100-sxm-80gb"), get_dtype_config_by_name("w16a16e16"),
                           ParallelismConfig(tp_size=8), flops_efficiency=0.75, hbm_memory_efficiency=0.85)
    return analysis.inference(batch_size_per_gpu=batch, seq_len=1155, num_tokens_to_generate=211)
run(1)
started, count = time.perf_counter(), 0
while time.perf_counter() - started < 3.0:
    run(1 + count % 32)
    count += 1
print(json.dumps({"evaluations": count, "seconds": time.perf_counter() - started}))
"""


def space(batches: int) -> Space:
    """A space of ten chips, 22 schemes, cuts up to 32 chips a replica and a column of batches."""
    wide = [scheme(weight, "bf16", kv) for weight in WEIGHTS for kv in ("bf16", "fp8")]
    model = resolve_model("llama-3.1-70b")
    return Space(
        model=model,
        chips=tuple(chip(name) for name in CHIPS),
        prices=(None,) * len(CHIPS),
        spill_bytes=(0.0,) * len(CHIPS),
        schemes=tuple(wide),
        tensor=(1, 2, 4, 8),
        expert=(1,),
        pipeline=(1, 2, 4, 5, 8),
        batches=tuple(range(1, batches + 1)),
        prompt=1155,
        output=211,
    )


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--peer", type=Path, help="the Python of an environment that has llm-analysis")
    arguments.add_argument("--batches", type=int, default=240)
    options = arguments.parse_args()
    candidates = space(options.batches)
    price_space(space(2))
    wall, cpu = time.perf_counter(), time.process_time()
    priced = price_space(candidates)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rate = candidates.size / wall
    assert priced.ttft.shape == candidates.shape
    print(
        f"interlock     {candidates.size:>9,} deployments, {wall:.2f} s wall, {cpu:.2f} s CPU: {rate:>11,.0f} a second"
    )
    if options.peer is not None:
        output = subprocess.run([options.peer, "-c", PEER], check=True, capture_output=True, text=True).stdout
        peer = json.loads(output.strip().splitlines()[-1])
        peer_rate = peer["evaluations"] / peer["seconds"]
        work = f"{peer['evaluations']:>9,} evaluations, {peer['seconds']:.2f} s wall"
        print(f"llm-analysis  {work}: {peer_rate:>11,.0f} a second")
        print(f"ratio         {rate / peer_rate:,.0f} times")
    within = candidates.size >= 1_000_000 and wall < 10.0
    print("pass" if within else "FAIL", "(at least 1,000,000 deployments in under 10 s)")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())

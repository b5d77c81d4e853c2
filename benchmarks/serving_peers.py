"""The same trace through Interlock's simulator and through AISimulate: requests per CPU second, and what both say.

    python benchmarks/serving_peers.py --peer .venv-peers/bin/aisimulate

The peer runs in an environment of its own, made once with `python -m venv .venv-peers` and
`.venv-peers/bin/pip install --pre aisimulate` (0.13 was tried; what is published without `--pre` installs nothing by
itself). Conversations as in Azure's trace of 2023 (generator `azure-conv`) on one H100 with Llama 3.1 8B, written as a
Mooncake trace whose prompts share nothing. Each side is a process of its own that is timed whole, once with few
requests and once with many: the difference is the simulation, without start-up, imports and tables. The figures stand
beside each other to show that both did the same work, not which of them is right. Fails when Interlock simulates fewer
than 35 times the peer's requests per CPU second.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from csv import DictReader
from pathlib import Path

from interlock.workloads.traffic import traffic

WANTED = 35.0  # times the peer's
RATE = 6.0
PREDICTION = """engine:
  mode: aggregated
  model: meta-llama/Meta-Llama-3.1-8B
  hardware: h100_sxm
  backend: vllm
  workers:
    aggregated: {}
traffic:
  source: {type: trace, paths: [PATH], format: mooncake, block_size: 512}
  load: {type: trace_timestamps}
"""


def write_trace(path: Path, count: int) -> None:
    """The first requests of one sequence, each block of a prompt its own."""
    found = traffic("azure-conv", count=count, rate=RATE)
    used = 0
    with path.open("w") as file:
        for arrival, prompt, output in zip(found.arrival_s, found.prompt, found.output, strict=True):
            blocks = -(-int(prompt) // 512)
            row = {"timestamp": int(1000 * arrival), "input_length": int(prompt), "output_length": int(output),
                   "hash_ids": list(range(used, used + blocks))}  # fmt: skip
            used += blocks
            file.write(json.dumps(row) + "\n")


def cpu_seconds(command: list[str], where: Path) -> float:
    """CPU seconds of a process and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=where, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def peer(program: Path, trace: Path, where: Path) -> tuple[float, dict[str, float]]:
    """CPU seconds, and milliseconds that it predicts."""
    config = where / f"{trace.stem}.yaml"
    config.write_text(PREDICTION.replace("PATH", str(trace)))
    out = where / f"{trace.stem}-out"
    spent = cpu_seconds([str(program), "predict", "--config", str(config), "--output-dir", str(out)], where)
    told = json.loads((out / "prediction.json").read_text())
    assert told["completed_requests"] == told["num_requests"]
    return spent, {name: told[f"{name}_ms"] for name in ("median_ttft", "p99_ttft", "median_itl", "mean_tpot")}


def own(trace: Path, where: Path) -> tuple[float, dict[str, float]]:
    """The same of Interlock, through its command."""
    csv = where / f"{trace.stem}.csv"
    flags = ["--model", "llama-3.1-8b", "--chip", "h100-sxm", "--policy", "sarathi-serve:token_budget=8192"]
    command = [sys.executable, "-m", "interlock", "simulate", *flags, "--trace", str(trace), "--no-band"]
    spent = cpu_seconds([*command, "--csv", str(csv)], where)
    with csv.open() as file:
        told = next(DictReader(file))
    return spent, {name: float(told[f"{name}_ms"]) for name in ("median_ttft", "p99_ttft", "median_itl", "mean_tpot")}


def main(program: Path, few: int, many: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        traces = {count: where / f"trace-{count}.jsonl" for count in (few, many, 10 * many)}
        for count, path in traces.items():
            write_trace(path, count)
        own(traces[10 * many], where)  # compiles once, which is kept
        theirs = {count: peer(program, traces[count], where) for count in (few, many)}
        ours = {count: own(traces[count], where) for count in (few, many, 10 * many)}
    pace = (many - few) / (theirs[many][0] - theirs[few][0])
    mine = 9 * many / (ours[10 * many][0] - ours[many][0])
    print(f"AISimulate {pace:12,.0f} requests/CPU s; {few:,} requests with start-up: {theirs[few][0]:.1f} CPU s")
    print(f"Interlock  {mine:12,.0f} requests/CPU s; {few:,} requests with start-up: {ours[few][0]:.1f} CPU s")
    for name, value in theirs[many][1].items():
        print(f"{name:12} AISimulate {value:7.2f} ms, Interlock {ours[many][1][name]:7.2f} ms")
    print(f"{mine / pace:.0f} times as many requests per CPU second, reading the trace included on both sides")
    if mine < WANTED * pace:
        print(f"FAIL: less than {WANTED:g} times", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--peer", type=Path, required=True, help="the program `aisimulate` of its own environment")
    parser.add_argument("--few", type=int, default=500)
    parser.add_argument("--many", type=int, default=6000)
    given = parser.parse_args()
    sys.exit(main(given.peer.resolve(), given.few, given.many))

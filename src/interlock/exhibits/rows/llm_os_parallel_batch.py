"""LLM OS, parallel batch: independent sub-tasks side by side, so that weights are read once for several tokens."""

from interlock.exhibits.base import Reproduction, above, below, claim, holds, reproduction, within
from interlock.exhibits.engine import alone, sample, serve
from interlock.exhibits.serving import clock
from interlock.hardware import chip
from interlock.serving.registry import policy
from interlock.serving.task_graphs import Task, run_graph

CLAIM = claim(
    "independent sub-tasks are grouped into a parallel batch", "the mobile slides, re-ordering and parallel batch"
)
MISSING = "the gain measured on a CPU: a product of a few rows first copies the weights into another order there"
PHONE = "dimensity-9300"


def gain(count: int) -> float:
    """Time of independent tasks one after the other over that of one batch, on a phone; short prompts, long answers."""
    steps = clock("llama-3.2-1b", PHONE, 64)
    tasks = [Task(prompt=8, output=64) for _ in range(count)]
    serial, batch = (
        max(run_graph(tasks, steps, policy("orca+paged", max_num_seqs=seats), 20_000).finish_s) for seats in (1, count)
    )
    return serial / batch


def run() -> Reproduction:
    """Texts of a real decoder in a batch; the gain of k tasks against k and the ridge of a phone."""
    decoder, prompts, outputs, _ = sample()
    found = serve(decoder, prompts, outputs, "orca+paged", kv_tokens=4000, max_num_seqs=16)
    device = chip(PHONE)
    ridge = (device.peak("fp16") or 0.0) / (device.memories["main"].bandwidth or 1.0)
    chained = [Task(prompt=8, output=64, after=(i - 1,) if i else ()) for i in range(4)]
    steps, rule = clock("llama-3.2-1b", PHONE, 64), policy("orca+paged", max_num_seqs=4)
    one = max(run_graph(chained[:1], steps, rule, 20_000).finish_s)
    return reproduction(
        holds(
            "texts of 16 prompts in one batch are those of each alone", found.texts == alone(decoder, prompts, outputs)
        ),
        within("gain of 2 independent tasks, below the ridge", 2.0, gain(2), 0.1),
        within("of 8", 8.0, gain(8), 0.15),
        above("of 64, still more", gain(8), gain(64)),
        below("and never more than the ridge allows", max(ridge, 64.0), gain(64)),
        within(
            "a chain of four gains nothing", 4.0, max(run_graph(chained, steps, rule, 20_000).finish_s) / one, 0.001
        ),
    )

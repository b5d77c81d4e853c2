"""Fit the shipped traffic generators to public traces that you have: python benchmarks/fit_traces.py FOLDER.

FOLDER holds `azure_llm_2023` and `mooncake_fast25`, as for `interlock validate`; writes
src/interlock/data/traces/*.toml.
"""

from __future__ import annotations

import sys
from pathlib import Path

from interlock.catalogue import DATA
from interlock.workloads.fitting import fit
from interlock.workloads.generator import Generator
from interlock.workloads.traces import read_trace

AZURE = "Azure LLM inference trace 2023, {}: Patel et al., Splitwise, ISCA 2024; Azure/AzurePublicDataset, CC-BY 4.0"
MOONCAKE = "Mooncake conversation trace: Qin et al., FAST 2025; kvcache-ai/Mooncake, Apache-2.0"
TRACES = {
    "azure-conv": ("azure_llm_2023/conv.csv.gz", "Conversations with an assistant, Azure 2023",
                   AZURE.format("conversation"), ["azure-conv-2023", "azure-conversation"]),
    "azure-code": ("azure_llm_2023/code.csv.gz", "Code completion, Azure 2023", AZURE.format("code"),
                   ["azure-code-2023"]),
    "mooncake": ("mooncake_fast25/conversation_trace.jsonl.gz", "Long conversations that share prefixes, Kimi 2024",
                 MOONCAKE, ["mooncake-conversation"]),
}  # fmt: skip


def toml(made: Generator, aliases: list[str], ref: str) -> str:
    def row(values: tuple[float, ...]) -> str:
        return (
            "[" + ", ".join(f"{value:.4g}" if value < 1e4 and value % 1 else f"{value:.0f}" for value in values) + "]"
        )

    lines = [
        "# Made by benchmarks/fit_traces.py; levels are those of interlock.workloads.quantiles, gaps in microseconds.",
        f'title = "{made.title}"',
        "aliases = [" + ", ".join(f'"{alias}"' for alias in aliases) + "]",
        f"rate = {made.rate:.4g}",
        f"gap = {{ quantiles = {row(made.gap.quantiles)} }}",
        f"prompt = {{ quantiles = {row(made.prompt.quantiles)} }}",
        "outputs = [",
        *(f"  {{ quantiles = {row(part.quantiles)} }}," for part in made.outputs),
        "]",
        "",
    ]
    if made.sharing:
        s = made.sharing
        lines += [
            "[sharing]",
            f"block_tokens = {s.block_tokens}",
            f"trunk_share = {s.trunk_share:.4g}",
            f"follow_share = {s.follow_share:.4g}",
            f"followed = {row(s.followed)}",
            "",
        ]
    lines += ["[distance] # Kolmogorov-Smirnov; lengths against the half of the trace that the fit did not see"]
    lines += [f"{name} = {value:g}" for name, value in made.distance.items()]
    note = "fitted to every second request; the rate is the whole trace's"
    lines += ["", "[sources]"]
    for field in ("rate", "gap", "prompt", "outputs", "sharing", "distance"):
        if field != "sharing" or made.sharing:
            lines.append(f'{field} = {{ kind = "measured by others", ref = "{ref}", note = "{note}" }}')
    return "\n".join(lines) + "\n"


def main(folder: Path) -> None:
    for name, (place, title, ref, aliases) in TRACES.items():
        made = fit(read_trace(folder / place), id=name, title=title, sources={})
        (DATA / "traces" / f"{name}.toml").write_text(toml(made, aliases, ref), encoding="utf-8")
        print(name, made.distance)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

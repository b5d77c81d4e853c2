"""The line that starts a deployment, for the engine that runs on its chip."""

from __future__ import annotations

from interlock.inference.estimate import Estimate
from interlock.report.launch.line import Launch
from interlock.report.launch.llama import llama_launch, llama_runs_on
from interlock.report.launch.vllm import vllm_launch, vllm_runs_on

__all__ = ["Launch", "launch_command"]


def launch_command(estimate: Estimate) -> Launch | None:
    """The command that starts a deployment; None where it would not run, or where no engine can be told to."""
    if not estimate.feasible:
        return None
    if vllm_runs_on(estimate.request.chip):
        return vllm_launch(estimate)
    return llama_launch(estimate) if llama_runs_on(estimate.request.chip) else None

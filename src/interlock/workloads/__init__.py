"""Request shapes: how long prompts and answers are."""

from interlock.workloads.workload import Workload, names, workload

__all__ = ["Workload", "names", "workload"]

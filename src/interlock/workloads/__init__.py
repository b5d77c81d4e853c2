"""Request shapes, arrivals and traces: how long prompts and answers are, when they come, what they share."""

from interlock.workloads.requests import Requests, requests
from interlock.workloads.workload import Workload, names, workload

__all__ = ["Requests", "Workload", "names", "requests", "workload"]

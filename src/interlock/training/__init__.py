"""One step of training a decoder on many chips: its time, and the memory it needs."""

from interlock.training.job import Job
from interlock.training.memory import TrainingMemory, memory_plan
from interlock.training.pipeline import bubble_ratio
from interlock.training.stack import TrainingStack, training_stacks
from interlock.training.step import StepTime, StepWork, step_work, train_step

__all__ = [
    "Job",
    "StepTime",
    "StepWork",
    "TrainingMemory",
    "TrainingStack",
    "bubble_ratio",
    "memory_plan",
    "step_work",
    "train_step",
    "training_stacks",
]

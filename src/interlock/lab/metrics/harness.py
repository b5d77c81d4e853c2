"""Tasks of the LM Evaluation Harness, where it and their data are installed.

source: Gao et al., A framework for few-shot language model evaluation (the package lm-eval)
keeps:  nothing is fetched: data that is not on this machine ends in one line. Each sample's score is kept, so that
        intervals and paired differences are drawn as for every other figure.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import torch

from interlock.errors import InputError, shown

_METRICS: Final = ("acc_norm", "acc", "exact_match")  # of a sample, the first that a task has
PREFIX: Final = "task "


def check_harness(tasks: Sequence[str]) -> None:
    """Whether the harness is there.

    Raises:
        InputError: it is not.
    """
    if tasks and find_spec("lm_eval") is None:
        raise InputError("--harness", "no package lm-eval", "pip install lm-eval, with the data of its tasks")


def harness_scores(model: torch.nn.Module, tokenizer: Any, tasks: Sequence[str], limit: int) -> dict[str, list[float]]:
    """Each sample's score, by "task NAME, METRIC".

    Args:
        model: as it is or changed.
        tokenizer: its own.
        tasks: names of the harness, or paths of YAML files that describe one.
        limit: samples of a task.

    Raises:
        InputError: an unknown task, or one whose data is not here.
    """
    check_harness(tasks)
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        os.environ.setdefault(name, "1")
    from lm_eval import simple_evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    files = [Path(each) for each in tasks if each.endswith((".yaml", ".yml"))]
    names = [_named(Path(each)) if each.endswith((".yaml", ".yml")) else each for each in tasks]
    manager = TaskManager(include_path=[str(each.resolve().parent) for each in files] or None)
    unknown = [each for each in names if each not in manager.all_tasks]
    if unknown:
        raise InputError("--harness", shown(unknown[0]), "a task that `lm-eval ls tasks` lists, or a YAML file of one")
    try:
        found = simple_evaluate(
            model=HFLM(pretrained=model, tokenizer=tokenizer, batch_size=8, device="cpu"),
            tasks=names,
            task_manager=manager,
            limit=limit,
            log_samples=True,
            bootstrap_iters=0,
        )
    except Exception as error:  # of many libraries, when data is not on this machine
        text = str(error).strip().split("\n")[0] or type(error).__name__
        raise InputError("--harness", shown(text, 140), "tasks whose data is on this machine") from None
    return dict(_scores(name, samples) for name, samples in sorted(found["samples"].items()))


def _scores(name: str, samples: Sequence[dict[str, Any]]) -> tuple[str, list[float]]:
    metric = next((each for each in _METRICS if each in samples[0]), None)
    if metric is None:
        raise InputError("--harness", f"{name}, whose samples have no {' or '.join(_METRICS)}", "a task with one")
    ordered = sorted(samples, key=lambda each: int(each["doc_id"]))
    return f"{PREFIX}{name}, {metric}", [float(each[metric]) for each in ordered]


def _named(file: Path) -> str:
    """The task that a YAML file describes."""
    import yaml

    try:
        told = yaml.safe_load(file.read_text(encoding="utf-8"))
        return str(told["task"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, KeyError) as error:
        raise InputError("--harness", f"{file}: {type(error).__name__}", "a YAML file that names its task") from None

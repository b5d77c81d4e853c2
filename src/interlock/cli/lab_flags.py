"""Flags that the lab's commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from interlock.cli.flags import Whole, listed
from interlock.errors import InputError
from interlock.lab.extras import require_lab

if TYPE_CHECKING:
    from interlock.lab.quality.study import Study

Settings = Annotated[list[str], Parameter(name="--set", negative="", show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class JudgeFlags:
    """A model, and the text that it is calibrated on and judged by."""

    model: str = "interlock-2.8m"
    """interlock-2.8m (shipped), smollm2-135m (extra lab-models), a Hugging Face folder, or a .gguf file."""
    text: str | None = None
    """A text file or a folder of .txt files; what `make corpus` fetched if absent, else a small shipped sample."""
    tokens: Whole = 8192
    """Tokens to judge by."""
    calibration_tokens: Whole = 8192
    """Tokens to calibrate on; 4 times the widest layer or more for methods of second order."""
    questions: Whole = 64
    """Questions with four answers, built from the text; 0 for none."""
    context: Whole = 0
    """Tokens of a window; 512, or what the model is made for, if 0."""
    harness: str | None = None
    """Tasks of the LM Evaluation Harness, separated by commas: names, or YAML files; needs lm-eval and their data."""
    harness_limit: Whole = 100
    """Samples of each task of the harness."""
    seed: Whole = 0
    """Of what is drawn: calibration windows, questions, bootstrap."""

    def study(self, advance: Callable[[str, int, int], None]) -> Study:
        """The model and the text, ready to measure.

        Raises:
            InputError: a model, text or size that is not accepted.
            MissingExtraError: PyTorch or a model's package is not installed.
        """
        for flag, value, least in (
            ("--tokens", self.tokens, 1),
            ("--calibration-tokens", self.calibration_tokens, 1),
            ("--questions", self.questions, 0),
            ("--context", self.context, 0),
            ("--harness-limit", self.harness_limit, 1),
            ("--seed", self.seed, 0),
        ):
            if value < least:
                raise InputError(flag, str(value), f"a whole number from {least}")
        if 0 < self.context < 16:
            raise InputError("--context", str(self.context), "at least 16 tokens, or 0 for the model's own")
        require_lab()
        from interlock.lab.models.named import find_model
        from interlock.lab.quality.study import Settings as StudySettings
        from interlock.lab.quality.study import Study

        settings = StudySettings(
            text=self.text,
            tokens=self.tokens,
            calibration_tokens=self.calibration_tokens,
            questions=self.questions,
            context=self.context,
            seed=self.seed,
            harness=tuple(listed(self.harness, "--harness") or ()),
            harness_limit=self.harness_limit,
        )
        return Study(find_model(self.model), settings, advance)

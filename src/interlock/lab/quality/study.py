"""One model, one text, one seed: the original's quality and that of any technique beside it.

keeps: what is known is not measured again; the model is loaded anew for every technique, so that none sees another's
       changes; the original's log-probabilities are computed when the first technique needs them, and only then.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from time import process_time
from typing import Any, Final

import numpy as np
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerFast

import interlock
from interlock.evidence.quality import ORIGINAL, QualityRecord, Subject, keep, known
from interlock.lab.corpus import evaluation_text
from interlock.lab.metrics.choices import Question, answer, make_questions
from interlock.lab.metrics.harness import check_harness, harness_scores
from interlock.lab.metrics.scores import log_probabilities, score
from interlock.lab.metrics.windows import Windows, cut_windows, draw_windows, joined
from interlock.lab.models.folder import ModelFolder
from interlock.lab.quality.asked import technique_label, technique_modules, technique_name, technique_parameters
from interlock.lab.quality.code_version import code_version
from interlock.lab.quality.figures import distances, own_figures
from interlock.lab.quality.fitting import check_groups
from interlock.lab.text import Text
from interlock.surgery.calibration import Calibration
from interlock.surgery.outliers import inject
from interlock.surgery.stored import stored_bytes
from interlock.techniques.base import Technique

PAIRED_TOKENS: Final = 2048  # on which distances from the original are measured
_METRICS: Final = ("interlock.lab.metrics.scores", "interlock.lab.metrics.choices", "interlock.lab.quality.figures")

_LOSSLESS: Final = "lossless here: no token's likelihood changed, so what is stored gives back what was there"

Progress = Callable[[str, int, int], None]  # what is being done, how much of it, of how much


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to judge. Tokens are of the model's own tokenizer; `context` 0 is the model's own."""

    text: str | None = None
    tokens: int = 8192
    calibration_tokens: int = 8192
    questions: int = 64
    context: int = 0
    seed: int = 0
    harness: tuple[str, ...] = ()
    harness_limit: int = 100
    outliers: float = 0.0  # the factor of the stress test, which changes no output; 0 for none


def calibration_of(text: Text, tokenizer: PreTrainedTokenizerFast, context: int, settings: Settings) -> Calibration:
    """Calibration tokens from their own slice of the text.

    Raises:
        InputError: the slice is too short.
    """
    wanted, seed = settings.calibration_tokens, settings.seed
    drawn = draw_windows(text.part("calibration"), tokenizer, context=context, tokens=wanted, seed=seed)
    return Calibration(tokens=drawn, seed=seed)


class Study:
    """Measures techniques on a model.

    Args:
        folder: the model.
        settings: the text, how much of it, and the seed.
        progress: told what is being done.
    """

    def __init__(self, folder: ModelFolder, settings: Settings, progress: Progress | None = None) -> None:
        check_harness(settings.harness)
        self.folder, self.settings = folder, settings
        self.progress = progress or (lambda what, done, total: None)
        self.tokenizer: PreTrainedTokenizerFast = folder.tokenizer()
        self.text = evaluation_text(settings.text)
        self.context = settings.context or folder.context()
        self.windows: Windows = cut_windows(
            self.text.part("test"), self.tokenizer, context=self.context, tokens=settings.tokens, flag="--tokens"
        )
        self.calibration = calibration_of(self.text, self.tokenizer, self.context, settings)
        self.questions: list[Question] = make_questions(
            joined(self.text.part("test")), settings.questions, settings.seed
        )
        self.fingerprint = folder.fingerprint() + (f"+outliers{settings.outliers:g}" if settings.outliers else "")

    def load(self) -> PreTrainedModel:
        """The model as it is before any technique; with outliers injected, if they are asked for."""
        model = self.folder.load()
        if self.settings.outliers:
            inject(model, factor=self.settings.outliers)
        return model

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the model."""
        stressed = (
            f"a stress test: 1 % of the features of every norm multiplied by {self.settings.outliers:g}, the weights "
        )
        told = (self.folder.note, f"{stressed}that read them divided" if self.settings.outliers else "")
        return tuple(note for note in told if note)

    def subject(self, technique: Technique | None) -> Subject:
        """What a record of the technique (None: of the original) is of."""
        more = (self.settings.harness, self.settings.harness_limit) if self.settings.harness else ""
        asked = hashlib.sha256(f"{self.questions!r}{more}".encode()).hexdigest()[:16]
        modules = _METRICS if technique is None else (*_METRICS, *technique_modules(technique))
        tokens = self.calibration.tokens
        drawn = hashlib.sha256(f"{tuple(tokens.shape)}".encode() + tokens.numpy().tobytes()).hexdigest()[:16]
        return Subject(
            model=self.fingerprint,
            technique=ORIGINAL if technique is None else technique_name(technique),
            parameters={} if technique is None else technique_parameters(technique),
            test=self.windows.fingerprint,
            questions=asked,
            calibration="" if technique is None else drawn,
            seed=self.settings.seed,
            code=code_version(*modules),
        )

    @cached_property
    def original(self) -> QualityRecord:
        """The quality of the model as it is."""
        subject = self.subject(None)
        found = known(subject)
        if found is not None:
            return found
        model = self.load()
        sums, speed, seconds = self._measure(model, None)
        record = self._record(
            subject,
            "original",
            calibration_tokens=0,
            sums=sums,
            figures=own_figures(sums, self.settings.seed),
            stored=stored_bytes(model),
            seconds={"measure": seconds},
            tokens_per_s=speed,
            notes=self.notes,
        )
        keep(record)
        return record

    @cached_property
    def _original_says(self) -> Tensor:
        self.progress("reading the original", 0, 1)
        return log_probabilities(self.load(), self.windows, PAIRED_TOKENS)

    def measure(self, technique: Technique) -> QualityRecord:
        """The quality that a technique leaves; from the store if it is known.

        Raises:
            InputError: a parameter that does not fit the model.
            UnsupportedError: the technique is predicted only.
        """
        subject = self.subject(technique)
        found = known(subject)
        if found is not None:
            return found
        model = self.load()
        check_groups(model, technique)
        original = self.original
        says = self._original_says
        self.progress(f"applying {technique.title}", 0, 1)
        applied = technique.apply(model, self.calibration)
        sums, speed, seconds = self._measure(applied.model, says)
        seed = self.settings.seed
        record = self._record(
            subject,
            technique_label(technique),
            calibration_tokens=self.calibration.count,
            sums=sums,
            figures={**own_figures(sums, seed), **distances(sums, original.sums, seed)},
            stored=applied.stored,
            effects=tuple((type(each).__name__, _effect_text(each)) for each in applied.effects),
            layers=len(applied.layers),
            seconds={"apply": applied.seconds, "measure": seconds},
            tokens_per_s=speed,
            notes=(*self.notes, *applied.notes, *((_LOSSLESS,) if sums["nats"] == original.sums["nats"] else ())),
        )
        keep(record)
        return record

    def _measure(self, model: Any, says: Tensor | None) -> tuple[dict[str, list[float]], float, float]:
        began = process_time()
        scores = score(model, self.windows, says, lambda done, total: self.progress("reading test text", done, total))
        answers = (
            answer(model, self.tokenizer, self.questions, lambda done, total: self.progress("answering", done, total))
            if self.questions
            else np.zeros(0)
        )
        names = ("nats", "tokens", "bytes", "words", "words_foretold", "divergence", "agreements")
        sums = {name: getattr(scores, name).tolist() for name in names}
        sums["answers"] = answers.tolist()
        if self.settings.harness:
            self.progress("tasks of the harness", 0, 1)
            sums |= harness_scores(model, self.tokenizer, self.settings.harness, self.settings.harness_limit)
        return sums, scores.tokens_per_s, process_time() - began

    def _record(self, subject: Subject, label: str, **parts: Any) -> QualityRecord:
        return QualityRecord(
            subject=subject,
            model=self.folder.name,
            label=label,
            source=self.text.source,
            context=self.context,
            test_tokens=self.windows.tokens.numel(),
            release=interlock.__version__,
            made=datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
            **{"effects": (), "layers": 0, **parts},
        )


def _effect_text(effect: Any) -> str:
    return ", ".join(str(value) for value in asdict(effect).values())

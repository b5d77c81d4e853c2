"""`interlock lab quality`: what one technique costs in quality, measured beside the original."""

from __future__ import annotations

from typing import TYPE_CHECKING

from interlock.cli.flags import Switch, Whole
from interlock.cli.lab_flags import JudgeFlags, Settings
from interlock.cli.lab_progress import steps
from interlock.cli.show import heading, line, pairs, print_json, table
from interlock.evidence.quality import QualityRecord
from interlock.evidence.quality_rows import interval_text, percent_text, quality_row
from interlock.units import show

if TYPE_CHECKING:
    from interlock.lab.quality.predicted import PredictedDecode

_OWN = {"perplexity": "perplexity", "bits_per_byte": "bits per byte"}
_SHARES = {"cloze_accuracy": "words foretold", "choice_accuracy": "right of 4 answers"}
_APART = {
    "perplexity_loss": "more perplexity",
    "agreement": "same likeliest token",
    "cloze_change": "words foretold",
    "choice_change": "right of 4 answers",
}


def quality(
    flags: JudgeFlags | None = None,
    *,
    technique: str | None = None,
    bits: Whole | None = None,
    group_size: Whole | None = None,
    settings: Settings | None = None,
    chip: str = "jetson-orin-nano-8g",
    json: Switch = False,
) -> None:
    """Apply a technique to a real model and measure what it costs, beside the original; kept as evidence.

    Parameters
    ----------
    technique
        A name (`interlock techniques`), with parameters behind a colon if wanted; only the original if absent.
    bits
        Bits of a weight, for techniques that have them.
    group_size
        Weights that share a scale; 0 for a whole row.
    settings
        Another parameter of the technique, as KEY=VALUE; may be repeated.
    chip
        The chip for which the effect on decoding is predicted.
    json
        Print a record instead of text.
    """
    from interlock.lab.extras import require_lab

    require_lab()
    from interlock.lab.quality.asked import asked_technique
    from interlock.lab.quality.predicted import predicted_decode

    asked = asked_technique(technique, bits, group_size, settings or ()) if technique else None
    with steps() as advance:
        study = (flags or JudgeFlags()).study(advance)
        decode = predicted_decode(study.folder, chip, asked.effects() if asked else ())
        record = study.measure(asked) if asked else None  # refuses what does not fit before anything is measured
        original = study.original
    if json:
        shown = [original] if record is None else [original, record]
        print_json([quality_row(each, original, decode_row(decode, each)) for each in shown])
    else:
        _print(original, record, decode)


def decode_row(decode: PredictedDecode, record: QualityRecord) -> dict[str, float | str | None]:
    """The prediction beside a record; the original is what it is compared with."""
    return {
        "predicted_on": decode.chip,
        "predicted_s_per_token": decode.before_s if record.is_original else decode.after_s,
        "predicted_speedup": 1.0 if record.is_original else decode.ratio,
    }


def judged_by(record: QualityRecord) -> str:
    """Which text and how much of it."""
    questions = len(record.sums["answers"])
    asked = f", {questions} questions" if questions else ""
    return f"Judged by {record.test_tokens:,} tokens in windows of {record.context}{asked}; {record.source}."


def _print(original: QualityRecord, record: QualityRecord | None, decode: PredictedDecode) -> None:
    shown = [original] if record is None else [original, record]
    heading(f"{original.model}{f', {record.label}' if record else ''}")
    line(judged_by(original))
    line()
    rows = [[title, *(interval_text(each.figures.get(name)) for each in shown)] for name, title in _OWN.items()]
    rows += [[title, *(percent_text(each.figures.get(name)) for each in shown)] for name, title in _SHARES.items()]
    tasks = [name for name in original.figures if name.startswith("task ")]
    rows += [[name, *(percent_text(each.figures.get(name)) for each in shown)] for name in tasks]
    rows.append(["bits a linear weight", *(f"{each.weight_bits(original):.4g}" for each in shown)])
    rows.append(["weights", *(show(sum(each.stored.values()), "B") for each in shown)])
    table([("", "left"), *((each.subject.technique or "original", "left") for each in shown)], rows)
    if record is not None:
        heading("Beside the original")
        told = [(title, percent_text(record.figures.get(name))) for name, title in _APART.items()]
        told += [(name, percent_text(record.figures.get(f"{name}, change"))) for name in tasks]
        told.insert(1, ("KL divergence", f"{interval_text(record.figures.get('divergence'))} nats a token"))
        pairs([(title, text) for title, text in told if text])
        heading("Cost")
        pairs([*_costs(record), ("decoding", decode_text(decode))])
    for note in (record or original).notes:
        line(f"\n{note[0].upper()}{note[1:]}.")
    line("\nIn brackets: 95 % intervals, from windows drawn again; the differences are paired.")


def _costs(record: QualityRecord) -> list[tuple[str, str]]:
    applied = f"{record.seconds['apply']:.1f} CPU s, {record.calibration_tokens:,} calibration tokens"
    return [("applied in", applied), ("layers", f"{record.layers} changed")]


def decode_text(decode: PredictedDecode) -> str:
    """The predicted effect on one user's decoding."""
    if decode.ratio is None:
        return f"not predicted: {decode.why}"
    times = f"{show(decode.before_s or 0.0, 's')} to {show(decode.after_s or 0.0, 's')} a token"
    return f"predicted {decode.ratio:.3g} times as fast on {decode.chip} ({times}, one user)"

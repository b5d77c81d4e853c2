"""`interlock lab quantize`: apply a technique and write the model."""

from __future__ import annotations

from pathlib import Path

from interlock.catalogue import own_path
from interlock.cli.flags import Switch, Whole
from interlock.cli.lab_flags import Settings
from interlock.cli.lab_progress import steps
from interlock.cli.show import heading, line, pairs, print_json
from interlock.errors import InputError
from interlock.units import show


def quantize(
    *,
    technique: str,
    out: Path,
    model: str = "interlock-2.8m",
    bits: Whole | None = None,
    group_size: Whole | None = None,
    settings: Settings | None = None,
    text: str | None = None,
    calibration_tokens: Whole = 8192,
    context: Whole = 0,
    seed: Whole = 0,
    json: Switch = False,
) -> None:
    """Apply a technique to a model and write safetensors that transformers loads.

    Parameters
    ----------
    technique
        A name (`interlock techniques`), with parameters behind a colon if wanted.
    out
        The folder to write. Must not exist, or be empty.
    model
        interlock-2.8m (shipped), smollm2-135m (extra lab-models), a Hugging Face folder, or a .gguf file.
    bits
        Bits of a weight, for techniques that have them.
    group_size
        Weights that share a scale; 0 for a whole row.
    settings
        Another parameter of the technique, as KEY=VALUE; may be repeated.
    text
        A text file or a folder of .txt files to calibrate on; the fetched corpus or the shipped sample if absent.
    calibration_tokens
        Tokens to calibrate on.
    context
        Tokens of a window; 512, or what the model is made for, if 0.
    seed
        Of the calibration windows.
    json
        Print a record instead of text.
    """
    from interlock.lab.extras import require_lab

    require_lab()
    from interlock.lab.corpus import evaluation_text
    from interlock.lab.models.named import find_model
    from interlock.lab.quality.asked import asked_technique, technique_label, technique_name, technique_parameters
    from interlock.lab.quality.fitting import check_groups
    from interlock.lab.quality.save import save_applied
    from interlock.lab.quality.study import Settings as StudySettings
    from interlock.lab.quality.study import calibration_of

    asked = asked_technique(technique, bits, group_size, settings or ())
    target = own_path(str(out))
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise InputError("--out", f"{out}, which exists", "a folder that does not exist yet, or is empty")
    judged = StudySettings(text=text, calibration_tokens=calibration_tokens, context=context, seed=seed)
    with steps() as advance:
        folder = find_model(model)
        words = evaluation_text(text)
        calibration = calibration_of(words, folder.tokenizer(), context or folder.context(), judged)
        advance(f"applying {asked.title}", 0, 1)
        plain = folder.load()
        check_groups(plain, asked)
        applied = asked.apply(plain, calibration)
        record = {
            "model": folder.name,
            "technique": technique_name(asked),
            "parameters": technique_parameters(asked),
            "calibration": {"text": words.source, "tokens": calibration.count, "seed": seed},
        }
        save_applied(applied, folder, target, record)
    if json:
        print_json({**record, "out": str(target), "stored_bytes": applied.stored, "cpu_s": applied.seconds})
        return
    heading(f"{folder.name}, {technique_label(asked)}")
    pairs(
        [
            ("written", f"{target}, which transformers loads (dequantized, fp32)"),
            ("packed", f"packed/weights.safetensors beside it: {show(sum(applied.stored.values()), 'B')}"),
            ("layers", f"{len(applied.layers)} changed in {applied.seconds:.1f} CPU s"),
            ("calibrated", f"{calibration.count:,} tokens; {words.source}"),
        ]
    )
    for note in applied.notes:
        line(f"\n{note[0].upper()}{note[1:]}.")

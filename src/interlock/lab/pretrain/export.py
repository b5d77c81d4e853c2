"""A finished run as a folder that transformers loads, with its loss curve and a card that says how it was made."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path

import interlock
from interlock.atomic import replacing_folder
from interlock.lab.models.gguf_file import save_plain
from interlock.lab.pretrain.run import Trained
from interlock.lab.text import Text


def export(trained: Trained, text: Text, folder: Path) -> None:
    """Write the model, whole or not at all.

    Raises:
        InputError: the folder exists and is not empty, or cannot be written.
    """
    with replacing_folder(folder) as part:
        save_plain(trained.model, part)
        trained.tokenizer.save_pretrained(part)
        (part / "curve.csv").write_text(curve_csv(trained.curve), encoding="utf-8")
        digest = hashlib.sha256((part / "model.safetensors").read_bytes()).hexdigest()
        record = {
            "recipe": asdict(trained.recipe),
            "text": text.source,
            "documents": {name: len(documents) for name, documents in text.slices.items()},
            "fingerprints": {name: text.fingerprint(name) for name in text.slices if text.slices[name]},
            "curve": trained.curve,
            "sha256": digest,
            "interlock": interlock.__version__,
        }
        (part / "training.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        (part / "README.md").write_text(card(trained, text, digest), encoding="utf-8")


def curve_csv(curve: list[dict[str, float]]) -> str:
    """The loss curve, one row a checkpoint."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(curve[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: f"{value:.6g}" if value % 1 else int(value) for key, value in row.items()} for row in curve)
    return out.getvalue()


def card(trained: Trained, text: Text, digest: str) -> str:
    """The model card."""
    r, last = trained.recipe, trained.curve[-1]
    parameters = sum(weight.numel() for weight in trained.model.parameters())
    documents = ", ".join(f"{name} {len(found)}" for name, found in text.slices.items())
    return f"""# {r.name}

A language model of {parameters:,} parameters, small enough to be tried, quantized and tested in seconds. It knows the
grammar of its corpus and little else: it is there for mechanics and orderings, not for statements about quality.

| | |
| --- | --- |
| architecture | Llama: {r.layers} layers, width {r.hidden}, {r.heads} heads of {r.hidden // r.heads}, \
{r.kv_heads} KV heads, SwiGLU {r.intermediate}, tied embeddings |
| tokenizer | byte-level BPE, {r.vocabulary} tokens, learned from the training slice |
| context | {r.context} tokens |
| text | {text.source} |
| documents, by hash | {documents} |
| tokens seen | {r.tokens:,} in {r.steps:,} steps of {r.batch} x {r.context} |
| optimizer | AdamW, betas {r.beta1} and {r.beta2}, weight decay {r.weight_decay}, gradients clipped at {r.clip} |
| learning rate | {r.learning_rate}, {r.warmup_steps} steps of warm-up, cosine decay over the last {r.decay_share:.0%} |
| precision | fp32, stored as fp32 |
| seed | {r.seed} |
| validation | {last["validation_loss"]:.4f} nats a token, {last["validation_bits_per_byte"]:.4f} bits a byte |
| sha256 of the weights | {digest} |

Made by `interlock lab pretrain`; `training.json` holds the recipe and the hashes of the slices, `curve.csv` the losses.
"""

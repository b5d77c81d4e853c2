"""A changed model as a folder that transformers loads: dequantized weights under the original names, fp32.

keeps: layers compute what the changed ones computed; what a plain linear layer cannot hold (rounding of activations and
       of the KV cache) is named in the record beside the weights.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import save_file

import interlock
from interlock.errors import InputError
from interlock.lab.atomic import replacing_folder
from interlock.lab.models.folder import ModelFolder
from interlock.surgery.applied import Applied
from interlock.surgery.saving import plain_tensors

_CARRIED: Final = ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja")


def save_applied(applied: Applied, folder: ModelFolder, out: Path, record: dict[str, Any]) -> None:
    """Write weights, config, tokenizer and a record of what was done.

    Raises:
        InputError: the folder exists and is not empty, cannot be written, or the weights are not numbers.
    """
    weights = plain_tensors(applied.model)
    broken = next((name for name, tensor in weights.items() if not torch.isfinite(tensor).all()), None)
    if broken:
        raise InputError(str(out), f"weights of {broken} that are NaN or infinite", "finite weights")
    config = json.loads((folder.path / "config.json").read_text(encoding="utf-8"))
    config |= {"dtype": "float32", "tie_word_embeddings": "lm_head.weight" not in weights}
    config.pop("torch_dtype", None)
    told = {
        "interlock": interlock.__version__,
        "stored_bytes": applied.stored,
        "effects": [{type(effect).__name__: str(effect)} for effect in applied.effects],
        "layers": [layer.name for layer in applied.layers],
        "notes": list(applied.notes),
        **record,
    }
    with replacing_folder(out) as part:
        save_file(weights, part / "model.safetensors", metadata={"format": "pt"})
        (part / "model.safetensors").chmod(0o644)
        (part / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        (part / "quantization.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        for name in _CARRIED:
            if (folder.path / name).is_file():
                shutil.copyfile(folder.path / name, part / name)

"""A changed model as a folder that transformers loads, its packed weights beside, with the original's tokenizer.

keeps: `interlock.surgery.loading.load` gives the changed model back, rounded inputs and cache included.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import interlock
from interlock.lab.models.folder import ModelFolder
from interlock.surgery.applied import Applied
from interlock.surgery.saving import save

_CARRIED: Final = ("tokenizer.json", "tokenizer_config.json", "generation_config.json", "chat_template.jinja")


def save_applied(applied: Applied, folder: ModelFolder, out: Path, record: Mapping[str, Any]) -> None:
    """Write weights, packed weights, config, tokenizer and a record of what was done.

    Raises:
        InputError: the folder exists and is not empty, cannot be written, or the weights are not numbers.
    """
    told = {"interlock": interlock.__version__, **record}
    technique, parameters = told.pop("technique"), told.pop("parameters")
    there = [folder.path / name for name in _CARRIED if (folder.path / name).is_file()]
    save(applied, out, technique, parameters, more=told, carried=there)

"""Reading models: a shipped name, a `config.json`, or a folder as Hugging Face lays it out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from interlock.catalogue import entries, is_folder, looks_like_path, own_path, resolve
from interlock.files import read_json
from interlock.models.config import Config
from interlock.models.model import Model
from interlock.models.registry import architecture, known_architectures

__all__ = ["from_config", "known_architectures", "model", "names"]


def names() -> list[str]:
    """The names of all models with a config, shipped and the user's."""
    return list(entries("model", ".json"))


def model(name: str, where: str | None = None) -> Model:
    """One model: a shipped name or alias, the path of a `config.json`, or a folder that holds one.

    Raises:
        InputError: unknown name, unreadable or incomplete config, or an architecture that is not known.
    """
    path = own_path(name)
    folder = name != "" and is_folder(path)
    if folder or looks_like_path(name):
        file = path / "config.json" if folder else path
        data = read_json(file)
        label = file.parent.resolve().name if file.name == "config.json" else file.stem
        return replace(from_config(data, label, str(file)), origin=str(path if folder else file.parent))
    file = resolve("model", name, ".json", _aliases, where)
    return from_config(read_json(file), file.stem, str(file))


def from_config(data: dict[str, Any], name: str, where: str = "config") -> Model:
    """A model from a config already in memory, such as `transformers`' `config.to_dict()`.

    Raises:
        InputError: no `model_type`, one that is not known, or a field that is not accepted.
    """
    config = Config(data, where)
    found: Model = architecture(config).read(config, name)
    about = data.get("interlock")
    note = about.get("note") if isinstance(about, dict) else None
    return replace(found, note=note) if isinstance(note, str) else found


def about(name: str) -> dict[str, Any]:
    """What a shipped config says of itself under "interlock": title, source, hub id; empty for a user's own model."""
    path = entries("model", ".json").get(name)
    extra = read_json(path).get("interlock") if path is not None else None
    return dict(extra) if isinstance(extra, dict) else {}


def _aliases() -> dict[str, str]:
    """The names in each shipped config's `interlock.aliases`."""
    found: dict[str, str] = {}
    for name, path in entries("model", ".json").items():
        extra = read_json(path).get("interlock")
        aliases = extra.get("aliases") if isinstance(extra, dict) else None
        if isinstance(aliases, list):
            found |= {str(alias): name for alias in aliases}
    return found

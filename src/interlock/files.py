"""Reading the TOML and JSON that users write: every fault ends in one line that names file and field."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from interlock.errors import InputError, shown

MAX_BYTES: Final = 64 * 2**20  # no config, chip or trace header is larger; a wrong path often is

T = TypeVar("T")


def read_text(path: Path, limit: int = MAX_BYTES) -> str:
    """The text of a file.

    Raises:
        InputError: missing, unreadable, not a file, too large or not UTF-8.
    """
    where = str(path)
    try:
        if not path.is_file():
            found = "a folder" if path.is_dir() else "no such file"
            raise InputError(where, found, "a readable file")
        if path.stat().st_size > limit:
            raise InputError(where, f"{path.stat().st_size} bytes", f"at most {limit} bytes")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(where, f"byte {error.start} that is not UTF-8", "UTF-8 text") from None
    except OSError as error:
        raise InputError(where, error.strerror or "an unreadable file", "a readable file") from None


def read_json(path: Path) -> dict[str, Any]:
    """The object a JSON file holds.

    Raises:
        InputError: unreadable, not JSON, nested or long beyond reason, or not an object.
    """
    where = str(path)
    try:
        value = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        found = f"{error.msg} at line {error.lineno} column {error.colno}"
        raise InputError(where, found, "complete JSON") from None
    except RecursionError:
        raise InputError(where, "nesting too deep to read", "a JSON object") from None
    except ValueError:
        raise InputError(where, "a whole number too long to read", "numbers of a sensible size") from None
    if not isinstance(value, dict):
        raise InputError(where, f"a JSON {type(value).__name__}", "a JSON object { ... }")
    return value


def read_toml(path: Path) -> dict[str, Any]:
    """The table a TOML file holds.

    Raises:
        InputError: unreadable or not TOML.
    """
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise InputError(str(path), str(error), "TOML") from None
    except RecursionError:
        raise InputError(str(path), "nesting too deep to read", "TOML") from None
    except ValueError:
        raise InputError(str(path), "a whole number too long to read", "numbers of a sensible size") from None


def check(adapter: TypeAdapter[T], data: Mapping[str, Any], where: str) -> T:
    """Turn plain data into a description, checked once, here at the border.

    Raises:
        InputError: the first fault found, with the dotted path of the field.
    """
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        cause = fault.get("ctx", {}).get("error")
        field = ".".join(str(part) for part in fault["loc"] if not str(part).startswith("function-"))
        if isinstance(cause, _QuantityError):
            raise InputError(where, cause.found, cause.accepted, field) from None
        found = "nothing" if fault["type"] == "missing" else shown(fault["input"])
        raise InputError(where, found, _plain(fault["type"], fault["msg"]), field) from None


def _plain(kind: str, message: str) -> str:
    if kind == "missing":
        return "this field, which is required"
    if kind in {"unexpected_keyword_argument", "extra_forbidden"}:
        return "no field of this name"
    return message.removeprefix("Value error, ").removeprefix("Input should be ")


class _QuantityError(ValueError):
    def __init__(self, found: str, accepted: str) -> None:
        self.found, self.accepted = found, accepted
        super().__init__(found)


def quantity_error(error: InputError) -> ValueError:
    """An input error in the form that pydantic passes through unharmed."""
    return _QuantityError(error.found, error.accepted)

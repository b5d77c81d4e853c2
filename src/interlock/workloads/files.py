"""Opening trace files: plain or gzipped, CSV or JSON, with every fault in one line."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from interlock.errors import InputError, shown

MAX_BYTES: Final = 2 * 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a reader decides by: the columns of a CSV, or the first JSON value of the file."""

    path: Path
    columns: tuple[str, ...] = ()
    first: Any = None


def opened(path: Path) -> io.TextIOWrapper:
    """A text file, unpacked on the way if it is gzipped.

    Raises:
        InputError: missing, a folder, or too large.
    """
    try:
        if not path.is_file():
            raise InputError(str(path), "a folder" if path.is_dir() else "no such file", "a readable trace file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            accepted = f"at most {MAX_BYTES / 1e9:.1f} GB; split it by time"
            raise InputError(str(path), f"{size / 1e9:.1f} GB", accepted)
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        file = gzip.open(path, "rb") if packed else path.open("rb")  # noqa: SIM115 (the caller closes it)
    except OSError as error:
        raise InputError(str(path), error.strerror or "an unreadable file", "a readable trace file") from None
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")


def head(path: Path) -> Head:
    """The beginning of a file.

    Raises:
        InputError: empty, or neither CSV nor JSON.
    """
    with refusing(path), opened(path) as file:
        line = file.readline(2**20)
        if not line.strip():
            raise InputError(str(path), "an empty file", "a trace with at least one request")
        if line.lstrip()[0] not in "[{":
            return Head(path=path, columns=tuple(name.strip() for name in next(csv.reader([line]))))
    try:
        return Head(path=path, first=json.loads(line))
    except ValueError:
        return Head(path=path, first=whole(path))


def whole(path: Path) -> Any:
    """The one JSON value of a file."""
    with refusing(path), opened(path) as file:
        return json.load(file)


def objects(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file with one a line."""
    with refusing(path), opened(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise InputError(str(path), shown(value), "a JSON object in every line", f"line {number}")
                yield value


def table(path: Path, *names: str) -> dict[str, list[str]]:
    """Columns of a CSV file by name, as text.

    Raises:
        InputError: a column is missing, or a row has another number of fields.
    """
    with refusing(path), opened(path) as file:
        rows = csv.reader(file)
        columns = [name.strip() for name in next(rows)]
        missing = [name for name in names if name not in columns]
        if missing:
            raise InputError(str(path), f"columns {', '.join(columns)[:80]}", f"a column {missing[0]}")
        places = [columns.index(name) for name in names]
        found: list[list[str]] = [[] for _ in names]
        for number, row in enumerate(rows, 2):
            if not row:
                continue
            if len(row) != len(columns):
                raise InputError(str(path), f"{len(row)} fields", f"{len(columns)}, as the head has", f"line {number}")
            for column, place in zip(found, places, strict=True):
                column.append(row[place])
    return dict(zip(names, found, strict=True))


class refusing:  # noqa: N801 (reads as a statement)
    """A context that turns what a broken file raises into one line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Translate.

        Raises:
            InputError: not text, not JSON, not gzip, or cut short.
        """
        where = str(self.path)
        if isinstance(error, UnicodeDecodeError):
            raise InputError(where, f"byte {error.start} that is not UTF-8", "UTF-8 text") from None
        if isinstance(error, json.JSONDecodeError):
            raise InputError(where, f"{error.msg} at line {error.lineno}", "complete JSON") from None
        if isinstance(error, OSError | EOFError):
            raise InputError(where, f"{error}", "a file that is whole") from None
        if isinstance(error, csv.Error | StopIteration | RecursionError):
            raise InputError(where, f"{error}" or "no rows", "CSV or JSON") from None

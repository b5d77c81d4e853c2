"""Writing so that a reader, or a kill at any moment, finds the old content or the new, whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from interlock.errors import InputError


@contextmanager
def replacing_file(target: Path) -> Iterator[Path]:
    """A path to write to; on leaving it is on the disk and has the target's name, or it is gone.

    Raises:
        InputError: the place cannot be written, or is full.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield part
        _to_disk(part)
        part.replace(target)
        _to_disk(target.parent)
    except OSError as error:
        raise _refused(target, error) from None
    finally:
        with suppress(OSError):  # its folder may be a file
            part.unlink(missing_ok=True)


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """A folder to fill; on leaving it takes the target's name, or nothing of it is left.

    Raises:
        InputError: something that is not an empty folder has the name, or the place cannot be written, or is full.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise InputError(str(target), "something there already", "a folder that does not exist yet, or is empty")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.mkdir()
        yield part
        for path in part.rglob("*"):
            _to_disk(path)
        part.replace(target)
        _to_disk(target.parent)
    except OSError as error:
        raise _refused(target, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refused(target: Path, error: OSError) -> InputError:
    return InputError(str(target), error.strerror or str(error), "a place that can be written and has room")

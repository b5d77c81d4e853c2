"""Everything Interlock raises on purpose.

InterlockError                  one line for the user, exit code 2
├── InputError                  a file, flag or argument does not say what it must
│   └── UnknownNameError        a name that no catalogue holds; carries the closest ones
├── UnsupportedError            understood, but no formula exists for it (yet)
└── MissingExtraError           an optional dependency is needed; carries the pip line

That a model does not fit, or that no deployment meets the goals, is a result and not an error.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Final

_LISTED: Final = frozenset({"chip", "node", "model", "format", "technique", "workload", "system"})  # by a command


class InterlockError(Exception):
    """Base of all errors that a user can cause and mend."""

    def __reduce__(self) -> tuple[Any, ...]:
        """From another process as it was raised there: its message, not the arguments that made it."""
        return _again, (type(self), self.args, self.__dict__)


class InputError(InterlockError):
    """Input that is not accepted: says where, what was found and what is accepted.

    Args:
        where: the file, flag or argument.
        found: what it holds.
        accepted: what would be accepted instead.
        field: the path of the field inside a file, dotted.
    """

    def __init__(self, where: str, found: str, accepted: str, field: str | None = None) -> None:
        self.where, self.found, self.accepted, self.field = where, found, accepted, field
        place = where if field is None else f"{where}: {field}"
        super().__init__(f"{place}: found {found}; accepted: {accepted}")


class UnknownNameError(InputError):
    """A name that is not in a catalogue; the message offers the closest names."""

    def __init__(self, kind: str, name: str, known: Iterable[str], where: str | None = None) -> None:
        names = sorted(known)
        close = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
        if name.strip():
            close += [other for other in names if name.lower() in other and other not in close][: 3 - len(close)]
        hint = f"did you mean {' or '.join(close)}?" if close else f"one of {len(names)} names"
        if not close and kind not in _LISTED:
            hint = f"one of {', '.join(names)}"
        self.kind, self.close = kind, close
        listed = f" (`interlock {kind}s` lists them)" if kind in _LISTED else ""
        super().__init__(where or f"{kind} name", shown(name), hint + listed)


class UnsupportedError(InterlockError):
    """A request that is understood but for which there is no formula or algorithm yet."""


class MissingExtraError(InterlockError):
    """An optional dependency is not installed."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs an extra: pip install 'interlock[{extra}]'")


def shown(value: object, limit: int = 60) -> str:
    """A value as an error message quotes it: short, on one line."""
    try:
        text = repr(value).replace("\n", " ")
    except RecursionError:
        return f"a {type(value).__name__} nested too deep to show"
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _again(kind: type[InterlockError], args: tuple[object, ...], state: dict[str, object]) -> InterlockError:
    found = kind.__new__(kind)
    found.args = args
    found.__dict__.update(state)
    return found

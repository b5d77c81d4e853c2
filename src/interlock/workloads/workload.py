"""Request shapes with a source each; a user's own lie in `workloads/` of a user folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import ConfigDict, Field, TypeAdapter

from interlock.catalogue import entries, resolve
from interlock.evidence import Source
from interlock.files import check, read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Mean tokens in and out of a request, and images that come with it."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    id: str
    title: str
    prompt: Annotated[float, Field(ge=1, le=1e8)]
    output: Annotated[float, Field(ge=1, le=1e8)]
    images: Annotated[float, Field(ge=0, le=1e4)] = 0.0
    sources: dict[str, Source]


_ADAPTER: Final = TypeAdapter(Workload)


def names() -> list[str]:
    """The names of all workloads."""
    return list(entries("workload", ".toml"))


def workload(name: str, where: str | None = None) -> Workload:
    """One workload by name.

    Raises:
        InputError: unknown name or a field that is not accepted.
    """
    path = resolve("workload", name, ".toml", dict, where)
    return check(_ADAPTER, {"id": path.stem, **read_toml(path)}, str(path))

"""Rewrite the outputs in the documentation with what is printed now: `python tests/docs/refresh.py [PAGE ...]`.

Cuts (`...`) stay. Read the difference before you commit it: a number that moved is a change of the model.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from documented import ROOT, Session, pages


def refresh(page: Path) -> int:
    """Rewrite one page; returns how many outputs were out of date."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(page=page, folder=Path(folder))
        stale = sum(not outcome.fits for outcome in session.run())
    text = "\n".join(session.rewritten) + "\n"
    if text != page.read_text(encoding="utf-8"):
        page.write_text(text, encoding="utf-8")
    return stale


def main(arguments: list[str]) -> int:
    """Refresh the named pages, or all; 1 where an output must be cut by hand."""
    failed = 0
    for page in [Path(name).resolve() for name in arguments] or pages():
        try:
            stale = refresh(page)
        except ValueError as error:
            failed = 1
            print(error, file=sys.stderr)
            continue
        if stale:
            print(f"{page.relative_to(ROOT)}: {stale} refreshed")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

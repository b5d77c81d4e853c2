"""Tables that sort by a click on a heading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from interlock.report.figures import Figure
from interlock.report.page.elements import element, text
from interlock.report.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A table cell; `value` is what sorting compares, if not the text. `look`: "number", "name" (kept on a line)."""

    text: str
    value: float | str | None = None
    look: str = ""

    def html(self) -> str:
        """The cell as an element; an unknown number has an empty value, which sorts last."""
        found = f' class="{self.look}"' if self.look else ""
        if self.look == "number" or self.value is not None:
            found += f' data-value="{"" if self.value is None else escape(str(self.value))}"'
        return f"<td{found}>{escape(self.text)}</td>"


def name_cell(words: str) -> Cell:
    """A word that is kept on one line."""
    return Cell(text=words, look="name")


def number_cell(words: str, value: float | None) -> Cell:
    """A number as people read it, and as it sorts."""
    return Cell(text=words, value=value, look="number")


def figure_cell(figure: Figure, record: Record) -> Cell:
    """A figure of a record."""
    return number_cell(figure.text(record[figure.key]), record[figure.key])


def table(headings: Sequence[str], rows: Iterable[Sequence[Cell]], best: int | None = None) -> str:
    """A table; row `best` stands out. Nothing for no rows."""
    lines = list(rows)
    if not lines:
        return ""
    head = "".join(_heading(words, cell.look) for words, cell in zip(headings, lines[0], strict=True))
    body = "\n".join(
        element("tr", "".join(cell.html() for cell in line), look="best" if place == best else None)
        for place, line in enumerate(lines)
    )
    parts = element("thead", element("tr", head)) + "\n" + element("tbody", f"\n{body}\n")
    return element("div", element("table", parts), look="scroll")


def _heading(words: str, look: str) -> str:
    button = element("button", escape(words), type="button")
    return element("th", button, scope="col", look="number" if look == "number" else None)


def definitions(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values as a grid."""
    items = "\n".join(element("div", text("dt", name) + text("dd", value)) for name, value in pairs)
    return element("dl", f"\n{items}\n", look="figures")

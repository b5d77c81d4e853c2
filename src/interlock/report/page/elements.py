"""HTML elements. Text goes in plain and comes out escaped; only `element` takes HTML, which is escaped already."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


def element(tag: str, inside: str, **attributes: str | None) -> str:
    """An element around HTML; attributes of None or "" are left out, `look` stands for class."""
    named = {{"look": "class"}.get(key, key.replace("_", "-")): value for key, value in attributes.items()}
    written = "".join(f' {key}="{escape(value)}"' for key, value in named.items() if value)
    return f"<{tag}{written}>{inside}</{tag}>"


def text(tag: str, words: str, look: str = "") -> str:
    """An element around plain text; nothing for no text."""
    return element(tag, escape(words), look=look) if words else ""


def bullets(items: Iterable[str], look: str = "") -> str:
    """A list of plain texts; nothing for none."""
    lines = "\n".join(text("li", item) for item in items)
    return element("ul", f"\n{lines}\n", look=look) if lines else ""


def section(title: str, *parts: str) -> str:
    """A titled section around HTML; nothing where it would be empty."""
    inside = joined(*parts)
    return element("section", f"\n{text('h2', title)}\n{inside}\n") if inside else ""


def joined(*parts: str) -> str:
    """Parts on lines of their own, without the empty ones."""
    return "\n".join(part for part in parts if part)

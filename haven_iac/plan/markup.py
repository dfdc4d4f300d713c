"""HTML whose texts are escaped because there is no other way to put one in."""

from __future__ import annotations

import html

EMPTY = frozenset({"br", "rect", "circle", "path", "line", "col"})
"""Elements without content."""


class Markup(str):
    """Text that is HTML already; everything else is escaped where it is put in."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Return a value as HTML: as it is when it is HTML already, else escaped."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def join(*parts: object) -> Markup:
    """Return parts after each other."""
    return Markup("".join(text(part) for part in parts))


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Return an element.

    Args:
        name: of the element.
        children: HTML, or anything else, which is escaped.
        attributes: by name; `_` at the end of a name is dropped and any other becomes `-`, None leaves one out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def table(columns: dict[str, str], rows: list[list[object]]) -> Markup:
    """Return a table.

    Args:
        columns: heading, and class of its cells (may be empty), in order.
        rows: cells in the same order.
    """
    heads = (tag("th", head, class_=kind or None, scope="col") for head, kind in columns.items())
    body = (
        tag("tr", *(tag("td", cell, class_=kind or None) for cell, kind in zip(row, columns.values(), strict=True)))
        for row in rows
    )
    inner = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *body))
    return tag("div", inner, class_="wide")

"""Where something stands in the text: 1-based lines and columns for offsets and for tree nodes."""

from __future__ import annotations

from sqlglot import exp

from comity.errors import SqlError


def place_at(text: str, offset: int) -> tuple[int, int]:
    r"""The 1-based line and column of a 0-based offset in characters.

    >>> place_at("SELECT a,\n  b", 12)
    (2, 3)
    """
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def offset_of(node: exp.Expr | None) -> int | None:
    """Where a node starts: its own position, else the first of its parts', else that of what it is part of."""
    while node is not None:
        starts = [start for inner in node.walk() if (start := inner.meta_get("start")) is not None]
        if starts:
            return int(min(starts))
        node = node.parent
    return None


def put_at(node: exp.Expr, offset: int | None) -> None:
    """Gives the columns of an expression that the text does not spell out the place of what stands for them."""
    if offset is not None:
        for column in node.find_all(exp.Column):
            column.this.meta["start"] = offset


def place_of(text: str, node: exp.Expr | None) -> tuple[int, int]:
    """The place of a node; the start of the text when nothing in it has a position."""
    offset = offset_of(node)
    return (1, 1) if offset is None or offset > len(text) else place_at(text, offset)


def error_at(
    text: str, where: exp.Expr | int | None, code: str, message: str, hint: str | None = None
) -> SqlError:
    """A `SqlError` with the place of a node or an offset."""
    line, column = place_at(text, where) if isinstance(where, int) else place_of(text, where)
    return SqlError(message, code=code, hint=hint, line=line, column=column)

"""Parts of a question in words that its author would know again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sqlglot import exp

from sql.copies import copy_tree

_PLAIN = re.compile(r"[^\W\d]\w*")
_NOT_NULL = re.compile(r"\bNOT ([^\s()]+) IS NULL\b")
_LONGEST = 240

Rename = Callable[[exp.Column], exp.Expr | None]
"""What a column of a plan was in the question; None for a column that is the same there."""


def in_words(node: exp.Expr, rename: Rename | None = None, *, qualified: bool = True) -> str:
    """The text of an expression, without needless quotes, with `…` for queries inside it.

    Not `qualified`, columns stand without their table, as where there is only one.

    >>> import sqlglot
    >>> in_words(sqlglot.parse_one('COUNT(*) > 1 AND "p"."id" IN (SELECT "id" FROM "q")', dialect="duckdb"))
    'count(*) > 1 AND p.id IN (…)'
    """
    copy = exp.Paren(this=copy_tree(node))
    for query in list(copy.find_all(exp.Query)):
        if query.find_ancestor(exp.Query) is None:
            query.replace(exp.Paren(this=exp.column("_elided")))
    for column in list(copy.find_all(exp.Column)):
        known = rename(column) if rename is not None else None
        if known is not None:
            column.replace(copy_tree(known))
    for column in copy.find_all(exp.Column) if not qualified else ():
        column.set("table", None)
    for name in copy.find_all(exp.Identifier):
        if name.args.get("quoted") and _PLAIN.fullmatch(name.name):
            name.set("quoted", False)
    text: str = copy.this.sql(dialect="duckdb", comments=False, normalize_functions="lower")
    text = _NOT_NULL.sub(r"\1 IS NOT NULL", text.replace("listagg(", "string_agg("))
    return clipped(text.replace("((_elided))", "(…)").replace("_elided", "…"))


def rounded(number: float) -> str:
    """Two digits, which is more than estimates are worth.

    >>> rounded(12345), rounded(7)
    ('12,000', '7')
    """
    digits = max(len(str(int(number))) - 2, 0)
    return f"{round(number, -digits):,.0f}"


def clipped(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def listed(names: Iterable[str], last: str = "and") -> str:
    """Names as a list in a sentence.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    found = list(names)
    return f"{', '.join(found[:-1])} {last} {found[-1]}" if len(found) > 1 else "".join(found)

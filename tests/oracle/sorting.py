"""How a question sorts and cuts its answer, and the same question uncut, with its sort keys to be seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp, parse_one


@dataclass(frozen=True, slots=True)
class Sorting:
    """`text` is the question without LIMIT and OFFSET; what it sorts by stands in its columns at `keys`.

    Columns after the question's own were added for that. `keys` may end early, at a term that cannot be added;
    rows are then held to the order of the terms before it. `text` is None when it would be the question itself.
    """

    text: str | None
    keys: tuple[int, ...]
    offset: int


def read_sorting(sql: str, names: Sequence[str]) -> Sorting | None:
    """The outermost ORDER BY, LIMIT and OFFSET of `sql`, whose columns are `names`; None when it has neither."""
    tree = parse_one(sql, read="duckdb")
    order, offset = tree.args.get("order"), tree.args.get("offset")
    cut = offset is not None or tree.args.get("limit") is not None
    if order is None and not cut:
        return None
    tree.set("limit", None)
    tree.set("offset", None)
    keys: list[int] = []
    added = 0
    for term in order.expressions if order is not None else ():
        if isinstance(term.this, exp.Var) and term.this.name.upper() == "ALL":
            keys = list(range(len(names)))
            break
        position = _position(term.this, names)
        if position is None and _may_add(tree):
            tree.expressions.append(exp.alias_(term.this.copy(), f"sort key {added + 1}", quoted=True))
            position = len(names) + added
            added += 1
        if position is None:
            break
        keys.append(position)
    text = tree.sql(dialect="duckdb") if cut or added else None
    return Sorting(text, tuple(keys), _number(offset))


def _position(term: exp.Expr, names: Sequence[str]) -> int | None:
    lowered = [name.lower() for name in names]
    if isinstance(term, exp.Literal) and term.is_int:
        return int(term.name) - 1
    if isinstance(term, exp.Column) and not term.table and lowered.count(term.name.lower()) == 1:
        return lowered.index(term.name.lower())
    return None


def _may_add(tree: exp.Expr) -> bool:
    """Whether one more column leaves the rows as they are."""
    if not isinstance(tree, exp.Select):
        return False
    distinct, group = tree.args.get("distinct"), tree.args.get("group")
    return (distinct is None or distinct.args.get("on") is not None) and not (group and group.args.get("all"))


def _number(offset: exp.Expr | None) -> int:
    if offset is None:
        return 0
    value = offset.expression
    if not isinstance(value, exp.Literal) or not value.is_int:
        raise ValueError("the oracle knows OFFSET with a number only")
    return int(value.name)

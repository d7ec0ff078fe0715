"""DuckDB as a source: the fragment as it is, and a fence around what a row filter hides.

DuckDB 2.0 pushes conditions below a derived table, and puts them before a row filter that it keeps as a filter of
its own (`town IN ('east', 'west')` under a join, for one). `OFFSET 0` stops that: the optimizer moves nothing
below a limit, and does not take this one away, as it does a LIMIT larger than any table. A fence costs the pruning
of row groups by the question's conditions, so that it stands only where something may fail on a value.
"""

from __future__ import annotations

from sqlglot import exp

from sql.dialects.source import NotNative
from sql.uses.failing import may_fail


def fence_filters(tree: exp.Query) -> exp.Query:
    """The tree with a fence behind every filter in FROM, where something in it may fail on a value.

    Raises `NotNative` where what lies below a row filter may fail: no fence stands between the two.
    """
    filtered = [select for select in _derived(tree) if select.args.get("where") is not None]
    if not filtered:
        return tree
    if any(may_fail(below) for select in filtered for below in _below(select)):
        raise NotNative("a column below a row filter may fail on a value")
    if not may_fail(tree) and not _late_constants(tree):
        return tree
    copy = tree.copy()
    for select in _derived(copy):
        cut = any(select.args.get(part) is not None for part in ("limit", "offset"))
        if select.args.get("where") is not None and not cut:
            select.set("offset", exp.Offset(expression=exp.Literal.number(0)))
    return copy


_MEETING = (exp.Predicate, exp.Coalesce, exp.Nullif, exp.Case, exp.If)


def _late_constants(tree: exp.Expr) -> bool:
    """Whether a constant text stands where something other than text is compared.

    DuckDB converts it when the first row comes: one that does not convert fails where there is a row.
    """
    for literal in tree.find_all(exp.Literal):
        beside = literal.parent
        if literal.is_string and isinstance(beside, _MEETING):
            operands = [node for node in beside.iter_expressions() if not isinstance(node, exp.Literal)]
            if any(node.type is not None and node.type.this not in _TEXTS for node in operands):
                return True
    return False


_TEXTS = {exp.DType.VARCHAR, exp.DType.TEXT, exp.DType.UNKNOWN, exp.DType.BOOLEAN}


def _derived(tree: exp.Expr) -> list[exp.Select]:
    found = (
        node.this for node in tree.find_all(exp.Subquery) if isinstance(node.parent, (exp.From, exp.Join))
    )
    return [select for select in found if isinstance(select, exp.Select)]


def _below(select: exp.Select) -> list[exp.Expr]:
    source = select.args["from_"].this if select.args.get("from_") is not None else None
    return [source.this] if isinstance(source, exp.Subquery) else []

"""What two blocks must have in common for one to tell of the other's rows: everything but constants and outputs."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from gateway.planner.block_aggregates import group_leaves
from sql.copies import copy_tree
from sql.scopes import block_sources, split_conjuncts


def block_shape(
    sources: Iterable[exp.Expr], conjuncts: Iterable[exp.Expr], keys: Iterable[exp.Expr] = ()
) -> str:
    """The tables of inner joins, their conditions, and what is grouped by, in no order.

    >>> from sqlglot import parse_one
    >>> one = parse_one("SELECT t.a FROM d.t AS t WHERE t.b = 1 AND t.c")
    >>> other = parse_one("SELECT t.e FROM d.t AS t WHERE t.c AND t.b = 2")
    >>> query_shape(one) == query_shape(other)
    True
    """
    parts = [sorted(map(_text, part)) for part in (sources, conjuncts, keys)]
    return " | ".join("; ".join(part) for part in parts)


def only_block(query: exp.Query) -> exp.Select | None:
    """The block of a query that only selects columns of it; None where there is no such one."""
    node: exp.Expr = query.unnest()
    while isinstance(node, exp.Select):
        clauses = {key for key, value in node.args.items() if value}
        sources = block_sources(node)
        if clauses <= {"expressions", "from_"} and sources and isinstance(sources[0][0], exp.Subquery):
            node = sources[0][0].this.unnest()
        else:
            return node
    return None


def query_shape(select: exp.Select) -> str | None:
    """The shape of a query of one block; None where it is more than tables, conditions and groups."""
    if only_block(select) is not select:
        return None
    if any(select.args.get(clause) for clause in ("with_", "limit", "qualify", "having", "distinct")):
        return None
    sources, conjuncts = [], []
    for source, join in block_sources(select):
        if join is not None and (join.side or join.kind not in {"", "INNER", "CROSS"}):
            return None
        sources.append(source)
        conjuncts += split_conjuncts(join.args.get("on") if join is not None else None)
    where = select.args.get("where")
    conjuncts += split_conjuncts(where.this if where is not None else None)
    group = select.args.get("group")
    return block_shape(sources, conjuncts, group_leaves(group) if group is not None else ())


def _text(node: exp.Expr) -> str:
    copy = copy_tree(node)
    for literal in list(copy.find_all(exp.Literal)):
        if literal is copy:
            return "?"
        literal.replace(exp.Placeholder())
    return copy.sql(dialect="duckdb", identify=True, comments=False)

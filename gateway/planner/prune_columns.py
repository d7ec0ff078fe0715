"""Drops what nobody reads: WITH names, and outputs of derived tables and WITH queries."""

from __future__ import annotations

from sqlglot import exp

from sql.allowed_functions import is_aggregate_call
from sql.copies import copy_tree
from sql.scopes import is_cte_reference, walk_here


def prune_columns(tree: exp.Query) -> exp.Query:
    """`tree` without unread WITH names and outputs; a copy where it has any.

    As in DuckDB, what nobody reads is not computed: it leaves no department and cannot fail. Aliases must be
    unique in `tree`.

    >>> import sqlglot
    >>> q = "WITH c AS (SELECT 1 AS o) SELECT d.a AS a FROM (SELECT x.a AS a, x.b AS b FROM t.x AS x) AS d"
    >>> prune_columns(sqlglot.parse_one(q, dialect="duckdb")).sql("duckdb")
    'SELECT d.a AS a FROM (SELECT x.a AS a FROM t.x AS x) AS d'
    """
    if tree.find(exp.With, exp.Subquery) is None:
        return tree
    if not _drop_names(tree, look=True) and not _drop_outputs(tree, look=True):
        return tree
    copy = copy_tree(tree)
    while _drop_names(copy) or _drop_outputs(copy):
        pass
    return copy


def _drop_names(tree: exp.Query, *, look: bool = False) -> bool:
    """Whether WITH names are unread; drops them, unless it is only to `look`."""
    read = {table.name for table in tree.find_all(exp.Table) if is_cte_reference(table)}
    dropped = False
    for with_ in list(tree.find_all(exp.With)):
        kept = [cte for cte in with_.expressions if cte.alias in read]
        dropped |= len(kept) < len(with_.expressions)
        if look:
            continue
        if kept:
            with_.set("expressions", kept)
        else:
            with_.pop()
    return dropped


def _drop_outputs(tree: exp.Query, *, look: bool = False) -> bool:
    """As `_drop_names`, of outputs."""
    columns: dict[str, set[str]] = {}
    for column in tree.find_all(exp.Column):
        columns.setdefault(column.table, set()).add(column.name)
    read: dict[str, set[str]] = {}
    for table in tree.find_all(exp.Table):
        if is_cte_reference(table):
            read.setdefault(table.name, set()).update(columns.get(table.alias_or_name, ()))
    dropped = False
    for cte in tree.find_all(exp.CTE):
        dropped |= _drop(cte.this, read.get(cte.alias, set()), look=look)
    for item in tree.find_all(exp.From, exp.Join):
        source = item.this
        if isinstance(source, (exp.Subquery, exp.Lateral)):
            dropped |= _drop(source.this, columns.get(source.alias, set()), look=look)
    return dropped


def _drop(query: exp.Query, read: set[str], *, look: bool) -> bool:
    """Keeps the outputs named in `read`, or a constant when rows alone count; False when there is nothing to drop."""
    names = query.named_selects
    kept = [place for place, name in enumerate(names) if name in read]
    blocks = _blocks(query)
    if blocks is None or len(kept) == len(names) or (not kept and names == ["one"]):
        return False
    if any(_is_one_row(block) and not _is_one_row(block, kept) for block in blocks):
        return False
    for block in () if look else blocks:
        outputs = [block.expressions[place] for place in kept]
        block.set("expressions", outputs or [exp.alias_(exp.Literal.number(1), "one", quoted=True)])
    return True


def _blocks(query: exp.Expr) -> list[exp.Select] | None:
    """The blocks whose rows together are those of `query`; None when its outputs decide about rows or order."""
    if isinstance(query, exp.Subquery):
        return _blocks(query.this)
    if isinstance(query, exp.Select):
        by_position = any(
            isinstance(literal.parent, (exp.Ordered, exp.Group, exp.Tuple, exp.Rollup, exp.Cube))
            for clause in ("order", "group")
            if query.args.get(clause) is not None
            for literal in query.args[clause].find_all(exp.Literal)
        )
        return None if by_position or query.args.get("distinct") is not None else [query]
    if isinstance(query, exp.Union) and not query.args.get("distinct") and query.args.get("order") is None:
        left, right = _blocks(query.this), _blocks(query.expression)
        return None if left is None or right is None else left + right
    return None


def _is_one_row(block: exp.Select, kept: list[int] | None = None) -> bool:
    """Whether it is an aggregate among the outputs, or among the `kept` ones, that makes one row of all."""
    if block.args.get("group") is not None or block.args.get("having") is not None:
        return False
    outputs = block.expressions if kept is None else [block.expressions[place] for place in kept]
    return any(map(_has_aggregate, outputs))


def _has_aggregate(expression: exp.Expr) -> bool:
    """Whether an aggregate call, and not a window over one, stands in this block's own part of `expression`."""
    for node in walk_here(expression):
        call = node
        while isinstance(call.parent, (exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls)):
            call = call.parent
        if is_aggregate_call(node) and not (isinstance(call.parent, exp.Window) and call.arg_key == "this"):
            return True
    return False

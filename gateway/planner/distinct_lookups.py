"""Lets departments send each row once that the merge only looks up.

IN, EXISTS, SEMI and ANTI joins ask whether there is a row, and DISTINCT and UNION leave one of equal ones: how often a row
comes makes no difference to them. Where statistics expect equal rows, or the fewest bytes are to leave and nothing is known,
the fragment is asked for different rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlglot import exp

from gateway.planner.choosing import Cost, sending
from gateway.planner.planning import Planning
from gateway.planner.twins import has_twins, only_compared
from sql.allowed_functions import is_aggregate_call
from sql.annotate import kind_of
from sql.copies import copy_tree
from sql.scopes import block_sources, is_cte_reference, source_alias, walk_here
from sql.split import Piece, Split

_CUTS = ("limit", "offset", "fetch", "sample", "group", "having", "qualify", "with_")
"""Clauses to which it makes a difference how often a row comes."""
FEW = 500.0
"""Rows of which nothing is worth choosing."""
WORTH = 2.0
"""How many times as many rows as different ones are expected at least: of rows that are all different, the estimate of values
drawn by chance is that nearly two in three are.
"""


def distinct_lookups(split: Split, planning: Planning) -> None:
    """Changes the queries of pieces, of which the trees are the split's own."""
    assert split.residual is not None
    once = set(_looked_up(split.residual))
    read = Counter(table.name for table in split.residual.find_all(exp.Table) if is_cte_reference(table))
    found = [piece for piece in split.pieces if piece.name in once and read[piece.name] == 1]
    for piece in found:
        others = [other for other in split.pieces if other not in found and other.context == piece.context]
        # What is equal to a piece whose rows all count is asked for once, for both.
        if (
            all(other.query != piece.query for other in others)
            and not _told_apart(piece, split.residual, planning)
            and _is_worth_it(piece, planning)
        ):
            piece.query.unnest().set("distinct", exp.Distinct())


def _told_apart(piece: Piece, residual: exp.Query, planning: Planning) -> bool:
    """Whether the residual tells values of the piece apart that are equal, of which one would stand for all."""
    kinds = {
        output.alias_or_name: kind_of(output.unalias()) or _published_kind(output.unalias(), piece, planning)
        for output in piece.query.selects
    }
    twins = {name for name, kind in kinds.items() if has_twins(kind)}
    if not twins:
        return False
    aliases = {
        source_alias(table)
        for table in residual.find_all(exp.Table)
        if is_cte_reference(table) and table.name == piece.name
    }
    return any(
        column.table in aliases and column.name in twins and not (only_compared(column) or _is_sought(column))
        for column in residual.find_all(exp.Column)
    )


def _published_kind(value: exp.Expr, piece: Piece, planning: Planning) -> str | None:
    if not isinstance(value, exp.Column) or not isinstance(piece.query, exp.Select):
        return None
    for source, _ in block_sources(piece.query):
        if isinstance(source, exp.Table) and source_alias(source) == value.table:
            table = planning.catalog.find(source.db, source.name)
            columns = table.columns if table is not None else ()
            return next((column.type for column in columns if column.name == value.name), None)
    return None


def _is_sought(column: exp.Column) -> bool:
    """Whether a column is an output of which only different values matter: of IN, or of an arm of a UNION."""
    node: exp.Expr = column
    if isinstance(node.parent, exp.Alias):
        node = node.parent
    select = node.parent
    if not isinstance(select, exp.Select) or node.arg_key != "expressions":
        return False
    if _is_distinct(select):
        return True
    above = select.parent
    while isinstance(above, (exp.Subquery, exp.Paren)) and not above.args.get("alias"):
        above = above.parent
    if isinstance(above, exp.SetOperation):
        return bool(above.args.get("distinct"))
    # A text would make texts of them.
    return isinstance(above, exp.In) and kind_of(above.this.unnest()) not in {None, "VARCHAR"}


def _looked_up(residual: exp.Query) -> Iterator[str]:
    """The names of pieces of which only different rows matter, where the residual reads them."""
    for node in residual.find_all(exp.Exists, exp.In, exp.Join, exp.SetOperation, exp.Select):
        if isinstance(node, exp.Exists):
            yield from _rows_of(node.this)
        elif isinstance(node, exp.In):
            yield from _rows_of(node.args.get("query"))
        elif isinstance(node, exp.Join) and node.kind in {"SEMI", "ANTI"}:
            yield from _source(node.this)
        elif isinstance(node, exp.SetOperation) and node.args.get("distinct"):
            yield from _rows_of(node.this)
            yield from _rows_of(node.expression)
        elif isinstance(node, exp.Select) and _is_distinct(node):
            yield from _block(node)


def _rows_of(query: exp.Expr | None) -> Iterator[str]:
    """Of a query of which only different rows matter."""
    if isinstance(query, (exp.Subquery, exp.Paren)):
        if not any(query.args.get(clause) for clause in _CUTS):
            yield from _rows_of(query.this)
    elif isinstance(query, exp.Union):
        if not any(query.args.get(clause) for clause in _CUTS):
            yield from _rows_of(query.this)
            yield from _rows_of(query.expression)
    elif isinstance(query, exp.Select) and not any(query.args.get(clause) for clause in _CUTS):
        yield from _block(query)


def _block(select: exp.Select) -> Iterator[str]:
    """Of a block of which only different rows matter, before its LIMIT."""
    distinct = select.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        return
    if any(select.args.get(clause) for clause in ("group", "having", "qualify", "with_")) or _counts(select):
        return
    sources = block_sources(select)
    if any(join is not None and join.args.get("method") for _, join in sources):
        return  # a POSITIONAL join counts rows
    for source, _ in sources:
        yield from _source(source)


def _source(source: exp.Expr) -> Iterator[str]:
    if isinstance(source, exp.Table) and is_cte_reference(source):
        yield source.name
    elif isinstance(source, exp.Subquery):
        yield from _rows_of(source)


def _is_distinct(select: exp.Select) -> bool:
    return select.args.get("distinct") is not None


def _counts(select: exp.Select) -> bool:
    """Whether a block's outputs or order have aggregates or windows."""
    order = select.args.get("order")
    parts = [*select.expressions, *(order.expressions if order is not None else ())]
    return any(
        isinstance(node, exp.Window) or is_aggregate_call(node) for part in parts for node in walk_here(part)
    )


def _is_worth_it(piece: Piece, planning: Planning) -> bool:
    query = piece.query.unnest()
    if not isinstance(query, exp.Select) or query.args.get("distinct") is not None:
        return False
    if any(query.args.get(clause) for clause in (*_CUTS, "order")) or _counts(query):
        return False
    if not _may_be_grouped(query, planning):
        return False
    choosing = planning.choosing
    rows = choosing.estimator.estimate(query)
    different = copy_tree(query)
    different.set("distinct", exp.Distinct())
    fewer = choosing.estimator.estimate(different) if rows is not None else None
    if rows is None or fewer is None:
        return choosing.prefer == "exposure"
    if rows.rows < FEW or rows.rows < WORTH * fewer.rows:
        return False
    speed, width = choosing.facts.speed(piece.context), len(query.expressions)
    as_rows = Cost(rows.rows, rows.rows * width, sending(rows.rows, width, speed))
    seconds = rows.rows * speed.group / 1e6 + sending(fewer.rows, width, speed)
    return choosing.takes_second(as_rows, Cost(fewer.rows, fewer.rows * width, seconds))


def _may_be_grouped(query: exp.Select, planning: Planning) -> bool:
    """Whether the department lets the values be seen: they may be grouped by, then."""
    shown = [column.name for output in query.expressions for column in output.find_all(exp.Column)]
    if not all(isinstance(source, exp.Table) for source, _ in block_sources(query)):
        shown = [column.name for column in query.find_all(exp.Column)]
    for node in query.find_all(exp.Table):
        table = planning.catalog.find(node.db, node.name) if node.db else None
        if table is None:
            return False
        published = {column.name for column in table.columns}
        if any(
            planning.disclosure.holds_back(node.db, node.name, name) for name in shown if name in published
        ):
            return False
        if planning.disclosure.has_floor_on(node.db, node.name):
            return False
    return True

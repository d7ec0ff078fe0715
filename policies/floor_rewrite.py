"""Rewrites a fragment so that no group under a floor is seen, or decides anything, unless it is large enough.

A block with one grouping and no FILTER keeps its form: its HAVING first asks for enough entities, in a CASE, so
that the question's own condition is never evaluated for another group. Any other block is built from cells
(`policies.floor_cells`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from comity.errors import InternalError
from policies.floor_blocks import (
    ENTITY,
    FloorBlock,
    Floors,
    FloorSource,
    Level,
    aggregates,
    filter_conditions,
    find_floor_blocks,
    grouping_levels,
)
from policies.floor_cells import Names, build_cells, count_left_out
from policies.floor_nodes import boolean_and, case_when, count_distinct, whole
from sql.allowed_functions import is_aggregate_call
from sql.scopes import is_cte_reference, used_names
from sql.uses.failing import may_fail


@dataclass(frozen=True, slots=True)
class FlooredQuery:
    """What the agent runs, and for each block a query that counts the groups that it leaves out.

    A count is told only when what was left out rests on enough entities itself; otherwise it is 0, as it is when
    nothing was left out: that a small group exists is as much a secret as what is in it.

    `fails` says that something around a block under a floor can fail on a value. A database may compute that on
    groups, or rows, that the block leaves out; DuckDB does not, for the sake of the `OFFSET 0` of such blocks.
    """

    tree: exp.Query
    counts: tuple[exp.Query, ...]
    fails: bool = False


def apply_floors(tree: exp.Query, floors: Floors) -> FlooredQuery:
    """A copy of a resolved question, which `check_floors` has let pass, with every floor kept.

    The columns `_entity` that it reads are the wrap's. A question without tables under floors stays as it is.
    """
    if not floors:
        return FlooredQuery(tree, ())
    copy = tree.copy()
    names = Names(used_names(copy))
    counted: list[tuple[FloorBlock, tuple[Level, ...], tuple[exp.Expr, ...]]] = []
    blocks = find_floor_blocks(copy, floors)
    for block in blocks:
        select = block.select
        if not aggregates(select):
            _group_instead_of_distinct(select)
        levels = grouping_levels(select.args.get("group"))
        if levels is None:
            raise InternalError("a question with crossing groupings was to be run under a floor")
        kept = tuple(tuple(key.copy() for key in level) for level in levels)
        conditions = tuple(condition.copy() for condition in filter_conditions(select))
        if len(levels) > 1 or conditions:
            rows = build_cells(block, kept, conditions, names)
        else:
            rows = select
            _require_entities(select, block)
        if kept[-1]:
            counted.append((FloorBlock(rows, block.sources), kept, conditions))
    # Only now, so that what a block reads of another one is floored too.
    counts = tuple(_with_definitions(count_left_out(*parts, names), parts[0].select) for parts in counted)
    inner = [block.select for block in blocks if block.select is not copy]
    for select in inner:
        if select.args.get("limit") is None and select.args.get("offset") is None:
            select.set("offset", exp.Offset(expression=exp.Literal.number(0)))
            if isinstance(select.parent, exp.SetOperation) and select.arg_key is not None:
                # Without brackets OFFSET ends the whole set operation.
                select.parent.set(select.arg_key, exp.Subquery(this=select))
    return FlooredQuery(copy, counts, bool(inner) and may_fail(tree))


def _with_definitions(query: exp.Select, at: exp.Select) -> exp.Select:
    """The query with the WITH definitions that it needs, of those that can be seen where `at` stands."""
    visible: dict[str, exp.CTE] = {}
    node: exp.Expr | None = at
    while node is not None:
        clause = node.args.get("with_")
        if clause is not None:
            visible = {cte.alias: cte for cte in clause.expressions} | visible
        node = node.parent
    needed: dict[str, exp.CTE] = {}
    found: list[exp.Expr] = [query]
    while found:
        part = found.pop()
        for table in part.find_all(exp.Table):
            if is_cte_reference(table) and table.name in visible and table.name not in needed:
                needed[table.name] = visible[table.name]
                found.append(visible[table.name].this)
    ordered = [cte.copy() for name, cte in visible.items() if name in needed]
    if ordered:
        query.set("with_", exp.With(expressions=ordered))
    return query


def _group_instead_of_distinct(select: exp.Select) -> None:
    """SELECT DISTINCT a, b as SELECT a, b GROUP BY a, b."""
    keys = [output.this for output in select.expressions if output.find(exp.Column) is not None]
    select.set("distinct", None)
    if keys:
        select.set("group", exp.Group(expressions=[key.copy() for key in dict.fromkeys(keys)]))


def enough(source: FloorSource, alias: str | None = None) -> exp.Expr:
    """`count(DISTINCT entity) >= floor` over the rows of a group."""
    entity = exp.column(ENTITY, table=alias or source.alias, quoted=True)
    return exp.GTE(this=count_distinct(entity), expression=whole(source.floor.entities))


def _require_entities(select: exp.Select, block: FloorBlock) -> None:
    fence = boolean_and([enough(source) for source in block.sources])
    having = select.args.get("having")
    condition = fence if having is None else case_when(fence, having.this)
    select.set("having", exp.Having(this=condition))
    for output in select.expressions:
        if _may_fail(output.this):
            output.set("this", case_when(fence.copy(), output.this))


def _may_fail(output: exp.Expr) -> bool:
    """True for an output that computes with what it aggregates; windows and subqueries see large groups only."""
    if output.find(exp.Window, exp.Query) is not None:
        return False
    stack, computes, aggregated = [output], False, False
    while stack:
        node = stack.pop()
        if is_aggregate_call(node) or isinstance(node, exp.WithinGroup):
            aggregated = True
        elif not isinstance(node, (exp.Column, exp.Literal)):
            computes = computes or not isinstance(node, (exp.Paren, exp.IgnoreNulls))
            stack.extend(node.iter_expressions())
    return computes and aggregated

"""Computes aggregates in the members of a federated table, and puts them together at the merge."""

from __future__ import annotations

from sqlglot import exp

from gateway.planner.aggregate_block import (
    AggregateBlock,
    function_name,
    held_columns,
    is_complete,
    is_key,
    read_block,
    rolls_up,
    stands_beside,
    why_not,
)
from gateway.planner.block_aggregates import Call
from gateway.planner.members import (
    arm_values,
    arms_of,
    has_member_union,
    in_member,
    is_member_union,
    say_why,
)
from gateway.planner.partial_aggregates import is_repeatable, merged, parsed
from gateway.planner.planning import Planning
from gateway.planner.weighted_aggregates import weighted
from sql.copies import copy_tree
from sql.scopes import (
    block_expressions,
    block_sources,
    free_aliases,
    join_conjuncts,
    split_conjuncts,
    walk_here,
)


def split_aggregates(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with each aggregate block over a federated table in two steps; a copy where there is one.

    The first step groups the rows of each member by what the block groups by, and by whatever else the rest of the
    block reads of the table: conditions that stayed, join keys, distinct values. The second groups the members'
    groups. Where every group lies in one member (it groups by the member column, or one member is left) the first
    step is the whole aggregate, and there is no second. SELECT DISTINCT is a grouping without aggregates.
    """
    if not has_member_union(tree):
        return tree
    copy = copy_tree(tree)
    for select in list(copy.find_all(exp.Select)):
        for union in [source for source, _ in block_sources(select) if is_member_union(source)]:
            block = read_block(select, union)
            if block is None:
                continue
            reason = why_not(block, planning)
            if reason:
                say_why(union, reason)
            else:
                _split(block, planning)
    return copy


class _Sent:
    """The columns of the first step, which every member sends under the same names."""

    def __init__(self, block: AggregateBlock, planning: Planning) -> None:
        self.block = block
        self.planning = planning
        self.keys: dict[exp.Expr, str] = {}
        self.aggregates: dict[exp.Expr, str] = {}
        self._taken: set[str] = set()

    def key(self, expression: exp.Expr) -> exp.Column:
        start = expression.name if isinstance(expression, exp.Column) else "key"
        return self._column(self.keys, expression, start)

    def aggregate(self, call: exp.Expr) -> exp.Column:
        return self._column(self.aggregates, call, function_name(call))

    def may_read(self, expression: exp.Expr) -> bool:
        return self.planning.may_read(expression, self.block.union)

    def functions(self, expression: exp.Expr) -> frozenset[str] | None:
        return self.planning.functions(expression, self.block.union)

    def _column(self, group: dict[exp.Expr, str], expression: exp.Expr, start: str) -> exp.Column:
        name = group.get(expression)
        if name is None:
            name, number = start, 1
            while name.lower() in self._taken:
                number += 1
                name = f"{start}_{number}" if len(start.encode()) < 50 else f"column_{number}"
            self._taken.add(name.lower())
            group[copy_tree(expression)] = name
        column = exp.column(name, table=self.block.alias, quoted=True)
        if expression.type is not None:
            column.type = expression.type
        return column


def _split(block: AggregateBlock, planning: Planning) -> None:
    held = held_columns(block, planning)
    sent = _Sent(block, planning)
    complete, total = is_complete(block), block.is_plain_total
    having: list[exp.Expr] = []
    levels: exp.Group | None = None
    if complete:
        having = _having_in_members(block)
    elif planning.disclosure.has_floor(block.union) and rolls_up(block):
        levels = copy_tree(block.select.args["group"])
    finished = {id(call.node): _finished(call, block, sent, complete) for call in block.calls}
    _rewrite(block, sent, finished)
    if complete:
        _end_block(block.select)
    elif levels is not None:
        _group_by_level(block, sent)
    for arm in arms_of(block.union):
        _fill(arm, sent, having, levels, total=total)
    say_why(block.union, held, "whole groups" if complete else "groups")


def _group_by_level(block: AggregateBlock, sent: _Sent) -> None:
    """Puts groups together that members rolled up: those of the same keys on the same level.

    Under a floor a member leaves out small groups, so what is left of the finest groups would not add up to the
    totals. The members compute the totals themselves then.
    """
    names = [sent.keys[leaf] for leaf in block.leaves]
    level = sent.aggregate(exp.Grouping(expressions=[copy_tree(leaf) for leaf in block.leaves]))
    for call in list(block.select.find_all(exp.Grouping)):
        places = [names.index(argument.name) for argument in call.expressions]
        bits = [
            f"((:g >> {len(names) - 1 - place}) & 1) * {2 ** (len(places) - 1 - number)}"
            for number, place in enumerate(places)
        ]
        call.replace(parsed(f"CAST({' + '.join(bits)} AS BIGINT)", g=level))
    columns = [exp.column(name, table=block.alias, quoted=True) for name in names]
    block.select.set("group", exp.Group(expressions=[*columns, copy_tree(level)]))


def _finished(call: Call, block: AggregateBlock, sent: _Sent, complete: bool) -> exp.Expr:
    if complete:
        return sent.aggregate(call.node)
    if stands_beside(block, call):
        return call.node if is_repeatable(call) else weighted(call, _weight(block, sent))
    if block.fills_with_nulls and call.argument is None:
        return parsed("CAST(COALESCE(SUM(:w), 0) AS BIGINT)", w=_weight(block, sent))
    return merged(call, block.kinds.get(id(call.node)), sent)


def _weight(block: AggregateBlock, sent: _Sent) -> exp.Expr:
    """How many rows a row of the join stands for: those of its group, and itself where the join found none."""
    rows = sent.aggregate(_rows())
    return parsed("COALESCE(:n, 1)", n=rows) if block.fills_with_nulls else rows


def _rewrite(block: AggregateBlock, sent: _Sent, finished: dict[int, exp.Expr]) -> None:
    """Points everything that the block computes at the columns of the first step."""
    alias = block.alias
    keys = [copy_tree(leaf) for leaf in block.leaves if is_key(leaf, alias)]
    stack: list[exp.Expr] = list(block_expressions(block.select))
    while stack:
        node = stack.pop()
        replacement = finished.get(id(node))
        if replacement is node:
            continue
        if replacement is None and (any(node == key for key in keys) or _is_column(node, alias)):
            replacement = sent.key(node)
        if replacement is None:
            stack.extend(node.iter_expressions())
        else:
            node.replace(replacement)


def _is_column(node: exp.Expr, alias: str) -> bool:
    return isinstance(node, exp.Column) and node.table == alias


def _having_in_members(block: AggregateBlock) -> list[exp.Expr]:
    """Takes out of HAVING what a member can decide alone."""
    having = block.select.args.get("having")
    if having is None:
        return []
    taken: list[exp.Expr] = []
    left: list[exp.Expr] = []
    for conjunct in split_conjuncts(having.this):
        own = free_aliases(conjunct) <= {block.alias} and conjunct.find(exp.Query, exp.Grouping) is None
        (taken if own else left).append(conjunct)
    condition = join_conjuncts(left)
    block.select.set("having", exp.Having(this=condition) if condition is not None else None)
    if taken:
        gone = {id(node) for conjunct in taken for node in walk_here(conjunct)}
        block.calls = [call for call in block.calls if id(call.node) not in gone]
    return taken


def _end_block(select: exp.Select) -> None:
    """A block whose groups are complete only selects from them."""
    for call in list(select.find_all(exp.Grouping)):
        call.replace(exp.cast(exp.Literal.number(0), "BIGINT", dialect="duckdb"))
    having = select.args.get("having")
    select.set("where", exp.Where(this=having.this) if having is not None else None)
    select.set("having", None)
    select.set("group", None)


def _fill(
    arm: exp.Select, sent: _Sent, having: list[exp.Expr], levels: exp.Group | None, *, total: bool
) -> None:
    """Makes an arm the first step in its member."""
    alias, values = sent.block.alias, arm_values(arm)
    projections, group = [], []
    for expression, name in sent.keys.items():
        value = in_member(expression, alias, values)
        projections.append(exp.alias_(value, name, quoted=True))
        if value.find(exp.Column) is not None:
            group.append(copy_tree(value))
    for expression, name in sent.aggregates.items():
        projections.append(exp.alias_(in_member(expression, alias, values), name, quoted=True))
    if not group and not sent.aggregates:
        # Some engines take a SELECT for an aggregate only when one stands among its outputs.
        projections.append(
            exp.alias_(_rows(), "rows_" if "rows" in sent.keys.values() else "rows", quoted=True)
        )
    conditions = [in_member(conjunct, alias, values) for conjunct in having]
    if not group and not (total and not sent.keys):
        # Without keys a member without rows would have a group all the same.
        conditions.insert(0, exp.GT(this=_rows(), expression=exp.Literal.number(0)))
    condition = join_conjuncts(conditions)
    arm.set("expressions", projections)
    arm.set("group", exp.Group(expressions=group) if group else None)
    if levels is not None:
        arm.set("group", in_member(levels, alias, values))
    arm.set("having", exp.Having(this=condition) if condition is not None else None)


def _rows() -> exp.Expr:
    return exp.Count(this=exp.Star(), big_int=True)

"""Computes aggregates in the members of a federated table, and puts them together at the merge."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from gateway.planner.block_aggregates import Call, block_calls
from gateway.planner.members import (
    arm_values,
    arms_of,
    has_member_union,
    in_member,
    is_member_column,
    is_member_union,
    say_why,
    union_name,
)
from gateway.planner.partial_aggregates import can_merge, is_repeatable, merged, needs_kind
from gateway.planner.planning import Planning
from sql.annotate import kind_of
from sql.scopes import (
    block_expressions,
    block_sources,
    free_aliases,
    join_conjuncts,
    source_alias,
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
    copy = tree.copy()
    for select in list(copy.find_all(exp.Select)):
        for union in [source for source, _ in block_sources(select) if is_member_union(source)]:
            block = _read(select, union)
            if block is None:
                continue
            reason = _why_not(block, planning)
            if reason:
                say_why(union, f"{reason}, so rows of the members of {union_name(union)} meet")
            else:
                _split(block, planning)
    return copy


@dataclass(slots=True)
class _Block:
    """One block and the union in it. `leaves` are what it groups by, `alone` that it reads nothing else."""

    select: exp.Select
    union: exp.Subquery
    calls: list[Call]
    leaves: list[exp.Expr]
    distinct: bool
    alone: bool
    kinds: dict[int, str | None] = field(default_factory=dict)

    @property
    def alias(self) -> str:
        return source_alias(self.union)

    @property
    def grouped(self) -> bool:
        return self.select.args.get("group") is not None

    @property
    def is_plain_total(self) -> bool:
        """An aggregate of all rows: one row, also when there are none."""
        return self.alone and not self.grouped and not self.distinct and not self.select.args.get("where")


def _read(select: exp.Select, union: exp.Subquery) -> _Block | None:
    """The block, when it aggregates or takes distinct rows of the union."""
    calls = block_calls(select)
    group = select.args.get("group")
    aggregates = bool(calls) or group is not None or select.args.get("having") is not None
    distinct = select.args.get("distinct")
    if not aggregates and (distinct is None or distinct.args.get("on") is not None):
        return None
    if not aggregates and (select.args.get("qualify") or any(e.find(exp.Window) for e in select.expressions)):
        return None
    leaves = _leaves(group) if group is not None else []
    if not aggregates:
        leaves = [output.unalias() for output in select.expressions]
    return _Block(select, union, calls, leaves, not aggregates, len(block_sources(select)) == 1)


_SETS = (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple)


def _leaves(group: exp.Group) -> list[exp.Expr]:
    """The expressions that a GROUP BY clause is made of, in grouping sets or not."""
    leaves: list[exp.Expr] = []
    stack: list[exp.Expr] = [
        part
        for value in group.args.values()
        if value
        for part in (value if isinstance(value, list) else [value])
        if isinstance(part, exp.Expr)
    ]
    while stack:
        item = stack.pop()
        if isinstance(item, _SETS):
            stack += item.expressions
        elif isinstance(item, exp.Paren):
            stack.append(item.this)
        else:
            leaves.append(item)
    return leaves


# --- whether -----------------------------------------------------------------------------------


def _why_not(block: _Block, planning: Planning) -> str:
    """Why the aggregate cannot be split; empty when it can."""
    alias, arms = block.alias, arms_of(block.union)
    if not block.alone and (reason := _why_not_below_joins(block, planning)):
        return reason
    if any(arm.args.get("group") or arm.args.get("limit") for arm in arms):
        return "a member has been given more than rows to deliver"
    whole = _is_complete(block)
    for call in block.calls:
        free = free_aliases(call.node)
        if call.node.find(exp.Query) is not None:
            return f"{_shown(call)} reads another query"
        if not block.alone and free and alias not in free and is_repeatable(call):
            continue
        if not free <= {alias}:
            return f"{_shown(call)} reads more than one table"
        if not whole:
            if needs_kind(call):
                block.kinds[id(call.node)] = _kind(call, block, planning)
            if not can_merge(call, block.kinds.get(id(call.node))):
                return f"{_shown(call)} needs all rows of a group"
    loose = _loose_columns(block)
    return f"{loose} stands outside what is grouped by" if loose else ""


def _why_not_below_joins(block: _Block, planning: Planning) -> str:
    """Rows that a join repeats, drops or fills with NULLs count as the groups that they are in do, if they can."""
    sources = block_sources(block.select)
    if any(is_member_union(source) and source is not block.union for source, _ in sources):
        return "two federated tables are joined"
    for source, join in sources:
        if join is None:
            continue
        if (
            join.args.get("method")
            or join.args.get("using")
            or not isinstance(source, (exp.Table, exp.Subquery))
        ):
            return "the join needs rows"
        if join.side in {"RIGHT", "FULL"} or (
            source is block.union and (join.side or join.kind not in {"", "INNER", "CROSS"})
        ):
            return "the join fills rows with NULLs"
    if block.distinct:
        return "a join stands between the table and DISTINCT"
    own = [call for call in block.calls if free_aliases(call.node) <= {block.alias}]
    held = [call.node for call in own if not planning.may_read(call.node, block.union)]
    return "" if held else "the aggregate stands above a join"


def _is_complete(block: _Block) -> bool:
    """Whether every group lies in one member, so that the members' aggregates are the block's."""
    if not block.alone or block.distinct or block.select.args.get("where"):
        return False
    arms = arms_of(block.union)
    group = block.select.args.get("group")
    if group is not None and any(isinstance(item, _SETS) for item in group.expressions):
        return False
    if len(arms) == 1:
        return True
    if group is None:
        return False
    return any(
        isinstance(leaf, exp.Column)
        and leaf.table == block.alias
        and is_member_column(block.union, leaf.name)
        for leaf in group.expressions
    )


def _kind(call: Call, block: _Block, planning: Planning) -> str | None:
    assert call.argument is not None
    return kind_of(call.argument) or planning.kind_in_member(call.argument, block.union)


def _loose_columns(block: _Block) -> str:
    """A column of the union that the block reads after grouping, though it is not grouped by; empty for none."""
    if block.distinct:
        return ""
    calls = {id(call.node) for call in block.calls}
    before = {id(block.select.args.get(key)) for key in ("where", "group")}
    before |= {id(join.args.get("on")) for _, join in block_sources(block.select) if join is not None}
    stack = [e for e in block_expressions(block.select) if id(e) not in before]
    while stack:
        node = stack.pop()
        if id(node) in calls or any(node == leaf for leaf in block.leaves):
            continue
        if isinstance(node, exp.Column) and node.table == block.alias:
            return node.sql(dialect="duckdb")
        stack.extend(node.iter_expressions())
    return ""


def _shown(call: Call) -> str:
    return f"{_function_name(call.function)}(…)"


def _function_name(function: exp.Expr) -> str:
    while isinstance(function, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)):
        function = function.this
    if isinstance(function, exp.Anonymous):
        return function.name.lower()
    return function.sql_name().lower() if isinstance(function, exp.Func) else "value"


# --- how ---------------------------------------------------------------------------------------


class _Sent:
    """The columns of the first step, which every member sends under the same names."""

    def __init__(self, block: _Block, planning: Planning) -> None:
        self.block = block
        self.planning = planning
        self.keys: dict[exp.Expr, str] = {}
        self.aggregates: dict[exp.Expr, str] = {}
        self._taken: set[str] = set()

    def key(self, expression: exp.Expr) -> exp.Column:
        start = expression.name if isinstance(expression, exp.Column) else "key"
        return self._column(self.keys, expression, start)

    def aggregate(self, call: exp.Expr) -> exp.Column:
        return self._column(self.aggregates, call, _function_name(call))

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
            group[expression.copy()] = name
        column = exp.column(name, table=self.block.alias, quoted=True)
        if expression.type is not None:
            column.type = expression.type
        return column


def _split(block: _Block, planning: Planning) -> None:
    sent = _Sent(block, planning)
    complete, total = _is_complete(block), block.is_plain_total
    if complete:
        having = _having_in_members(block)
    finished = {id(call.node): _finished(call, block, sent, complete) for call in block.calls}
    _rewrite(block, sent, finished)
    if complete:
        _end_block(block.select)
        reason = f"groups of the members of {union_name(block.union)} follow each other"
    else:
        having = []
        reason = f"groups of the members of {union_name(block.union)} are put together"
    for arm in arms_of(block.union):
        _fill(arm, sent, having, total=total)
    say_why(block.union, reason)


def _finished(call: Call, block: _Block, sent: _Sent, complete: bool) -> exp.Expr:
    if complete:
        return sent.aggregate(call.node)
    if block.alias not in free_aliases(call.node) and call.argument is not None and not block.alone:
        return call.node
    return merged(call, block.kinds.get(id(call.node)), sent)


def _rewrite(block: _Block, sent: _Sent, finished: dict[int, exp.Expr]) -> None:
    """Points everything that the block computes at the columns of the first step."""
    alias = block.alias
    keys = [leaf.copy() for leaf in block.leaves if _is_key(leaf, alias)]
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


def _is_key(leaf: exp.Expr, alias: str) -> bool:
    return free_aliases(leaf) == {alias} and leaf.find(exp.Query, exp.Window) is None


def _is_column(node: exp.Expr, alias: str) -> bool:
    return isinstance(node, exp.Column) and node.table == alias


def _having_in_members(block: _Block) -> list[exp.Expr]:
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


def _fill(arm: exp.Select, sent: _Sent, having: list[exp.Expr], *, total: bool) -> None:
    """Makes an arm the first step in its member."""
    alias, values = sent.block.alias, arm_values(arm)
    projections, group = [], []
    for expression, name in sent.keys.items():
        value = in_member(expression, alias, values)
        projections.append(exp.alias_(value, name, quoted=True))
        if value.find(exp.Column) is not None:
            group.append(value.copy())
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
    arm.set("having", exp.Having(this=condition) if condition is not None else None)


def _rows() -> exp.Expr:
    return exp.Count(this=exp.Star(), big_int=True)

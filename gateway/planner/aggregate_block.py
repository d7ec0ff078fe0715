"""A block that aggregates a federated table: how it is read, and whether it can be split."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from gateway.planner.block_aggregates import QUANTILES, SETS, Call, block_calls, group_leaves
from gateway.planner.members import (
    BELOW,
    arm_values,
    arms_of,
    in_member,
    is_member_column,
    is_member_union,
    member_tables,
    union_name,
)
from gateway.planner.partial_aggregates import can_merge, is_repeatable, needs_kind
from gateway.planner.planning import Planning
from gateway.planner.twins import told_apart
from gateway.planner.weighted_aggregates import can_weight
from gateway.planner.words import listed
from sql.annotate import kind_of
from sql.scopes import block_expressions, block_sources, free_aliases, source_alias
from sql.uses.failing import may_fail

REPEATED = 2
"""How often values come on average, at least, for which they are counted instead of sent one by one."""


@dataclass(slots=True)
class AggregateBlock:
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
    def is_chosen(self) -> bool:
        """Whether the block is aggregated below a join because that costs less: then `why_not_chosen` was asked."""
        return bool(self.union.meta.get(BELOW))

    @property
    def fills_with_nulls(self) -> bool:
        """Whether a join adds rows without a group of the union's."""
        parent = self.union.parent
        return isinstance(parent, exp.Join) and parent.side == "LEFT"

    @property
    def grouped(self) -> bool:
        return self.select.args.get("group") is not None

    @property
    def is_plain_total(self) -> bool:
        """An aggregate of all rows: one row, also when there are none."""
        return self.alone and not self.grouped and not self.distinct and not self.select.args.get("where")


def read_block(select: exp.Select, union: exp.Subquery) -> AggregateBlock | None:
    """The block, when it aggregates or takes distinct rows of the union."""
    calls = block_calls(select)
    group = select.args.get("group")
    aggregates = bool(calls) or group is not None or select.args.get("having") is not None
    distinct = select.args.get("distinct")
    if not aggregates and (distinct is None or distinct.args.get("on") is not None):
        return None
    if not aggregates and (select.args.get("qualify") or any(e.find(exp.Window) for e in select.expressions)):
        return None
    leaves = group_leaves(group) if group is not None else []
    if not aggregates:
        leaves = [output.unalias() for output in select.expressions]
    return AggregateBlock(select, union, calls, leaves, not aggregates, len(block_sources(select)) == 1)


def why_not(block: AggregateBlock, planning: Planning) -> str:
    """Why the aggregate cannot be split; empty when it can."""
    alias, arms = block.alias, arms_of(block.union)
    if not block.alone and (reason := _why_not_below_joins(block, planning)):
        return reason
    if any(arm.args.get("group") or arm.args.get("limit") for arm in arms):
        return "a member has been given more than rows to deliver"
    whole = is_complete(block)
    for call in block.calls:
        free = free_aliases(call.node)
        if call.node.find(exp.Query) is not None:
            return f"{shown(call)} reads another query"
        if stands_beside(block, call) and (
            is_repeatable(call) or ((block.is_chosen or not free) and can_weight(call))
        ):
            continue
        if stands_beside(block, call) and not free:
            return f"{shown(call)} needs all rows of a group"
        if not free <= {alias}:
            return f"{shown(call)} reads more than one table"
        if not whole:
            if needs_kind(call):
                block.kinds[id(call.node)] = _kind(call, block, planning)
            if not can_merge(call, block.kinds.get(id(call.node))) or not _repeats(call, block, planning):
                return f"{shown(call)} needs all rows of a group"
    if not block.is_chosen and (not block.alone or block.select.args.get("where")) and _may_fail(block):
        return "a condition may leave out rows on which an expression fails"
    loose = _loose_columns(block)
    if loose:
        return f"{loose} stands outside what is grouped by"
    twins = _told_apart(block, planning)
    return f"equal values of {twins} need not be the same, as 0 and -0" if twins else ""


def _why_not_below_joins(block: AggregateBlock, planning: Planning) -> str:
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
        if source is block.union and block.is_chosen and join.side == "LEFT":
            continue
        if join.side in {"RIGHT", "FULL"} or (
            source is block.union and (join.side or join.kind not in {"", "INNER", "CROSS"})
        ):
            return "the join fills rows with NULLs"
    if block.distinct:
        return "a join stands between the table and DISTINCT"
    if block.is_chosen:
        return ""
    own = [call for call in block.calls if free_aliases(call.node) <= {block.alias}]
    held = [call.node for call in own if not planning.may_read(call.node, block.union)]
    return "" if held else "the aggregate stands above a join"


def held_columns(block: AggregateBlock, planning: Planning) -> str:
    """Which columns are aggregated below a join because their values may not be seen; empty above none."""
    if block.alone:
        return ""
    columns = {
        column.name: column
        for call in block.calls
        for column in call.node.find_all(exp.Column)
        if column.table == block.alias and not planning.may_read(column, block.union)
    }
    names = [_published_name(block.union, column) for column in columns.values()]
    return f"{listed(names)} may not be read" if names else ""


def _published_name(union: exp.Subquery, column: exp.Column) -> str:
    """The federated table's column, or of one department that department's."""
    arms = arms_of(union)
    value = arm_values(arms[0]).get(column.name)
    if len(arms) == 1 and isinstance(value, exp.Column) and value.table in member_tables(arms[0]):
        return ".".join((*member_tables(arms[0])[value.table], value.name))
    return f"{union_name(union)}.{column.name}"


def is_complete(block: AggregateBlock) -> bool:
    """Whether every group lies in one member, so that the members' aggregates are the block's."""
    if not block.alone or block.distinct or block.select.args.get("where"):
        return False
    arms = arms_of(block.union)
    group = block.select.args.get("group")
    if group is not None and any(isinstance(item, SETS) for item in group.expressions):
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


def _may_fail(block: AggregateBlock) -> bool:
    """Whether members would compute what can fail, also on rows that the merge leaves out."""
    computed = [*(call.node for call in block.calls), *block.leaves]
    return any(may_fail(node) for node in computed if block.alias in free_aliases(node))


def rolls_up(block: AggregateBlock) -> bool:
    """Whether members can group by the block's ROLLUP as it stands, each of its groups being one row."""
    group = block.select.args.get("group")
    if (
        group is None
        or any(call.distinct for call in block.calls)
        or not block.alone
        or block.select.args.get("where")
    ):
        return False
    sets = [item for item in group.expressions if isinstance(item, SETS)]
    if len(sets) != 1 or not isinstance(sets[0], exp.Rollup) or len(set(block.leaves)) != len(block.leaves):
        return False
    in_members = [
        in_member(leaf, block.alias, arm_values(arm)) for arm in arms_of(block.union) for leaf in block.leaves
    ]
    return all(value.find(exp.Column) is not None for value in in_members) and not any(
        leaf.find(exp.Query) for leaf in block.leaves
    )


def _repeats(call: Call, block: AggregateBlock, planning: Planning) -> bool:
    """Whether the values of a quantile had better be counted than sent row by row: others need not be asked so.

    Under a floor a value that few rows have would be left out. What may not be read is not grouped by. And where values
    are known to differ nearly all, their number says little: then rows are less.
    """
    if not isinstance(call.function, QUANTILES) or call.distinct:
        return True
    assert call.argument is not None
    if planning.disclosure.has_floor(block.union) or not planning.may_read(call.argument, block.union):
        return False
    own = [leaf for leaf in block.leaves if free_aliases(leaf) == {block.alias}]
    counted = [c.argument for c in block.calls if c.distinct or isinstance(c.function, QUANTILES)]
    wanted = list(dict.fromkeys([*own, *(argument for argument in counted if argument is not None)]))
    estimator = planning.choosing.estimator
    rows = groups = 0.0
    for arm in arms_of(block.union):
        values = arm_values(arm)
        keys = [in_member(key, block.alias, values) for key in wanted]
        grouped = arm.copy()
        grouped.set("expressions", [exp.alias_(key, f"c{n}") for n, key in enumerate(keys)])
        grouped.set("group", exp.Group(expressions=[key.copy() for key in keys if key.find(exp.Column)]))
        before, after = estimator.estimate(arm), estimator.estimate(grouped)
        if before is None or after is None:
            return True
        rows, groups = rows + before.rows, groups + after.rows
    return groups * REPEATED <= rows


def _kind(call: Call, block: AggregateBlock, planning: Planning) -> str | None:
    assert call.argument is not None
    return kind_of(call.argument) or planning.kind_in_member(call.argument, block.union)


def _loose_columns(block: AggregateBlock) -> str:
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


def _told_apart(block: AggregateBlock, planning: Planning) -> str:
    """A column of the union that members would group by, though the block tells its equal values apart; empty for none."""
    own = [leaf for leaf in block.leaves if is_key(leaf, block.alias)]
    mixed = [leaf for leaf in block.leaves if not is_key(leaf, block.alias)]
    where = block.select.args.get("where")
    joined = [join.args.get("on") for _, join in block_sources(block.select) if join is not None]
    parts = [part for part in (*mixed, *joined, where) if part is not None]
    return told_apart(
        parts,
        block.alias,
        own,
        lambda column: kind_of(column) or planning.kind_in_member(column, block.union),
    )


def is_key(leaf: exp.Expr, alias: str) -> bool:
    """Whether members can group by what the block groups by."""
    return free_aliases(leaf) == {alias} and leaf.find(exp.Query, exp.Window) is None


def stands_beside(block: AggregateBlock, call: Call) -> bool:
    """Whether a call is of what a join puts beside the union's rows, or of nothing: not of the union itself."""
    free = free_aliases(call.node)
    plain_count = call.argument is None and call.filter is None
    return not block.alone and block.alias not in free and not plain_count


def shown(call: Call) -> str:
    return f"{function_name(call.function)}(…)"


_PLAIN_NAMES: dict[type[exp.Expr], str] = {
    exp.Avg: "avg",
    exp.Count: "count",
    exp.Max: "max",
    exp.Min: "min",
    exp.Sum: "sum",
}
"""The names of most calls, for which no text has to be made."""


def function_name(function: exp.Expr) -> str:
    """The name by which a question calls an aggregate, given with or without what stands around it."""
    while isinstance(function, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)):
        function = function.this
    if isinstance(function, exp.GroupConcat):
        return "string_agg"
    if (plain := _PLAIN_NAMES.get(type(function))) is not None and not function.expressions:
        return plain
    return function.sql(dialect="duckdb").partition("(")[0].lower()

"""Refuses what a floor cannot be kept for, before anything runs, with the place and what to ask instead."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from comity.errors import PolicyError
from policies.floor_blocks import (
    FloorBlock,
    Floors,
    FloorSource,
    aggregate_calls,
    aggregates,
    filter_condition,
    filter_conditions,
    find_floor_blocks,
    grouping_levels,
)
from policies.floor_joins import Keys, find_repeating_source
from sql.annotate import kind_of
from sql.kinds import decimal_parts, is_integer
from sql.places import offset_of, place_at
from sql.scopes import block_sources, free_aliases, nested_queries, source_alias
from sql.uses.failing import may_fail


def check_floors(tree: exp.Query, floors: Floors, text: str = "", keys: Keys | None = None) -> None:
    """Refuses a resolved question in which a floor could be got around.

    `text` is the question's own text, for places. `keys` are the unique columns of published tables as shown to the
    caller; None where they are not known. Raises `PolicyError` (`POLICY_DENIED`).
    """
    if not floors:
        return
    checker = _Checker(text, keys)
    blocks = find_floor_blocks(tree, floors)
    checker.check_read_once(blocks)
    for block in blocks:
        checker.check(block)


class _Checker:
    def __init__(self, text: str, keys: Keys | None) -> None:
        self.text = text
        self.keys = keys

    def refuse(self, where: exp.Expr, source: FloorSource, message: str, hint: str) -> PolicyError:
        offset = offset_of(where)
        known = offset is not None and bool(self.text) and offset <= len(self.text)
        line, column = place_at(self.text, offset) if known and offset is not None else (None, None)
        return PolicyError(
            f"{source.name} is shown in groups of at least {source.floor.entities} only: {message}",
            hint=hint,
            line=line,
            column=column,
            department=source.node.db,
        )

    def check_read_once(self, blocks: list[FloorBlock]) -> None:
        seen: set[str] = set()
        for block in blocks:
            for source in block.sources:
                if source.name in seen:
                    message = "it is read twice, and the difference of two groups can be one person"
                    hint = "Read it once; for totals beside their parts use GROUP BY ROLLUP."
                    raise self.refuse(source.node, source, message, hint)
                seen.add(source.name)

    def check(self, block: FloorBlock) -> None:
        select, first = block.select, block.sources[0]
        distinct = select.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            raise self.refuse(
                distinct, first, "DISTINCT ON shows single rows", "Use GROUP BY with aggregate functions."
            )
        if not aggregates(select) and (distinct is None or _has_window(select)):
            what = "windows over its rows show" if _has_window(select) else "this asks for"
            message = f"{what} single rows"
            raise self.refuse(first.node, first, message, "Use GROUP BY or aggregate functions.")
        if free_aliases(select):
            message = "a subquery that depends on the row around it makes groups that overlap"
            raise self.refuse(first.node, first, message, "Join, and group by the columns you need.")
        self.check_from(block)
        self.check_calls(block)
        self.check_groups(block)
        self.check_failures(block)

    def check_from(self, block: FloorBlock) -> None:
        floored = {source.alias: source for source in block.sources}
        for source, join in block_sources(block.select):
            if join is not None and join.kind in {"SEMI", "ANTI"} and source_alias(source) in floored:
                found = floored[source_alias(source)]
                message = "a SEMI or ANTI join asks for its single rows"
                raise self.refuse(source, found, message, "Join it, and use GROUP BY.")
        repeating = find_repeating_source(block, self.keys)
        if repeating is not None:
            first = block.sources[0]
            name = source_alias(repeating)
            message = (
                f"the join with {name} can repeat its rows, which would let single rows outweigh the others"
            )
            hint = (
                f"Join {name} with = on its key, or bring it to one row per value first: "
                "(SELECT DISTINCT …) or (SELECT … GROUP BY …), joined on all its columns or keys."
            )
            raise self.refuse(repeating, first, message, hint)

    def check_calls(self, block: FloorBlock) -> None:
        first = block.sources[0]
        for call, _ in aggregate_calls(block.select):
            strange = next((a for a in _arguments(call) if not _is_plain(a)), None)
            if strange is not None:
                message = (
                    "its aggregates take columns as they are, not expressions that could pick single rows"
                )
                hint = "Aggregate the column itself; use WHERE, FILTER or GROUP BY to choose rows."
                raise self.refuse(strange if offset_of(strange) is not None else call, first, message, hint)
        for condition in filter_conditions(block.select):
            if condition.find(exp.Query) is not None:
                message = "a subquery in FILTER is not supported here"
                raise self.refuse(
                    condition, first, message, "Join the other table, and filter on its columns."
                )

    def check_groups(self, block: FloorBlock) -> None:
        first, group = block.sources[0], block.select.args.get("group")
        if group is not None and grouping_levels(group) is None:
            message = (
                "CUBE, and GROUPING SETS that do not lie inside each other, show sums whose differences "
                "can be one person"
            )
            raise self.refuse(group, first, message, "Use ROLLUP, or ask for one grouping.")
        distinct = block.select.args.get("distinct")
        if distinct is not None and not aggregates(block.select):
            for output in block.select.expressions:
                if output.find(exp.Query) is not None:
                    message = "DISTINCT over a subquery is not supported here"
                    raise self.refuse(output, first, message, "Use GROUP BY.")

    def check_failures(self, block: FloorBlock) -> None:
        for expression in _row_by_row(block.select):
            if may_fail(expression):
                message = "this can fail on some value, and the error would tell of a single row"
                hint = "Compare columns as they are; TRY_CAST gives NULL where CAST fails."
                raise self.refuse(expression, block.sources[0], message, hint)


def _row_by_row(select: exp.Select) -> Iterator[exp.Expr]:
    """What the block computes on each of its rows."""
    where, group = select.args.get("where"), select.args.get("group")
    if where is not None:
        yield where.this
    for join in select.args.get("joins") or ():
        if join.args.get("on") is not None:
            yield join.args["on"]
    for level in (grouping_levels(group) or ()) if group is not None else ():
        yield from level
    for call, filtered in aggregate_calls(select):
        yield call
        if filtered is not None:
            yield filter_condition(filtered)
    if not aggregates(select):
        yield from (output.this for output in select.expressions)
    having = select.args.get("having")
    if having is not None:
        # A subquery may be computed for all groups at once, before anything chooses among them.
        yield from nested_queries(having.this)


def _has_window(select: exp.Select) -> bool:
    clauses = [*select.expressions, select.args.get("qualify"), select.args.get("order")]
    return any(clause is not None and clause.find(exp.Window) is not None for clause in clauses)


def _arguments(call: exp.Expr) -> Iterator[exp.Expr]:
    """What an aggregate reads: its arguments and the keys of an ORDER BY inside it."""
    for argument in call.iter_expressions():
        if isinstance(call, exp.WithinGroup) and argument is call.this:
            yield from _arguments(argument)
        else:
            yield from _values(argument)


def _values(argument: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(argument, (exp.Order, exp.Ordered, exp.Distinct, exp.Tuple)):
        for part in argument.iter_expressions():
            yield from _values(part)
    else:
        yield argument


def _is_plain(argument: exp.Expr) -> bool:
    """A column or a constant; a column as DOUBLE. The first n power sums of n numbers are the numbers."""
    argument = argument.unnest()
    if isinstance(argument, exp.Neg):
        argument = argument.this
    if isinstance(argument, (exp.Column, exp.Star, exp.Literal, exp.Boolean, exp.Null)):
        return True
    if isinstance(argument, exp.Array):
        return all(isinstance(part, exp.Literal) for part in argument.expressions)
    return _is_double(argument)


def _is_double(argument: exp.Expr) -> bool:
    """A number's column as a DOUBLE, a cast that cannot fail."""
    argument = argument.unnest()
    if type(argument) is not exp.Cast or argument.to.this != exp.DType.DOUBLE:
        return False
    column = argument.this.unnest()
    kind = kind_of(column)
    numeric = is_integer(kind) or decimal_parts(kind) is not None or kind in {"DOUBLE", "FLOAT"}
    return isinstance(column, exp.Column) and numeric

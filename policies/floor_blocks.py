"""Finds the blocks of a resolved question that read tables under a floor, and how each of them groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from sqlglot import exp

from policies.decision import Floor
from sql.allowed_functions import is_aggregate_call
from sql.resolve_groups import has_aggregate, windowed_call
from sql.scopes import block_expressions, block_sources, is_cte_reference

ENTITY = "_entity"
"""The column in which the wrap shows a floor's agent, and nobody else, the raw entity of each row."""

Floors = Mapping[tuple[str, str], Floor]
"""Floors by department and table."""

Level = tuple[exp.Expr, ...]
MOST_SETS = 64


@dataclass(frozen=True, slots=True)
class FloorSource:
    """A table under a floor where a block reads it."""

    node: exp.Table
    floor: Floor

    @property
    def alias(self) -> str:
        return str(self.node.alias_or_name)

    @property
    def name(self) -> str:
        return f"{self.node.db}.{self.node.name}"


@dataclass(frozen=True, slots=True)
class FloorBlock:
    """A SELECT that reads tables under floors itself, in the order of its FROM clause."""

    select: exp.Select
    sources: tuple[FloorSource, ...]


def find_floor_blocks(tree: exp.Query, floors: Floors) -> list[FloorBlock]:
    """Every block with a table under a floor among its FROM items."""
    blocks = []
    for select in tree.find_all(exp.Select):
        found = [
            FloorSource(source, floor)
            for source, _ in block_sources(select)
            if isinstance(source, exp.Table)
            and not is_cte_reference(source)
            and (floor := floors.get((source.db, source.name))) is not None
        ]
        if found:
            blocks.append(FloorBlock(select, tuple(found)))
    return blocks


def aggregates(select: exp.Select) -> bool:
    """True for a block whose rows are groups: GROUP BY, or aggregates over all its rows."""
    if select.args.get("group") is not None or select.args.get("having") is not None:
        return True
    clauses = [*select.expressions, select.args.get("qualify"), select.args.get("order")]
    return any(has_aggregate(clause) for clause in clauses if clause is not None)


def aggregate_calls(select: exp.Select) -> Iterator[tuple[exp.Expr, exp.Filter | None]]:
    """The block's own aggregate calls, each with the FILTER around it; not those that only windows compute."""
    stack: list[exp.Expr] = list(block_expressions(select))
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Query):
            continue
        if isinstance(node, exp.Window):
            stack += list(windowed_call(node).iter_expressions())
            inner: exp.Expr = node.this
            while isinstance(inner, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
                if isinstance(inner, exp.Filter):
                    stack.append(inner.expression)
                inner = inner.this
            stack += [part for key, part in _parts(node) if key != "this"]
        elif isinstance(node, exp.Filter):
            call = node.this
            while isinstance(call, (exp.IgnoreNulls, exp.RespectNulls)):
                call = call.this
            yield call, node
        elif isinstance(node, exp.WithinGroup) or is_aggregate_call(node):
            yield node, None
        else:
            stack.extend(node.iter_expressions())


def _parts(node: exp.Expr) -> Iterator[tuple[str, exp.Expr]]:
    for key, value in node.args.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, exp.Expr):
                yield key, part


def filter_condition(filtered: exp.Filter) -> exp.Expr:
    where: exp.Expr = filtered.expression
    inner: exp.Expr = where.this if isinstance(where, exp.Where) else where
    return inner


def filter_conditions(select: exp.Select) -> tuple[exp.Expr, ...]:
    """The different conditions of the block's FILTER clauses."""
    found = (filter_condition(f) for _, f in aggregate_calls(select) if f is not None)
    return tuple(dict.fromkeys(found))


def grouping_levels(group: exp.Group | None) -> tuple[Level, ...] | None:
    """The block's grouping sets from the coarsest to the finest, each inside the next.

    None when they are no such chain, as those of CUBE are not: with two sets of which neither holds the other
    there are differences of sums that no sum over whole groups explains. Constant keys are left out.

    >>> from sqlglot import parse_one
    >>> group = parse_one("SELECT 1 FROM t GROUP BY a, ROLLUP (b, c)").args["group"]
    >>> [[key.sql() for key in level] for level in grouping_levels(group)]
    [['a'], ['a', 'b'], ['a', 'b', 'c']]
    """
    sets = _sets(list(group.expressions)) if group is not None else [()]
    if sets is None:
        return None
    levels = sorted((tuple(dict.fromkeys(one)) for one in sets), key=len)
    for coarse, fine in pairwise(levels):
        if len(coarse) == len(fine) or not set(coarse) <= set(fine):
            return None
    return tuple(levels)


def _sets(items: Sequence[exp.Expr]) -> list[Level] | None:
    """The sets that a list of GROUP BY items stands for: their product."""
    parts = [_sets_of(item) for item in items]
    found: list[Level] = []
    for combination in product(*(part or [()] for part in parts)):
        if len(found) == MOST_SETS:
            return None
        found.append(tuple(key for part in combination for key in part))
    return None if any(part is None for part in parts) else found


def _sets_of(item: exp.Expr) -> list[Level] | None:
    if isinstance(item, exp.Rollup):
        keys = [_keys(part) for part in item.expressions]
        return [tuple(key for part in keys[:size] for key in part) for size in range(len(keys) + 1)]
    if isinstance(item, exp.Cube):
        if len(item.expressions) > 5:
            return None
        keys = [_keys(part) for part in item.expressions]
        return [
            tuple(key for place, part in enumerate(keys) if number >> place & 1 for key in part)
            for number in range(2 ** len(keys))
        ]
    if isinstance(item, exp.GroupingSets):
        nested = [_sets_of(part) for part in item.expressions]
        return None if None in nested else [one for part in nested for one in part or ()]
    return [_keys(item)]


def _keys(item: exp.Expr) -> Level:
    if isinstance(item, exp.Paren):
        return _keys(item.this)
    parts = item.expressions if isinstance(item, exp.Tuple) else [item]
    return tuple(part for part in parts if not isinstance(part, exp.Literal))

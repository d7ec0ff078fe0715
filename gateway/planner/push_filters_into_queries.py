"""Moves conditions on a derived table into the query that makes it, as far as it makes the same of fewer rows."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from gateway.planner.block_aggregates import block_calls
from gateway.planner.constant_conditions import simplified
from gateway.planner.merge_wrappers import is_of_one_department
from gateway.planner.planning import Planning
from sql.annotate import kind_of
from sql.copies import copy_tree
from sql.scopes import block_sources, free_aliases, is_inner, join_conjuncts, source_alias, split_conjuncts
from sql.substitution import in_its_place, of_its_type
from sql.uses.failing import may_fail

_Values = Mapping[str, exp.Expr]
_FIXED = frozenset({"limit", "offset", "qualify", "windows", "sample"})
"""Clauses after which it is too late to ask for fewer rows."""


def push_filters_into_queries(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with conditions inside the derived tables that they are about; a copy where one moves.

    Through DISTINCT and set operations, into both sides; below GROUP BY and windows where they ask only what the rows
    are grouped or partitioned by. A query over one department stays as it is: the department takes conditions around it.
    """
    if not any(_wrapped(select, planning) for select in tree.find_all(exp.Select)):
        return tree
    copy = copy_tree(tree)
    changed = False
    for select in list(copy.find_all(exp.Select)):
        wrapped = _wrapped(select, planning)
        if wrapped:
            changed |= _push_in_block(select, wrapped, planning)
    return copy if changed else tree


def _wrapped(select: exp.Select, planning: Planning) -> dict[str, exp.Query]:
    """The derived tables of a block with conditions, by alias."""
    sources = block_sources(select)
    conditions = select.args.get("where") or any(
        join.args.get("on") for _, join in sources if join is not None
    )
    if not conditions:
        return {}
    return {
        source_alias(source): source.this
        for source, _ in sources
        if isinstance(source, exp.Subquery)
        and isinstance(source.this, exp.Query)
        and not is_of_one_department(source.this, planning)
    }


def _push_in_block(select: exp.Select, wrapped: Mapping[str, exp.Query], planning: Planning) -> bool:
    """Whether a condition moved."""
    sources = block_sources(select)
    filled = any(join is not None and join.side in {"RIGHT", "FULL"} for _, join in sources)
    if filled:
        return False
    beside = {
        alias: query
        for source, join in sources
        if (alias := source_alias(source)) in wrapped and is_inner(join)
        for query in [wrapped[alias]]
    }
    changed = False
    where = select.args.get("where")
    if where is not None:
        pool = split_conjuncts(where.this)
        kept = _push(pool, beside, planning)
        if len(kept) < len(pool):
            condition = join_conjuncts(kept)
            select.set("where", exp.Where(this=condition) if condition is not None else None)
            changed = True
    for source, join in sources:
        if join is None or join.args.get("on") is None:
            continue
        alias = source_alias(source)
        pool = split_conjuncts(join.args["on"])
        # An outer join, or one that only looks up, asks of its own right side what it can be asked alone.
        own = {alias: wrapped[alias]} if alias in wrapped else {}
        kept = _push(pool, beside if is_inner(join) else own, planning)
        if len(kept) < len(pool):
            join.set("on", join_conjuncts(kept) or exp.true())
            changed = True
    return changed


def _push(conjuncts: list[exp.Expr], queries: Mapping[str, exp.Query], planning: Planning) -> list[exp.Expr]:
    """Those that do not move."""
    kept = []
    for conjunct in conjuncts:
        names = free_aliases(conjunct)
        name = next(iter(names)) if len(names) == 1 else ""
        if name in queries and conjunct.find(exp.Query) is None:
            columns = {column.name: kind_of(column) for column in conjunct.find_all(exp.Column)}
            blocks = _blocks(queries[name], columns, certain=not may_fail(conjunct))
            typed = all(
                of_its_type(values[name], kind) is not None
                for _, values in blocks
                for name, kind in columns.items()
            )
            if blocks and typed and all(_may_ask(block, values, planning) for block, values in blocks):
                for block, values in blocks:
                    _ask(block, _in_block(conjunct, values))
                continue
        kept.append(conjunct)
    return kept


def _may_ask(block: exp.Select, values: _Values, planning: Planning) -> bool:
    """Whether the rows that a block reads may be filtered by these values, which are made of nothing else: groups and
    different values may be, when they are there, of columns that may only be grouped by.
    """
    sources = {source_alias(source): source for source, _ in block_sources(block)}
    return all(
        column.table in sources and planning.may_filter(column, sources[column.table])
        for value in values.values()
        for column in value.find_all(exp.Column)
    )


def _blocks(
    query: exp.Expr, columns: Mapping[str, str | None], *, certain: bool
) -> list[tuple[exp.Select, _Values]]:
    """The blocks that can be asked a condition on these outputs, and what they select under these names; none where
    one of them cannot. Only where it is `certain` not to fail it is asked of rows that might not come out.
    """
    if isinstance(query, exp.Subquery):
        plain = not any(value for key, value in query.args.items() if key not in {"this", "alias"})
        return _blocks(query.this, columns, certain=certain) if plain else []
    if isinstance(query, exp.SetOperation):
        return _both_sides(query, columns, certain=certain)
    if not isinstance(query, exp.Select) or any(query.args.get(key) for key in _FIXED):
        return []
    names = list(query.named_selects)
    if any(names.count(name) != 1 for name in columns):
        return []
    values = {name: query.expressions[names.index(name)].unalias() for name in columns}
    return [(query, values)] if _is_early_enough(query, values, certain=certain) else []


def _both_sides(
    query: exp.SetOperation, columns: Mapping[str, str | None], *, certain: bool
) -> list[tuple[exp.Select, _Values]]:
    plain = {"this", "expression", "distinct", "with_", "order"}
    if any(value for key, value in query.args.items() if key not in plain) or None in columns.values():
        return []
    if not isinstance(query, exp.Union) and not certain:
        return []
    names = query.named_selects
    found: list[tuple[exp.Select, _Values]] = []
    for side in (query.this, query.expression):
        own = side.named_selects
        if any(names.count(name) != 1 for name in columns) or len(own) != len(names):
            return []
        places = {name: own[names.index(name)] for name in columns}
        if len(set(places.values())) < len(places):
            return []
        blocks = _blocks(side, {places[name]: kind for name, kind in columns.items()}, certain=certain)
        if not blocks:
            return []
        for block, values in blocks:
            by_name = {name: values[places[name]] for name in columns}
            # Values of another type are converted only by the operation itself.
            if any(kind_of(value) != columns[name] for name, value in by_name.items()):
                return []
            found.append((block, by_name))
    return found


def _is_early_enough(block: exp.Select, values: _Values, *, certain: bool) -> bool:
    """Whether the block makes the same of the rows for which a condition on these values holds."""
    if any(value.find(exp.Query) is not None for value in values.values()):
        return False
    distinct = block.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        return False
    windows = [window for output in block.expressions for window in output.find_all(exp.Window)]
    group = block.args.get("group")
    if group is not None or block_calls(block) or block.args.get("having") is not None:
        if group is None or windows or not certain:
            return False
        # A key of ROLLUP and the like is none of the others: it is NULL in subtotals.
        keys = group.expressions
        if any(value for key, value in group.args.items() if key != "expressions"):
            return False
        return all(value in keys and value.find(exp.Column) is not None for value in values.values())
    if windows:
        return certain and all(
            value in (window.args.get("partition_by") or ()) and value.find(exp.Column) is not None
            for window in windows
            for value in values.values()
        )
    return certain or distinct is None


def _in_block(conjunct: exp.Expr, values: _Values) -> exp.Expr:
    """The condition on what the block selects."""
    root = exp.Paren(this=copy_tree(conjunct))
    for column in list(root.find_all(exp.Column)):
        value = of_its_type(values[column.name], kind_of(column))
        assert value is not None
        column.replace(in_its_place(value, column))
    inner: exp.Expr = root.this
    return inner.pop()


def _ask(block: exp.Select, condition: exp.Expr) -> None:
    decided = simplified(condition)
    if decided is True:
        return
    where = block.args.get("where")
    asked = exp.false() if decided is False else decided if isinstance(decided, exp.Expr) else condition
    pool = split_conjuncts(where.this if where is not None else None)
    block.set("where", exp.Where(this=join_conjuncts([*pool, *split_conjuncts(asked)])))

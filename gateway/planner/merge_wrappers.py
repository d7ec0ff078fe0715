"""Reads what stands in a derived table or a WITH query as if it stood in the block that reads it.

Tools wrap what people ask, and people give parts names: `SELECT … FROM (SELECT …) AS q WHERE …`. Where the inner
block only joins, filters and names, the two blocks are one, and what follows sees all tables beside all conditions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlglot import exp

from gateway.planner.block_aggregates import block_calls
from gateway.planner.gather_department import aggregates
from gateway.planner.planning import Planning
from sql.annotate import kind_of
from sql.copies import copy_tree
from sql.from_items import named_query
from sql.scopes import (
    block_sources,
    free_aliases,
    is_cte_reference,
    is_inner,
    join_conjuncts,
    source_alias,
    split_conjuncts,
)
from sql.substitution import in_its_place, typed

_PLAIN_CLAUSES = frozenset({"expressions", "from_", "joins", "where"})
_AS_THEY_ARE = (
    *(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Cast, exp.TryCast, exp.DPipe),
    *(exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.And, exp.Or, exp.Not, exp.Is, exp.Like),
    *(exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Substring, exp.Extract, exp.Year, exp.Month, exp.Day),
)
"""Values whose type is the same wherever they stand."""


def merge_wrappers(tree: exp.Query, planning: Planning) -> exp.Query:
    """`tree` with such blocks in the blocks that read them; a copy where there is one.

    A WITH query that one place reads is a derived table there. Not for a question that one department is asked as a
    whole.

    >>> import sqlglot
    >>> from sql.catalog import Catalog
    >>> from sql.binder import Binder
    >>> q = "WITH w AS (SELECT t.a AS b FROM s.t AS t WHERE t.c) SELECT w.b AS b FROM w AS w, r.u AS u WHERE w.b = u.b"
    >>> planning = Planning(Catalog([], "1"), Binder([]))
    >>> merge_wrappers(sqlglot.parse_one(q, dialect="duckdb"), planning).sql("duckdb")
    'SELECT t.a AS b FROM s.t AS t, r.u AS u WHERE t.c AND t.a = u.b'
    """
    if not _has_wrappers(tree) or is_of_one_department(tree, planning):
        return tree
    copy = copy_tree(tree)
    changed = _inline(copy)
    # The innermost first, so that what is merged has no wrapper in it any more.
    for select in reversed(list(copy.find_all(exp.Select))):
        while _merge_one(select, planning):
            changed = True
    return copy if changed else tree


def _has_wrappers(tree: exp.Query) -> bool:
    items = tree.find_all(exp.From, exp.Join)
    return tree.find(exp.CTE) is not None or any(
        isinstance(item.this, (exp.Subquery, exp.Lateral)) for item in items
    )


def is_of_one_department(query: exp.Expr, planning: Planning) -> bool:
    """Whether all published tables of a query are one department's, which is then asked for it as it is."""
    tables = [table for table in query.find_all(exp.Table) if not is_cte_reference(table)]
    if len({table.db for table in tables}) > 1:
        return False
    found = (planning.catalog.find(table.db, table.name) for table in tables)
    return not any(table is not None and table.members for table in found)


def _inline(tree: exp.Query) -> bool:
    """Makes derived tables of the WITH queries that a FROM clause reads once."""
    changed = False
    for with_ in list(tree.find_all(exp.With)):
        read = Counter(table.name for table in tree.find_all(exp.Table) if is_cte_reference(table))
        kept = []
        for cte in reversed(with_.expressions):
            reference = next(
                (t for t in tree.find_all(exp.Table) if is_cte_reference(t) and t.name == cte.alias), None
            )
            if (
                read[cte.alias] != 1
                or reference is None
                or not isinstance(reference.parent, (exp.From, exp.Join))
            ):
                kept.append(cte)
                continue
            reference.replace(named_query(cte.this, source_alias(reference)))
            changed = True
        if kept:
            with_.set("expressions", kept[::-1])
        else:
            with_.pop()
    return changed


def _merge_one(select: exp.Select, planning: Planning) -> bool:
    """Merges the first FROM item that can be merged; False when there is none."""
    sources = block_sources(select)
    filled = _fills(select)
    for place, (source, join) in enumerate(sources):
        inner = _wrapped(source)
        if inner is None or not only_joins_and_filters(inner):
            continue
        beside = is_inner(join)
        # What a department computes of its own table goes there with the derived table, and not its columns instead.
        plain = filled or not beside or is_of_one_department(inner, planning)
        values = _values(inner, select, source_alias(source), plain=plain)
        if values is None:
            continue
        if beside and not filled:
            if place > 0 and _fills(inner):
                # It would fill up what stands before it, too.
                continue
            _splice(select, place, inner)
        elif len(block_sources(inner)) == 1 and _may_join(inner, filled=filled):
            _put_in_place(source, join, inner)
        else:
            continue
        _substitute(select, source_alias(source), values)
        return True
    return False


def _fills(select: exp.Select) -> bool:
    """Whether a join of the block fills up what stands before it with NULLs."""
    return any(join.side in {"RIGHT", "FULL"} for join in select.args.get("joins") or ())


def _wrapped(source: exp.Expr) -> exp.Select | None:
    """The block of a derived table, which may be LATERAL; None for any other FROM item."""
    alias = source.args.get("alias")
    if (
        not isinstance(source, (exp.Subquery, exp.Lateral))
        or source.meta
        or (alias is not None and alias.columns)
    ):
        return None
    if any(value for key, value in source.args.items() if key not in {"this", "alias"}):
        return None
    inner = source.this
    if isinstance(source, exp.Lateral):
        inner = inner.this if isinstance(inner, exp.Subquery) and set(inner.args) <= {"this"} else None
    return inner if isinstance(inner, exp.Select) else None


def only_joins_and_filters(inner: exp.Select) -> bool:
    """Whether every row of a block is one of the join of its tables, and no other row decides what stands in it."""
    if any(value for key, value in inner.args.items() if key not in _PLAIN_CLAUSES):
        return False
    sources = block_sources(inner)
    if not sources or any(not isinstance(source, (exp.Table, exp.Subquery)) for source, _ in sources):
        return False
    if any(isinstance(source, exp.Subquery) and free_aliases(source) for source, _ in sources):
        # Inside LATERAL it may use tables beside the block, whose place among them matters then.
        return False
    return not block_calls(inner) and all(
        output.find(exp.Window, exp.Query) is None for output in inner.expressions
    )


def _values(
    inner: exp.Select, select: exp.Select, alias: str, *, plain: bool
) -> Mapping[str, exp.Expr] | None:
    """What stands for each output that is read; None where one of them cannot be read where it is read.

    `plain` where only columns may stand for them, as where rows are filled up with NULLs.
    """
    read: dict[str, list[exp.Column]] = {}
    for column in select.find_all(exp.Column):
        if column.table == alias:
            read.setdefault(column.name, []).append(column)
    own = {source_alias(source) for source, _ in block_sources(inner)}
    values: dict[str, exp.Expr] = {}
    for output in inner.expressions:
        name, value = output.alias_or_name, output.unalias()
        if name in values:
            return None
        if name in read:
            found = _as_value(value, read[name], select, own, plain=plain)
            if found is None:
                return None
            value = found
        values[name] = value
    if not read.keys() <= values.keys():
        return None
    return values if _stay_apart([values[name] for name in read], select) else None


def _as_value(
    value: exp.Expr, read: list[exp.Column], select: exp.Select, own: set[str], *, plain: bool
) -> exp.Expr | None:
    """An output as what stands for it in all these places; None where it would be another value there."""
    if any(column.table not in own for column in value.find_all(exp.Column)):
        # A column of a query around the block is not NULL where a join fills the block's row.
        return None
    if isinstance(value, exp.Column):
        return value
    nested = any(column.parent_select is not select for column in read)
    if plain or (nested and (aggregates(select) or value.find(exp.Column) is None)):
        # A nested query is of a group by its keys, which it names as they are, and aggregates what is not its own.
        return None
    if isinstance(value.unnest(), _AS_THEY_ARE) and value.find(exp.Column) is not None:
        return value
    # A constant becomes whatever stands beside it, unless it is said to be of its type.
    return typed(value, kind_of(read[0]))


def _stay_apart(values: list[exp.Expr], select: exp.Select) -> bool:
    """Whether values that are different outputs are different keys of grouping sets, where one of them may be NULL."""
    group = select.args.get("group")
    if group is None:
        return True
    others = any(value for key, value in group.args.items() if key != "expressions")
    if not others and group.find(exp.Rollup, exp.Cube, exp.GroupingSets) is None:
        return True
    columns = {(value.table, value.name) for value in values if isinstance(value, exp.Column)}
    return len(columns) == len(values)


def _splice(select: exp.Select, place: int, inner: exp.Select) -> None:
    """Puts the inner block's FROM items where the derived table stands, and its conditions before the others."""
    joins: list[exp.Join] = list(select.args.get("joins") or ())
    (first, _), *others = block_sources(inner)
    added = [join for _, join in others if join is not None]
    conditions = _conditions(inner)
    if place == 0:
        select.args["from_"].set("this", first)
    else:
        join = joins[place - 1]
        join.set("this", first)
        if join.args.get("on") is not None and (added or not _asked(join.args["on"])):
            # It may ask tables that come only after this one.
            conditions += _asked(join.args["on"])
            join.set("on", None)
            join.set("kind", "CROSS")
    select.set("joins", joins[:place] + added + joins[place:])
    if conditions:
        condition = join_conjuncts([*conditions, *_conditions(select)])
        select.set("where", exp.Where(this=condition))


def _put_in_place(source: exp.Expr, join: exp.Join | None, inner: exp.Select) -> None:
    """Puts the inner block's one FROM item where the derived table stands, which a join may fill with NULLs."""
    conditions = _conditions(inner)
    (item, _), *_ = block_sources(inner)
    source.replace(item)
    if conditions and join is not None:
        join.set("on", join_conjuncts([*conditions, *_asked(join.args.get("on"))]))


def _may_join(inner: exp.Select, *, filled: bool) -> bool:
    """Whether the block's conditions can be asked in the join that fills it up with NULLs, or looks it up."""
    conditions = _conditions(inner)
    # With queries in it a condition stays where `fence_left_joins` put it.
    return not conditions or not (filled or any(c.find(exp.Query) is not None for c in conditions))


def _conditions(select: exp.Select) -> list[exp.Expr]:
    where = select.args.get("where")
    return _asked(where.this if where is not None else None)


def _asked(condition: exp.Expr | None) -> list[exp.Expr]:
    """Its conjuncts without TRUE, as `ON TRUE` has it."""
    return [c for c in split_conjuncts(condition) if not (isinstance(c, exp.Boolean) and c.this)]


def _substitute(select: exp.Select, alias: str, values: Mapping[str, exp.Expr]) -> None:
    """Points what the block reads of the derived table at what stood in it."""
    for column in list(select.find_all(exp.Column)):
        if column.table != alias:
            continue
        column.replace(in_its_place(values[column.name], column))

"""SELECT, set operations and WITH: the same rows, and in the same order where ORDER BY asks for one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from sql.dialects.casts import convert
from sql.dialects.conditions import aggregates, condition, searched
from sql.dialects.dialect import MOST_NAME_BYTES
from sql.dialects.group_order import group_order
from sql.dialects.grouping import group_clause, named_value
from sql.dialects.kinds import INTEGER, NULL, unify
from sql.dialects.operators import refuse_incomparable
from sql.dialects.ordering import Output, limit_clause, order_clause
from sql.dialects.scope import Columns, Kept, Scope, duckdb_fold
from sql.dialects.source import NotNative
from sql.dialects.sources import from_clause
from sql.dialects.values import Value
from sql.dialects.walk import Rendered, only, query, scalar, title, translates_query
from sql.scopes import block_sources, free_aliases, nested_queries, source_alias

_SELECT = [
    "with_",
    "expressions",
    "from_",
    "joins",
    "where",
    "group",
    "having",
    "order",
    "limit",
    "offset",
    "distinct",
    "windows",
]
_SET = ["with_", "this", "expression", "distinct", "order", "limit", "offset"]
_PLAIN = frozenset({"expressions", "from_", "joins", "where"})
_WRAP, _KEPT = "_q", "~"
_MOST_ARMS = 400
"""SQLite takes 500."""


@translates_query(exp.Subquery)
def _parenthesised(node: exp.Expr, scope: Scope) -> Rendered:
    only(node, ("this",))
    return query(node.this, scope)


@translates_query(exp.Select)
def _select(node: exp.Expr, scope: Scope) -> Rendered:
    # Of a subquery in a condition, only its own conditions search.
    before, scope.context.searches = scope.context.searches, False
    try:
        return _selected(node, scope)
    finally:
        scope.context.searches = before


def _selected(node: exp.Expr, scope: Scope) -> Rendered:
    only(node, _SELECT)
    if not isinstance(node, exp.Select):
        raise NotNative(title(node))
    prefix = _with(node, scope)
    for window in node.args.get("windows") or ():
        scope.windows[duckdb_fold(window.name)] = window
    source = from_clause(node, scope, group_order(node, scope.context))
    _refuse_outer_columns(node, scope)
    where = node.args.get("where")
    conditions = [searched(where.this, scope).sql] if where is not None else []
    conditions += source.conditions
    outputs = [_output(projection, place, scope) for place, projection in enumerate(node.expressions)]
    group = group_clause(node.args.get("group"), outputs, scope)
    having = node.args.get("having")
    distinct, distinct_keys = _distinct(node, outputs, scope)
    columns: Columns = tuple((output.name, output.value) for output in outputs)
    listed = [output.sql(scope) for output in outputs]
    if scope.is_derived and not any(node.args.get(part) for part in _SELECT if part not in _PLAIN):
        listed += _kept(outputs, scope)
    head = prefix + "SELECT " + distinct + ", ".join(listed)
    sql = head + (f" FROM {source.sql}" if source.sql else "")
    if conditions:
        if not source.sql:
            raise NotNative("a condition without FROM")
        sql += f" WHERE {' AND '.join(conditions)}"
    sql += group
    if having is not None:
        alone = not group and not any(aggregates(projection, node) for projection in node.expressions)
        if alone and "having alone" not in scope.context.dialect.features:
            raise NotNative("HAVING without GROUP BY and without aggregates in the output")
        if "queries in having" not in scope.context.dialect.features and _looks_up(having):
            raise NotNative(f"such a subquery in HAVING is not proven equal in {scope.context.dialect.title}")
        sql += f" HAVING {condition(having.this, scope).sql}"
    limit = limit_clause(node, scope)
    if node.args.get("order") is None:
        return sql + limit, columns
    lone = "windows in expressions" not in scope.context.dialect.features
    if (distinct and not distinct_keys) or (
        lone and any(o.node and o.node.find(exp.Window) for o in outputs)
    ):
        return _wrapped(node, sql, outputs, limit, scope)
    order = order_clause(node.args["order"], outputs, scope, aliases=True)
    if distinct_keys and {key for key, _ in order[: len(distinct_keys)]} != set(distinct_keys):
        raise NotNative("DISTINCT ON whose ORDER BY does not begin with the same columns")
    return sql + _order(order) + limit, columns


def _refuse_outer_columns(node: exp.Select, scope: Scope) -> None:
    """MariaDB answers a subquery once for all rows around it that are equal in what its WHERE reads of them."""
    if "outer columns beside groups" in scope.context.dialect.features:
        return
    group, having, order = (node.args.get(part) for part in ("group", "having", "order"))
    if group is None and having is None and not any(aggregates(e, node) for e in node.expressions):
        return
    own = {source_alias(source) for source, _ in block_sources(node)}
    parts = [part for part in (*node.expressions, group, having, order) if part is not None]
    if any(free_aliases(part) - own for part in parts):
        raise NotNative("a subquery that aggregates and shows a column of the query around it")


def _looks_up(having: exp.Expr) -> bool:
    """Whether HAVING has a subquery other than a single value that is the same for all groups."""
    return any(
        not isinstance(query, exp.Subquery)
        or isinstance(query.parent, (exp.In, exp.Exists, exp.Any, exp.All))
        or bool(free_aliases(query))
        for query in nested_queries(having)
    )


def _kept(outputs: list[Output], scope: Scope) -> list[str]:
    """Further outputs of a derived table: columns of text as they are kept, for conditions that an index serves."""
    dialect, listed = scope.context.dialect, []
    names = {dialect.fold(output.name) for output in outputs}
    for output in outputs:
        found = scope.context.kept.get((output.value.sql, output.value.relations))
        name = f"{output.name}{_KEPT}"
        if found is None or dialect.fold(name) in names or len(name.encode()) > MOST_NAME_BYTES:
            continue
        names.add(dialect.fold(name))
        quoted = dialect.identifier(name)
        listed.append(f"{found.sql} AS {quoted}")
        scope.kept[output.name] = Kept(quoted, found.collation)
    return listed


def _order(keys: list[tuple[str, str]]) -> str:
    return f" ORDER BY {', '.join(item for _, item in keys)}" if keys else ""


def _output(node: exp.Expr, place: int, scope: Scope) -> Output:
    if isinstance(node, exp.Alias):
        only(node, ("this", "alias"))
        name, inner = node.alias, node.this
    elif isinstance(node, exp.Column):
        name, inner = node.name, node
    else:
        name, inner = f"_c{place}", node
    value = scalar(inner, scope)
    if value.kind is NULL:
        # What stands here is typed by its neighbours later; the engine needs some type now.
        value = replace(value, sql=scope.context.dialect.null(INTEGER))
    return Output(name, value, inner)


def _distinct(node: exp.Select, outputs: list[Output], scope: Scope) -> tuple[str, list[str]]:
    """DISTINCT with a blank, and the keys of DISTINCT ON."""
    found = node.args.get("distinct")
    if found is None:
        return "", []
    only(found, ("on",))
    on, dialect = found.args.get("on"), scope.context.dialect
    if on is None:
        refuse_incomparable([output.value for output in outputs])
        for output in outputs:
            dialect.group_key(output.value)
        return "DISTINCT ", []
    if "supports_distinct_on" not in scope.context.capabilities or "distinct on" not in dialect.features:
        raise NotNative(f"DISTINCT ON is not proven equal in {dialect.title}")
    keys = [
        named_value(key, outputs, scope) for key in (on.expressions if isinstance(on, exp.Tuple) else [on])
    ]
    refuse_incomparable(keys)
    listed = [dialect.ordered(key) for key in keys]
    return f"DISTINCT ON ({', '.join(listed)}) ", listed


def _wrapped(node: exp.Expr, sql: str, outputs: list[Output], limit: str, scope: Scope) -> Rendered:
    """ORDER BY around a query whose own ORDER BY could only name its output."""
    dialect = scope.context.dialect
    _refuse_outer_wrap(scope)
    prefix = dialect.identifier(_WRAP)
    names = [dialect.fold(output.name) for output in outputs]
    if len(set(names)) < len(names):
        raise NotNative("two columns of one name under ORDER BY")
    read = [
        replace(output, value=replace(output.value, sql=f"{prefix}.{dialect.identifier(output.name)}"))
        for output in outputs
    ]
    order = order_clause(node.args["order"], read, None, aliases=False, context=scope.context)
    listed = ", ".join(f"{output.value.sql} AS {dialect.identifier(output.name)}" for output in read)
    text = f"SELECT {listed} FROM ({sql}) AS {prefix}{_order(order)}{limit}"
    return text, tuple((output.name, output.value) for output in outputs)


def _refuse_outer_wrap(scope: Scope) -> None:
    """What is written around a query makes it a derived table, in which MariaDB knows no columns of queries around it."""
    if scope.outer and "outer columns in wraps" not in scope.context.dialect.features:
        raise NotNative(f"{scope.context.dialect.title} knows no outer columns in a derived table")


def _with(node: exp.Expr, scope: Scope) -> str:
    """The WITH clause and a blank; its names become visible in `scope`."""
    found = node.args.get("with_")
    if found is None:
        return ""
    only(found, ("expressions",))
    dialect = scope.context.dialect
    parts = []
    physical = {dialect.fold(name[-1]) for name in scope.context.tables}
    for cte in found.expressions:
        only(cte, ("this", "alias", "materialized"))
        only(cte.args["alias"], ("this", "columns"))
        name = cte.alias
        if dialect.fold(name) in physical:
            raise NotNative("a WITH name that is also a table's")
        if any(
            dialect.fold(other) == dialect.fold(name) for other in scope.ctes if other != duckdb_fold(name)
        ):
            raise NotNative("two WITH names that the source takes for the same")
        sql, columns = query(cte.this, scope.detached())
        renamed = [column.name for column in cte.args["alias"].args.get("columns") or ()]
        if renamed:
            if len(renamed) != len(columns):
                raise NotNative("a WITH name with fewer column names than columns")
            columns = tuple((new, value) for new, (_, value) in zip(renamed, columns, strict=True))
        if (
            isinstance(cte.this, exp.Select)
            and not cte.this.args.get("limit")
            and "materialize joined" in dialect.features
        ):
            sql += dialect.fence
        listed = f"({', '.join(map(dialect.identifier, renamed))})" if renamed else ""
        parts.append(f"{dialect.identifier(name)}{listed} AS ({sql})")
        scope.ctes[duckdb_fold(name)] = (name, columns)
    return f"WITH {', '.join(parts)} "


@dataclass(frozen=True, slots=True)
class _Arm:
    sql: str
    columns: Columns


@translates_query(exp.Union, exp.Intersect, exp.Except)
def _set_operation(node: exp.Expr, scope: Scope) -> Rendered:
    prefix = _with(node, scope)
    word, arms = _operator(node), _arms(node)
    if len(arms) > _MOST_ARMS:
        raise NotNative("a set operation of very many parts")
    if word not in scope.context.dialect.set_operations:
        raise NotNative(f"{word} is not proven equal in {scope.context.dialect.title}")
    rendered = [_Arm(*query(arm, scope.sibling())) for arm in arms]
    if len({len(arm.columns) for arm in rendered}) != 1:
        raise NotNative("a set operation over different numbers of columns")
    merged = [_merge(values, word, scope) for values in zip(*(arm.columns for arm in rendered), strict=True)]
    sql = prefix + f" {word} ".join(_arm(arm, merged, scope) for arm in rendered)
    limit = limit_clause(node, scope)
    outputs = [Output(name, value, None) for name, value in merged]
    if node.args.get("order") is not None:
        return _wrapped(node, sql, outputs, limit, scope)
    return sql + limit, tuple(merged)


def _operator(node: exp.Expr) -> str:
    only(node, _SET)
    name = type(node).__name__.upper()
    return name if node.args.get("distinct") else f"{name} ALL"


def _arms(node: exp.Expr) -> list[exp.Expr]:
    """The arms of a chain of the same UNION, flat: it may be longer than the stack is deep."""
    arms: list[exp.Expr] = []
    word, current = _operator(node), node
    while True:
        arms.append(current.args["expression"])
        left = current.this
        same = isinstance(left, exp.Union) and _operator(left) == word
        if not same or any(left.args.get(part) for part in ("with_", "order", "limit", "offset")):
            return [left, *reversed(arms)]
        current = left


def _merge(values: tuple[tuple[str, Value], ...], word: str, scope: Scope) -> tuple[str, Value]:
    """One output column of a set operation."""
    members = [value for _, value in values]
    kinds = {value.kind for value in members}
    opaque = any(value.family == "opaque" for value in members)
    if opaque and len(kinds) > 1:
        raise NotNative("a set operation over types that are only handed on")
    kind = kinds.pop() if opaque else unify([value.kind for value in members])
    if word != "UNION ALL":
        refuse_incomparable(members)
        for value in members:
            scope.context.dialect.group_key(value)
    spans = [value.span for value in members if not value.is_null]
    lengths = [value.length for value in members if not value.is_null]
    return values[0][0], Value(
        "",
        kind,
        approximate=any(value.approximate for value in members),
        span=None if None in spans or not spans else max(span or 0.0 for span in spans),
        nonzero=all(value.nonzero for value in members),
        length=None if None in lengths or not lengths else max(length or 0 for length in lengths),
    )


def _arm(arm: _Arm, merged: list[tuple[str, Value]], scope: Scope) -> str:
    """One arm, its columns converted to the common types where they are not of them already."""
    context, dialect = scope.context, scope.context.dialect
    plain = all(mine.kind == value.kind for (_, mine), (_, value) in zip(arm.columns, merged, strict=True))
    if plain and "parenthesised arms" in dialect.features:
        return f"({arm.sql})"
    _refuse_outer_wrap(scope)
    prefix = dialect.identifier("_a")
    names = [dialect.fold(name) for name, _ in arm.columns]
    if len(set(names)) < len(names):
        raise NotNative("two columns of one name in a set operation")
    listed = []
    for (name, mine), (_, value) in zip(arm.columns, merged, strict=True):
        column = mine.column(f"{prefix}.{dialect.identifier(name)}", 0)
        converted = column if column.kind == value.kind else convert(context, column, value.kind)
        listed.append(f"{converted.sql} AS {dialect.identifier(name)}")
    return f"SELECT {', '.join(listed)} FROM ({arm.sql}) AS {prefix}"

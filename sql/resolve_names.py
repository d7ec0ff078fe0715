"""Binds the names in expressions: each column to one FROM item, each alias to what it stands for."""

from __future__ import annotations

from datetime import UTC

from sqlglot import exp

from sql.allowed_functions import is_aggregate_call
from sql.catalog import fold_name
from sql.places import offset_of, put_at
from sql.resolution import Resolution, suggestion
from sql.sources import AliasMode, AmbiguousNameError, Merged, Scope, Source, SourceColumn

_PRESENT_NAMES = frozenset({"now", "get_current_timestamp", "transaction_timestamp"})
# Around these an expression needs no parentheses of its own.
_ENCLOSING = (
    exp.Alias,
    exp.Func,
    exp.Paren,
    exp.Tuple,
    exp.Ordered,
    exp.Group,
    exp.Rollup,
    exp.Cube,
    exp.GroupingSets,
    exp.Where,
    exp.Having,
    exp.Qualify,
    exp.Select,
    exp.Window,
    exp.Distinct,
    exp.Array,
    exp.Join,
)
_CLOSED = (exp.Column, exp.Literal, exp.Paren, exp.Subquery, exp.Null, exp.Boolean, exp.Window, exp.Func)
# AND is a function to the parser, and date_add(a, b) is written a + b.
_OPERATORS = (exp.Binary, exp.DateAdd)


def bind_names(resolution: Resolution, root: exp.Expr, scope: Scope) -> None:
    """Binds every name below `root`, which has a parent, in place; nested queries are resolved with their own.

    Raises `SqlError`: `SQL_COLUMN_UNKNOWN`, `SQL_TABLE_UNKNOWN`, `SQL_AMBIGUOUS`, `SQL_CONSTRUCT_REFUSED`.
    """
    stack: list[tuple[exp.Expr, bool]] = [(root, False)]
    while stack:
        node, in_aggregate = stack.pop()
        if isinstance(node, exp.Column):
            _bind_column(resolution, node, scope, in_aggregate=in_aggregate)
            continue
        if isinstance(node, exp.Query):
            query, outputs = resolution.resolve_query(resolution, node, scope.ctes, scope)
            _check_width(resolution, node, len(outputs))
            if query is not node:
                wrapped = query if isinstance(node, exp.Select) else exp.Subquery(this=query)
                node.replace(wrapped)
            continue
        if isinstance(node, (exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp)) or (
            isinstance(node, exp.Anonymous) and node.name.lower() in _PRESENT_NAMES
        ):
            node.replace(_instant(resolution, node))
            continue
        if isinstance(node, exp.Placeholder):
            raise resolution.error(
                node, "SQL_PARAMETER", f"there is no value for the placeholder {node.name}"
            )
        inside = in_aggregate or is_aggregate_call(node)
        for value in node.args.values():
            if isinstance(value, list):
                stack += [(item, inside) for item in reversed(value) if isinstance(item, exp.Expr)]
            elif isinstance(value, exp.Expr) and not isinstance(value, exp.DataType):
                stack.append((value, inside))


def _check_width(resolution: Resolution, query: exp.Query, width: int) -> None:
    """A subquery is one value, unless EXISTS or a row comparison takes it."""
    parent = query.parent
    compared = parent.this if isinstance(parent, (exp.In, exp.Binary)) else None
    if isinstance(parent, exp.Exists) or isinstance(compared, exp.Tuple):
        return
    if isinstance(parent, (exp.Any, exp.All)):
        return
    if width != 1:
        raise resolution.error(query, "SQL_TYPE", f"a subquery used as a value returns {width} columns")


def _instant(resolution: Resolution, node: exp.Expr) -> exp.Expr:
    """The present, the same wherever a question mentions it, in UTC."""
    now = resolution.now.astimezone(UTC)
    if isinstance(node, exp.CurrentDate):
        text, kind = now.date().isoformat(), "DATE"
    elif isinstance(node, exp.Localtimestamp):
        text, kind = now.replace(tzinfo=None).isoformat(" "), "TIMESTAMP"
    else:
        text, kind = now.isoformat(" "), "TIMESTAMPTZ"
    literal = exp.Literal(this=text, is_string=True)
    return exp.Cast(this=literal, to=exp.DataType.build(kind, dialect="duckdb"))


def _bind_column(resolution: Resolution, column: exp.Column, scope: Scope, *, in_aggregate: bool) -> None:
    if isinstance(column.this, exp.Star):
        raise resolution.refused(column, "* in this place")
    if column.args.get("table") is not None:
        _find_qualified(resolution, column, scope).bind(column)
        return
    found = find_unqualified(resolution, column, scope, in_aggregate=in_aggregate)
    if isinstance(found, SourceColumn):
        found.bind(column)
    elif isinstance(found, Merged):
        merged = found.refer()
        put_at(merged, offset_of(column))
        replace_enclosed(column, merged)
    else:
        replace_enclosed(column, resolution.spend(found))


def find_unqualified(
    resolution: Resolution, column: exp.Column, scope: Scope, *, in_aggregate: bool = False
) -> SourceColumn | Merged | exp.Expr:
    """What a plain name means: a column of the innermost block that has it, or an alias of that block."""
    name = fold_name(column.name)
    inner: Scope | None = scope
    while inner is not None:
        try:
            found = inner.relation.find(name)
        except AmbiguousNameError:
            raise _ambiguous(resolution, column, inner) from None
        alias = inner.aliases.get(name) if inner.mode is not AliasMode.NONE else None
        if alias is not None and (
            found is None or _prefers_alias(resolution, column, inner, found, in_aggregate)
        ):
            if name in inner.repeated:
                message = f"two outputs are called {column.name}"
                raise resolution.error(column, "SQL_AMBIGUOUS", message)
            _note_reach(scope, inner)
            return alias
        if found is not None:
            _note_reach(scope, inner)
            return found
        inner = inner.parent
    raise _unknown(resolution, column, scope)


def _note_reach(scope: Scope, found: Scope) -> None:
    """Marks the blocks through whose FROM a name was reached from inside."""
    if found is not scope:
        found.reached = True


def _prefers_alias(
    resolution: Resolution, column: exp.Column, scope: Scope, found: SourceColumn | Merged, in_aggregate: bool
) -> bool:
    """In HAVING, a column that is not grouped gives way to an output of the same name."""
    if scope.mode is not AliasMode.HAVING or in_aggregate or isinstance(found, Merged):
        return False
    if found in scope.grouped:
        return False
    if found in scope.inside:
        message = f"{column.name} could mean a column or an output"
        raise resolution.error(column, "SQL_AMBIGUOUS", message, "Put the table's name before the column's.")
    return True


def _find_qualified(resolution: Resolution, column: exp.Column, scope: Scope) -> SourceColumn:
    table, department = fold_name(column.table), fold_name(column.db)
    name = fold_name(column.name)
    inner: Scope | None = scope
    nearest: list[Source] = []
    while inner is not None:
        sources = inner.relation.named(table, department)
        holding = [source for source in sources if name in source.columns]
        if len(holding) > 1:
            hint = "Give each of the tables an alias of its own."
            raise resolution.error(
                column, "SQL_AMBIGUOUS", f"{_spelled(column)} could mean several columns", hint
            )
        if holding:
            _note_reach(scope, inner)
            return holding[0].columns[name]
        nearest = nearest or sources
        inner = inner.parent
    if nearest:
        known = [shown.shown for source in nearest for shown in source.columns.values()]
        message = f"there is no column {_spelled(column)}"
        raise resolution.error(column, "SQL_COLUMN_UNKNOWN", message, suggestion(column.name, known))
    known = [source.name for source in _visible_sources(scope)]
    message = f"no table or alias {'.'.join(filter(None, (column.db, column.table)))} stands in this FROM"
    raise resolution.error(column, "SQL_TABLE_UNKNOWN", message, suggestion(column.table, known))


def _unknown(resolution: Resolution, column: exp.Column, scope: Scope) -> Exception:
    folded = fold_name(column.name)
    sources = _visible_sources(scope)
    if any(source.name == folded for source in sources):
        what = f"{column.name}, a table, as a value"
        return resolution.refused(column, what, "Name its columns.")
    known = [shown.shown for source in sources for shown in source.columns.values()]
    message = f"there is no column {column.name}"
    if folded in scope.aliases:
        message = f"the output {column.name} cannot be used here"
        return resolution.error(column, "SQL_COLUMN_UNKNOWN", message, "Write what it stands for.")
    return resolution.error(column, "SQL_COLUMN_UNKNOWN", message, suggestion(column.name, known))


def _ambiguous(resolution: Resolution, column: exp.Column, scope: Scope) -> Exception:
    name = fold_name(column.name)
    tables = [source.name for source in scope.relation.sources if name in source.columns and source.name]
    hint = "Write " + " or ".join(f"{table}.{column.name}" for table in tables) + "." if tables else None
    return resolution.error(column, "SQL_AMBIGUOUS", f"{column.name} could mean several columns", hint)


def _visible_sources(scope: Scope) -> list[Source]:
    found: list[Source] = []
    inner: Scope | None = scope
    while inner is not None:
        found += inner.relation.sources
        inner = inner.parent
    return found


def _spelled(column: exp.Column) -> str:
    return ".".join(filter(None, (column.db, column.table, column.name)))


def replace_enclosed(node: exp.Expr, replacement: exp.Expr) -> exp.Expr:
    """Puts an expression in a node's place, in parentheses where operators around it could tear it apart."""
    if not _is_enclosing(node.parent) and not _is_closed(replacement):
        replacement = exp.Paren(this=replacement)
    node.replace(replacement)
    return replacement


def _is_enclosing(parent: exp.Expr | None) -> bool:
    return isinstance(parent, _ENCLOSING) and not isinstance(parent, _OPERATORS)


def _is_closed(expression: exp.Expr) -> bool:
    return isinstance(expression, _CLOSED) and not isinstance(expression, _OPERATORS)

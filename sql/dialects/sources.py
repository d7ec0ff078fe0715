"""FROM: physical tables, derived tables, WITH references, and the joins between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from sql.dialects.conditions import searched
from sql.dialects.scope import DerivedTable, PhysicalTable, Relation, Scope, duckdb_fold
from sql.dialects.source import NotNative
from sql.dialects.values import Value
from sql.dialects.walk import only, query, title, translates


@translates(exp.Column)
def _column(node: exp.Expr, scope: Scope) -> Value:
    if not isinstance(node, exp.Column):
        raise NotNative(title(node))
    return scope.column(node)


@dataclass(slots=True)
class FromClause:
    """The text after FROM, and the conditions of semi-joins, which go to WHERE."""

    sql: str = ""
    conditions: list[str] = field(default_factory=list)


def from_clause(select: exp.Select, scope: Scope, order: str = "") -> FromClause:
    """The FROM of a SELECT, whose relations it adds to `scope`; empty when there is none.

    With `order` it is one derived table, whose rows are wanted in the order of that column.
    """
    clause, first = FromClause(), select.args.get("from_")
    joins: list[exp.Join] = select.args.get("joins") or []
    if first is None:
        if joins:
            raise NotNative("a join without FROM")
        return clause
    only(first, ("this",))
    joined = bool(joins)
    clause.sql = _item(first.this, scope, joined=joined, order=order)
    kinds = [_kind(join) for join in joins]
    for join, kind in zip(joins, kinds, strict=True):
        if kind in {"SEMI", "ANTI"}:
            if set(kinds) & {"RIGHT", "FULL"}:
                raise NotNative(f"a {kind.lower()} join beside an outer one")
            clause.conditions.append(_member(join, kind, scope))
        else:
            clause.sql += _join(join, kind, kinds, scope)
    return clause


def _kind(join: exp.Join) -> str:
    """INNER, LEFT, RIGHT, FULL, CROSS, SEMI, ANTI, or a comma."""
    only(join, ("this", "on", "side", "kind"))
    side, kind = str(join.args.get("side") or "").upper(), str(join.args.get("kind") or "").upper()
    if kind in {"SEMI", "ANTI"}:
        return kind if side in {"", "LEFT"} else "unknown"
    if side in {"LEFT", "RIGHT", "FULL"}:
        return side if kind in {"", "OUTER"} else "unknown"
    if kind == "CROSS":
        return kind
    if kind == "INNER" or join.args.get("on") is not None:
        return "INNER"
    return "," if not kind else "unknown"


def _join(join: exp.Join, kind: str, kinds: list[str], scope: Scope) -> str:
    dialect, on = scope.context.dialect, join.args.get("on")
    if kind not in {*dialect.joins, ","} or (kind == "FULL" and not _can_full(scope)):
        key = f"{kind} JOIN"
        raise NotNative(dialect.differs.get(key) or f"{key} is not proven equal in {dialect.title}")
    item = _item(join.this, scope, joined=True)
    if kind == ",":
        if set(kinds) & {"RIGHT", "FULL"}:
            # A comma binds looser than JOIN, but not everywhere.
            raise NotNative("a comma beside an outer join")
        return f"{dialect.product}{item}"
    if kind == "CROSS":
        if on is not None:
            raise NotNative("CROSS JOIN with a condition")
        return f"{dialect.product}{item}"
    if on is None:
        raise NotNative("a join without a condition")
    if kind == "FULL":
        _refuse_unmergeable(on)
    return f" {kind} JOIN {item} ON {searched(on, scope).sql}"


def _can_full(scope: Scope) -> bool:
    return "supports_full_join" in scope.context.capabilities


def _refuse_unmergeable(on: exp.Expr) -> None:
    """FULL JOIN works everywhere only over equalities of columns."""
    for part in on.flatten() if isinstance(on, exp.And) else [on]:
        bare = part.unnest()
        columns = [bare.this, bare.expression] if isinstance(bare, exp.EQ) else []
        tables = {column.table for column in columns if isinstance(column, exp.Column)}
        if len(tables) != 2:
            raise NotNative("FULL JOIN on something other than equal columns")


def _member(join: exp.Join, kind: str, scope: Scope) -> str:
    """A semi- or anti-join as EXISTS: its right side is seen by its own condition only."""
    on = join.args.get("on")
    if on is None:
        raise NotNative("a semi-join without a condition")
    inner = scope.inner()
    item = _item(join.this, inner, joined=False)
    found = f"EXISTS(SELECT 1 FROM {item} WHERE {searched(on, inner).sql})"
    return found if kind == "SEMI" else f"(NOT {found})"


def _item(node: exp.Expr, scope: Scope, *, joined: bool, order: str = "") -> str:
    """One relation, which becomes visible in `scope`."""
    if isinstance(node, exp.Table):
        if node.args.get("joins"):
            raise NotNative("joins of an unusual form")
        return _table(node, scope)
    if isinstance(node, exp.Subquery):
        if isinstance(node.this, (exp.Table, exp.Subquery)) and node.args.get("alias") is None:
            return _nested(node, scope)
        only(node, ("this", "alias"))
        return _derived(node, scope, joined=joined, order=order)
    raise NotNative(f"{title(node)} in FROM")


def _nested(node: exp.Subquery, scope: Scope) -> str:
    """(a JOIN b ON …) in FROM."""
    only(node, ("this",))
    first = node.this
    joins: list[exp.Join] = first.args.get("joins") or []
    kinds = [_kind(join) for join in joins]
    if set(kinds) & {"SEMI", "ANTI"}:
        raise NotNative("a semi-join in parentheses")
    sql = _table(first, scope) if isinstance(first, exp.Table) else _derived(first, scope, joined=True)
    return (
        f"({sql}{''.join(_join(join, kind, kinds, scope) for join, kind in zip(joins, kinds, strict=True))})"
    )


def _alias(node: exp.Expr) -> str:
    alias = node.args.get("alias")
    if alias is not None:
        only(alias, ("this",))
    return node.alias_or_name


def _table(node: exp.Table, scope: Scope) -> str:
    only(node, ("this", "db", "catalog", "alias", "joins"))
    context, alias = scope.context, _alias(node)
    if not isinstance(node.this, exp.Identifier):
        raise NotNative("a table function")
    name = context.dialect.identifier(alias)
    if not node.db and (found := scope.ctes.get(duckdb_fold(node.name))) is not None:
        spelled, columns = found
        scope.add(DerivedTable(context, alias, columns))
        return f"{context.dialect.identifier(spelled)} AS {name}"
    relation: Relation = PhysicalTable(context, node, alias)
    scope.add(relation)
    parts = ".".join(context.dialect.identifier(part.name) for part in node.parts)
    return f"{parts} AS {name}"


def _derived(node: exp.Subquery, scope: Scope, *, joined: bool, order: str = "") -> str:
    only(node, ("this", "alias", "joins"))
    context, alias = scope.context, _alias(node)
    if not alias:
        raise NotNative("a derived table without a name")
    inner = scope.sibling() if "correlated derived tables" in context.dialect.features else scope.detached()
    body = node.this
    inner.is_derived = isinstance(body, exp.Select)
    tests = context.tests
    sql, columns = query(body, inner)
    if _loses_order(body) and "derived order" not in context.dialect.features:
        raise NotNative(f"{context.dialect.title} forgets the order of a derived table")
    # What is read through tests has lost its indexes.
    if _fenced(body, scope, joined=joined and context.tests > tests):
        sql += context.dialect.fence
        context.fences += 1
    if order:
        # Around it: what a policy made of a table stays as it is.
        names = [context.dialect.identifier(name) for name, _ in columns]
        names += [kept.sql for kept in inner.kept.values()]
        (by,) = (name for name, _ in columns if duckdb_fold(name) == duckdb_fold(order))
        around = context.dialect.identifier(alias)
        sql = f"SELECT {', '.join(names)} FROM ({sql}) AS {around} ORDER BY {context.dialect.identifier(by)}"
    scope.add(DerivedTable(context, alias, columns, inner.kept))
    return f"({sql}) AS {context.dialect.identifier(alias)}"


def _selects(node: exp.Expr) -> Iterator[exp.Select]:
    if isinstance(node, exp.Select):
        yield node
    elif isinstance(node, exp.Subquery):
        yield from _selects(node.this)


def _loses_order(node: exp.Expr) -> bool:
    return any(s.args.get("order") and not s.args.get("limit") for s in _selects(node))


def _fenced(node: exp.Expr, scope: Scope, *, joined: bool) -> bool:
    """Whether conditions from outside must stay outside: behind a filter when something may fail on a value,
    and where the engine joins by index only what is materialised.
    """
    context = scope.context
    if not isinstance(node, exp.Select) or any(node.args.get(part) for part in ("limit", "offset")):
        return False
    filtered = context.fence and node.args.get("where") is not None
    searched = joined or scope.parent is not None
    return filtered or (searched and "materialize joined" in context.dialect.features)

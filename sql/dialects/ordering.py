"""ORDER BY, LIMIT and OFFSET of a query, and what its outputs are called."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from sql.dialects.operators import refuse_incomparable
from sql.dialects.scope import Context, Scope, duckdb_fold
from sql.dialects.source import NotNative
from sql.dialects.values import Value
from sql.dialects.walk import only, scalar


@dataclass(frozen=True, slots=True)
class Output:
    """One projection: `node` is the expression as it was asked, None in a set operation."""

    name: str
    value: Value
    node: exp.Expr | None

    def sql(self, scope: Scope) -> str:
        return f"{self.value.sql} AS {scope.context.dialect.identifier(self.name)}"


def order_clause(
    node: exp.Expr,
    outputs: list[Output],
    scope: Scope | None,
    *,
    aliases: bool,
    context: Context | None = None,
) -> list[tuple[str, str]]:
    """The items of an ORDER BY: what is ordered by, and the item's text.

    Without `scope` an item may only name an output. `aliases`: the engine's own names of outputs may be used.
    Constants order nothing and are left out.
    """
    known = scope.context if scope is not None else context
    if known is None:
        raise NotNative("ORDER BY without a query")
    only(node, ("expressions",))
    items = []
    for ordered in node.expressions:
        if not isinstance(ordered, exp.Ordered):
            raise NotNative("an ORDER BY item of an unusual form")
        only(ordered, ("this", "desc", "nulls_first"))
        value = _named(ordered.this, outputs, known, aliases=aliases)
        if value is None:
            if scope is None:
                raise NotNative("ORDER BY something other than an output of DISTINCT or a set operation")
            value = scalar(ordered.this, scope)
        refuse_incomparable([value], exact=False)
        if value.constant is None:
            known.require("order")
            item = known.dialect.order_key(
                value,
                descending=bool(ordered.args.get("desc")),
                nulls_first=bool(ordered.args.get("nulls_first")),
            )
            items.append((known.dialect.ordered(value), item))
    return items


def _named(node: exp.Expr, outputs: list[Output], context: Context, *, aliases: bool) -> Value | None:
    """The output that an ORDER BY item names: by position, by name, or as the same expression."""
    if isinstance(node, exp.Literal):
        if node.args.get("is_string") or not node.name.isdecimal() or not 1 <= int(node.name) <= len(outputs):
            raise NotNative("ordering by a constant")
        return _alias(outputs[int(node.name) - 1], outputs, context, aliases=aliases)
    if isinstance(node, exp.Column) and not node.table:
        found = [output for output in outputs if duckdb_fold(output.name) == duckdb_fold(node.name)]
        if len(found) != 1:
            raise NotNative("an ORDER BY name that is not resolved")
        return _alias(found[0], outputs, context, aliases=aliases)
    if not aliases:
        for output in outputs:
            if output.node == node:
                return output.value
    return None


def _alias(output: Output, outputs: list[Output], context: Context, *, aliases: bool) -> Value:
    """The output under its name, where the engine takes a bare name for the output and nothing else."""
    dialect, value = context.dialect, output.value
    fold = dialect.fold(output.name)
    single = [dialect.fold(other.name) for other in outputs].count(fold) == 1
    plain = dialect.ordered(value) == value.sql
    if aliases and single and plain and "order by alias" in dialect.features:
        return replace(value, sql=dialect.identifier(output.name))
    return value


def limit_clause(node: exp.Expr, scope: Scope) -> str:
    """LIMIT and OFFSET, which must be constants."""
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if limit is not None and not isinstance(limit, exp.Limit):
        raise NotNative("FETCH")
    counts = [_count(part) for part in (limit, offset)]
    if counts == [None, None]:
        return ""
    return scope.context.dialect.limit(counts[0], counts[1])


def _count(node: exp.Expr | None) -> int | None:
    if node is None:
        return None
    only(node, ("expression",))
    value = node.expression
    if not isinstance(value, exp.Literal) or value.args.get("is_string") or not value.name.isdecimal():
        raise NotNative("a LIMIT that is not constant")
    count = int(value.name)
    if count >= 2**63:
        raise NotNative("a LIMIT beyond 64 bits")
    return count

"""GROUP BY with its sets, and HAVING's ground."""

from __future__ import annotations

from sqlglot import exp

from sql.dialects.operators import refuse_incomparable
from sql.dialects.ordering import Output
from sql.dialects.scope import Scope, duckdb_fold
from sql.dialects.source import NotNative
from sql.dialects.values import Value
from sql.dialects.walk import only, scalar


def group_clause(node: exp.Expr | None, outputs: list[Output], scope: Scope) -> str:
    """GROUP BY with a leading blank; empty when there is none."""
    if node is None:
        return ""
    only(node, ("expressions",))
    dialect = scope.context.dialect
    parts = []
    for key in node.expressions:
        if isinstance(key, (exp.Rollup, exp.Cube, exp.GroupingSets)):
            allowed = "grouping sets" in dialect.features
            if not allowed or "supports_grouping_sets" not in scope.context.capabilities:
                raise NotNative(f"GROUPING SETS are not proven equal in {dialect.title}")
            parts.append(_set(key, outputs, scope))
        else:
            parts.append(_key(key, outputs, scope))
    return f" GROUP BY {', '.join(parts)}" if parts else ""


def _key(node: exp.Expr, outputs: list[Output], scope: Scope) -> str:
    value = named_value(node, outputs, scope)
    refuse_incomparable([value])
    if not value.relations:
        # Engines read a constant key as a position, each in a way of its own.
        raise NotNative("grouping by a constant")
    return scope.context.dialect.group_key(value)


def named_value(node: exp.Expr, outputs: list[Output], scope: Scope) -> Value:
    """A key of GROUP BY or DISTINCT ON, which may be an output's position or name."""
    if isinstance(node, exp.Literal) and not node.args.get("is_string"):
        if not node.name.isdecimal() or not 1 <= int(node.name) <= len(outputs):
            raise NotNative("grouping by a constant")
        return outputs[int(node.name) - 1].value
    if isinstance(node, exp.Column) and not node.table:
        found = [output for output in outputs if duckdb_fold(output.name) == duckdb_fold(node.name)]
        if len(found) != 1:
            raise NotNative("a GROUP BY name that is not resolved")
        return found[0].value
    return scalar(node, scope)


def _set(node: exp.Expr, outputs: list[Output], scope: Scope) -> str:
    """ROLLUP (…), CUBE (…), GROUPING SETS (…) and what nests in them."""
    if isinstance(node, exp.GroupingSets):
        return f"GROUPING SETS ({', '.join(_set(part, outputs, scope) for part in node.expressions)})"
    if isinstance(node, (exp.Rollup, exp.Cube)):
        word = "ROLLUP" if isinstance(node, exp.Rollup) else "CUBE"
        return f"{word} ({', '.join(_set(part, outputs, scope) for part in node.expressions)})"
    if isinstance(node, exp.Tuple):
        return f"({', '.join(_key(part, outputs, scope) for part in node.expressions)})"
    if isinstance(node, exp.Paren):
        return f"({_key(node.this, outputs, scope)})"
    return _key(node, outputs, scope)

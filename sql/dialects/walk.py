"""The walk over a DuckDB tree: each node class has one translator, and a class without one is not native.

Translators are registered by the modules `literals`, `operators`, `conditions`, `casts`, `functions`,
`aggregates`, `windows` and `queries`, which `native` imports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlglot import exp

from sql.dialects.scope import Columns, Scope
from sql.dialects.source import NotNative
from sql.dialects.values import Value

Translator = Callable[[exp.Expr, Scope], Value]
Rendered = tuple[str, Columns]
"""A query's text, without parentheses, and its output."""

_LONGEST = 1_000_000
_SCALARS: dict[type[exp.Expr], Translator] = {}
_QUERIES: dict[type[exp.Expr], Callable[[exp.Expr, Scope], Rendered]] = {}

# What the parser and the annotation leave on nodes without changing what they mean.
_HARMLESS = frozenset({"big_int", "safe", "typed", "nested", "over"})


def translates(*classes: type[exp.Expr]) -> Callable[[Translator], Translator]:
    """Registers the translator of scalar node classes."""

    def register(translator: Translator) -> Translator:
        for node_class in classes:
            _SCALARS[node_class] = translator
        return translator

    return register


def translates_query(
    *classes: type[exp.Expr],
) -> Callable[[Callable[[exp.Expr, Scope], Rendered]], Callable[[exp.Expr, Scope], Rendered]]:
    """Registers the translator of query node classes."""

    def register(translator: Callable[[exp.Expr, Scope], Rendered]) -> Callable[[exp.Expr, Scope], Rendered]:
        for node_class in classes:
            _QUERIES[node_class] = translator
        return translator

    return register


def scalar(node: exp.Expr, scope: Scope) -> Value:
    """A scalar expression in the source's dialect."""
    translator = _SCALARS.get(type(node))
    if translator is None:
        raise NotNative(f"{title(node)} is not proven equal in {scope.context.dialect.title}")
    value = translator(node, scope)
    if len(value.sql) > _LONGEST:
        # Some forms write an operand several times.
        raise NotNative("an expression that becomes too long")
    return value


def query(node: exp.Expr, scope: Scope) -> Rendered:
    """A query in the source's dialect; `scope` is a fresh one whose parent encloses the query."""
    translator = _QUERIES.get(type(node))
    if translator is None:
        raise NotNative(f"{title(node)} is not proven equal in {scope.context.dialect.title}")
    return translator(node, scope)


def title(node: exp.Expr) -> str:
    """A node's kind, for a reason."""
    if isinstance(node, exp.Anonymous):
        return f"{node.name.lower()}()"
    if isinstance(node, exp.Func):
        return f"{node.sql_name().lower()}()"
    return type(node).__name__


def only(node: exp.Expr, known: Iterable[str]) -> None:
    """Refuses a node that carries something its translator does not read."""
    allowed = {*known, *_HARMLESS}
    for name, value in node.args.items():
        if name not in allowed and value not in (None, False, []):
            raise NotNative(f"{title(node)} with {name.rstrip('_')}")

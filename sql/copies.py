"""Copies of trees, and their text, without what makes sqlglot's own copies slow."""

# ruff: noqa: SLF001 (places and types have no other way to be copied)
from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sqlglot import exp

E = TypeVar("E", bound=exp.Expr)


def copy_tree(tree: E, instead: Mapping[int, exp.Expr] | None = None) -> E:
    """A copy as `tree.copy()` makes it, except that types are shared and not copied.

    `instead` has nodes, by the identity of those below `tree` in whose place they stand in the copy.

    `copy.deepcopy` of every node's place and type takes most of the time of sqlglot's own. Nothing here changes a type
    in place.
    """
    root = tree.__class__()
    stack: list[tuple[exp.Expr, exp.Expr]] = [(tree, root)]
    while stack:
        node, made = stack.pop()
        if node.comments is not None:
            made.comments = list(node.comments)
        if node._type is not None:
            made._type = node._type
        if node._meta is not None:
            made._meta = dict(node._meta)
        for key, value in node.args.items():
            if instead and id(value) in instead:
                made.set(key, instead[id(value)])
            elif isinstance(value, exp.Expr):
                part = value.__class__()
                stack.append((value, part))
                made.set(key, part)
            elif type(value) is list:
                parts: list[object] = []
                for item in value:
                    if isinstance(item, exp.Expr):
                        part = item.__class__()
                        stack.append((item, part))
                        parts.append(part)
                    else:
                        parts.append(item)
                made.set(key, parts)
            else:
                made.args[key] = value
    return root


def canonical_text(tree: exp.Expr) -> str:
    """The tree as DuckDB's SQL on one line, every identifier quoted."""
    return copy_tree(tree).sql(dialect="duckdb", identify=True, comments=False, copy=False)

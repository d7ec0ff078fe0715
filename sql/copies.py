"""Copies of trees, and their text, without what makes sqlglot's own copies slow."""

# ruff: noqa: SLF001 (places and types have no other way to be copied)
from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sqlglot import exp

from sql.lexical import DIALECT

E = TypeVar("E", bound=exp.Expr)

_PLAIN: frozenset[type] = frozenset({str, bool, type(None)})
"""What most arguments of a node are that are neither a node nor a list: asked first, for it is asked most."""

_LEAVES: frozenset[type] = frozenset({exp.Identifier, exp.Literal})
"""The most frequent nodes that hold no other node."""


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
        _copy_beside(node, made)
        args = made.args
        # Parents are set here, and not by `set`, which looks for much that a new node cannot have.
        for key, value in node.args.items():
            kind = type(value)
            if kind in _PLAIN:
                args[key] = value
            elif kind is list:
                parts: list[object] = []
                for place, item in enumerate(value):
                    if isinstance(item, exp.Expr):
                        part = item.__class__()
                        part.parent, part.arg_key, part.index = made, key, place
                        stack.append((item, part))
                        parts.append(part)
                    else:
                        parts.append(item)
                args[key] = parts
            elif isinstance(value, exp.Expr):
                if instead and id(value) in instead:
                    made.set(key, instead[id(value)])
                    continue
                part = value.__class__()
                part.parent, part.arg_key = made, key
                args[key] = part
                if kind in _LEAVES:
                    # Every second node is one; that they hold no other node saves them the stack.
                    _copy_beside(value, part)
                    part.args.update(value.args)
                else:
                    stack.append((value, part))
            else:
                args[key] = value
    return root


def _copy_beside(node: exp.Expr, made: exp.Expr) -> None:
    """Copies what a node has besides its arguments."""
    if node.comments is not None:
        made.comments = list(node.comments)
    if node._type is not None:
        made._type = node._type
    if node._meta is not None:
        made._meta = node._meta.copy()


def canonical_text(tree: exp.Expr) -> str:
    """The tree as DuckDB's SQL on one line, every identifier quoted."""
    source = tree if _is_left_alone(tree) else copy_tree(tree)
    return source.sql(dialect=DIALECT, identify=True, comments=False, copy=False)


_LEFT_ALONE = frozenset(
    {
        exp.Add,
        exp.Alias,
        exp.And,
        exp.Avg,
        exp.Between,
        exp.Boolean,
        exp.Case,
        exp.Cast,
        exp.Column,
        exp.Count,
        exp.CTE,
        exp.DataType,
        exp.Distinct,
        exp.EQ,
        exp.Exists,
        exp.Extract,
        exp.From,
        exp.Group,
        exp.GT,
        exp.GTE,
        exp.Having,
        exp.Identifier,
        exp.If,
        exp.In,
        exp.Interval,
        exp.Is,
        exp.Join,
        exp.Like,
        exp.Limit,
        exp.Literal,
        exp.LT,
        exp.LTE,
        exp.Max,
        exp.Min,
        exp.Mul,
        exp.Neg,
        exp.NEQ,
        exp.Not,
        exp.Null,
        exp.Offset,
        exp.Or,
        exp.Order,
        exp.Ordered,
        exp.Paren,
        exp.Select,
        exp.Star,
        exp.Sub,
        exp.Subquery,
        exp.Sum,
        exp.Table,
        exp.TableAlias,
        exp.Tuple,
        exp.Union,
        exp.Var,
        exp.Where,
        exp.With,
    }
)
"""Nodes that sqlglot writes as DuckDB's SQL without changing them, which it does with others: a tree of these alone
needs no copy. tests/sql/test_copies.py holds sqlglot to it."""


def _is_left_alone(tree: exp.Expr) -> bool:
    if type(tree) not in _LEFT_ALONE:
        return False
    stack: list[exp.Expr] = [tree]
    while stack:
        for value in stack.pop().args.values():
            kind = type(value)
            if kind in _PLAIN or kind in _LEAVES:
                continue
            if kind in _LEFT_ALONE:
                stack.append(value)
            elif kind is list:
                for item in value:
                    if isinstance(item, exp.Expr):
                        if type(item) not in _LEFT_ALONE:
                            return False
                        stack.append(item)
            elif isinstance(value, exp.Expr):
                return False
    return True

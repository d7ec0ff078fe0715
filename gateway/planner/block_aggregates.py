"""The aggregate calls of one block, each with what stands around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from sql.allowed_functions import is_aggregate_call
from sql.resolve_groups import windowed_call

_AROUND = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)
_CLAUSES = ("expressions", "having", "qualify", "order", "distinct", "windows")


QUANTILES = (exp.Median, exp.PercentileCont, exp.PercentileDisc, exp.Quantile)
"""What is computed of all values in their order, so that it is known by the values and how often each comes."""

SETS = (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple)


@dataclass(frozen=True, slots=True)
class Call:
    """`node` is the whole call with its FILTER; `function` the aggregate; `argument` None for `count(*)`.

    `distinct` says that only different values count. `plain` is False when anything else stands in the call: an
    order, several values, a second argument but the constant one of a quantile.
    """

    node: exp.Expr
    function: exp.Expr
    argument: exp.Expr | None
    filter: exp.Expr | None
    distinct: bool
    plain: bool


def block_calls(select: exp.Select) -> list[Call]:
    """The aggregate calls that a block evaluates itself, those under its windows included.

    >>> import sqlglot
    >>> block = sqlglot.parse_one("SELECT sum(count(*)) OVER (), (SELECT max(x)) FROM t", dialect="duckdb")
    >>> [call.node.sql("duckdb") for call in block_calls(block)]
    ['COUNT(*)']
    """
    return [call_at(node) for clause in _CLAUSES for item in _items(select, clause) for node in _calls(item)]


def call_at(node: exp.Expr) -> Call:
    """The parts of a call, given with its FILTER."""
    function, condition, plain = node, None, True
    while isinstance(function, _AROUND):
        if isinstance(function, exp.Filter):
            where = function.expression
            condition = where.this if isinstance(where, exp.Where) else where
        elif not isinstance(function, exp.IgnoreNulls) or not isinstance(function.this, exp.AnyValue):
            plain = False
        function = function.this
    # The sketch behind an approximate count is of different values: how often one comes changes nothing in it.
    argument, distinct = function.args.get("this"), isinstance(function, exp.ApproxDistinct)
    if isinstance(argument, exp.Distinct):
        plain = plain and len(argument.expressions) == 1 and argument.args.get("on") is None
        argument, distinct = argument.expressions[0], True
    if isinstance(argument, exp.Star):
        argument = None
    plain = plain and not isinstance(function, exp.Anonymous) and not isinstance(argument, _INSIDE)
    others = {key for key, value in function.args.items() if value and key not in {"this", "big_int"}}
    if isinstance(function, QUANTILES) and all(_is_constant(function.args[key]) for key in others):
        others = set()
    return Call(node, function, argument, condition, distinct, plain and not others)


def _is_constant(node: exp.Expr) -> bool:
    """Whether a quantile's second argument is one number or a list of them."""
    numbers = node.expressions if isinstance(node, exp.Array) else [node]
    return all(isinstance(number, exp.Literal) and not number.is_string for number in numbers)


_INSIDE = (exp.Order, exp.Limit, exp.HavingMax, exp.Tuple)


def _items(select: exp.Select, clause: str) -> list[exp.Expr]:
    value = select.args.get(clause)
    if not value:
        return []
    return list(value) if isinstance(value, list) else [value]


def _calls(root: exp.Expr) -> Iterator[exp.Expr]:
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, exp.Query):
            continue
        if isinstance(node, exp.Window):
            stack += _inside_window(node)
        elif is_aggregate_call(node) or (isinstance(node, _AROUND) and is_aggregate_call(_inner(node))):
            yield node
        else:
            stack.extend(node.iter_expressions(reverse=True))


def _inner(node: exp.Expr) -> exp.Expr:
    while isinstance(node, _AROUND):
        node = node.this
    return node


def _inside_window(window: exp.Window) -> list[exp.Expr]:
    """What a window is computed from; the call that it is put over is no aggregate of the block."""
    found = list(windowed_call(window).iter_expressions())
    node = window.this
    while isinstance(node, _AROUND):
        if isinstance(node, exp.Filter):
            found.append(node.expression)
        node = node.this
    for key, value in window.args.items():
        if key != "this" and value:
            found += [
                item for item in (value if isinstance(value, list) else [value]) if isinstance(item, exp.Expr)
            ]
    return found


def group_leaves(group: exp.Group) -> list[exp.Expr]:
    """The expressions that a GROUP BY clause is made of, in grouping sets or not."""
    leaves: list[exp.Expr] = []
    stack: list[exp.Expr] = [
        part
        for value in group.args.values()
        if value
        for part in (value if isinstance(value, list) else [value])
        if isinstance(part, exp.Expr)
    ]
    while stack:
        item = stack.pop()
        if isinstance(item, SETS):
            stack += item.expressions
        elif isinstance(item, exp.Paren):
            stack.append(item.this)
        else:
            leaves.append(item)
    return leaves

"""Allow-lists: a tree holds only syntax and functions that are listed, or it is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from difflib import get_close_matches

from sqlglot import exp

from comity.errors import SqlError
from sql.allowed_functions import FUNCTIONS, NAMES
from sql.allowed_nodes import CAST_TYPES, REFUSED_HINTS, SYNTAX
from sql.limits import IDENTIFIER_BYTES, LONGEST_FILL, MOST_GROUPING_SETS
from sql.places import error_at, offset_of

_ALLOWED: dict[type, frozenset[str]] = {**SYNTAX, **FUNCTIONS}
_HINTS: dict[type, str] = dict(REFUSED_HINTS)
_INTERVAL_UNITS = frozenset(
    [
        "YEAR",
        "MONTH",
        "DAY",
        "HOUR",
        "MINUTE",
        "SECOND",
        "MILLISECOND",
        "MICROSECOND",
        "WEEK",
        "QUARTER",
        "DECADE",
        "CENTURY",
    ]
)


def check_allowed(tree: exp.Expr, text: str = "", *, trusted: bool = False) -> None:
    """Refuses the first node, part or function that is not on the lists.

    `trusted` text is a department's own, in which fills may be as long as its values make them.

    Raises `SqlError`: `SQL_CONSTRUCT_REFUSED`, `SQL_FUNCTION_REFUSED` or `SQL_TEXT_REFUSED`, with the place in
    `text`.
    """
    stack: list[exp.Expr] = [tree]
    while stack:
        node = stack.pop()
        kind: type = type(node)
        parts = _ALLOWED.get(kind)
        if parts is None:
            if kind is exp.Anonymous:
                _check_named_function(node, text)
            else:
                raise _refused(node, text)
            parts = _ANONYMOUS_PARTS
        for key, value in node.args.items():
            if not value:
                continue
            if key not in parts:
                raise _refused(node, text, key)
            if isinstance(value, exp.Expr):
                stack.append(value)
            elif isinstance(value, list):
                for item in reversed(value):
                    if isinstance(item, exp.Expr):
                        stack.append(item)
        if (check := _CHECKS.get(kind)) is not None and not (trusted and check is _check_fill):
            check(node, text)


_ANONYMOUS_PARTS = frozenset({"this", "expressions"})


def _refused(node: exp.Expr, text: str, part: str | None = None) -> SqlError:
    start, end = node.meta_get("start"), node.meta_get("end")
    if isinstance(node, exp.Func) and part is None:
        name = (
            text[start : end + 1].lower() if text and start is not None and end else node.sql_name().lower()
        )
        where: exp.Expr | int = node
        if start is None and (found := re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE)) is not None:
            where = found.start()
        return error_at(text, where, "SQL_FUNCTION_REFUSED", f"the function {name} is not available")
    value = node.args.get(part) if part else node
    value = value[0] if isinstance(value, list) else value
    hint = _HINTS.get(type(value)) or _HINTS.get(type(node))
    kind = type(value) if isinstance(value, exp.Expr) else type(node)
    what = _PART_NAMES.get(part or "") or _NODE_NAMES.get(kind) or _words(kind)
    where = value if isinstance(value, exp.Expr) and offset_of(value) is not None else node
    return error_at(text, where, "SQL_CONSTRUCT_REFUSED", f"{what} is not supported", hint)


_PART_NAMES = {
    "catalog": "a name of three parts",
    "recursive": "WITH RECURSIVE",
    "by_name": "BY NAME",
    "rename": "RENAME",
    "ilike": "a pattern after *",
    "percent": "a percentage in LIMIT",
    "with_ties": "WITH TIES",
    "sample": "a sample",
    "pivots": "PIVOT",
    "into": "SELECT INTO",
    "locks": "FOR UPDATE",
    "when": "time travel",
    "symmetric": "BETWEEN SYMMETRIC",
    "hint": "a hint",
    "hints": "a hint",
    "only": "ONLY",
    "totals": "WITH TOTALS",
    "fraction_in_string": "a fraction of a unit in an interval",
    "side": "this form of set operation",
}


_NODE_NAMES: dict[type, str] = {
    exp.Dot: "a field of a row",
    exp.Delete: "DELETE",
    exp.Insert: "INSERT",
    exp.Update: "UPDATE",
    exp.PositionalColumn: "a column by position",
    exp.PseudoType: "this type",
    exp.ObjectIdentifier: "this type",
    exp.DataType: "this type",
    exp.Comprehension: "a comprehension",
}


def _words(kind: type) -> str:
    """A class name as words: `PositionalColumn` as `positional column`."""
    name = kind.__name__
    return "".join(
        f" {c.lower()}" if c.isupper() and i and not name[i - 1].isupper() else c.lower()
        for i, c in enumerate(name)
    )


def _check_named_function(node: exp.Expr, text: str) -> None:
    name = node.name.lower()
    if name in NAMES and isinstance(node.this, str):
        return
    close = get_close_matches(name, NAMES, n=1, cutoff=0.8)
    hint = f"Did you mean {close[0]}?" if close else None
    raise error_at(text, node, "SQL_FUNCTION_REFUSED", f"the function {name} is not available", hint)


def _check_identifier(node: exp.Expr, text: str) -> None:
    name = node.this
    if not isinstance(name, str) or not name:
        raise error_at(text, node, "SQL_TEXT_REFUSED", "a name cannot be empty")
    if (start := node.meta_get("start")) is not None and text[start : start + 1] == "'":
        raise error_at(
            text,
            node,
            "SQL_CONSTRUCT_REFUSED",
            "a literal stands where a name is expected",
            'Quote names with "".',
        )
    # Names of outputs may be as long as DuckDB makes them; nothing can refer to such a name.
    output = isinstance(node.parent, exp.Alias)
    if not output and len(name) * 4 > IDENTIFIER_BYTES and len(name.encode()) > IDENTIFIER_BYTES:
        raise error_at(text, node, "SQL_TEXT_REFUSED", f"a name is longer than {IDENTIFIER_BYTES} bytes")


def _check_type(node: exp.Expr, text: str) -> None:
    if node.this not in CAST_TYPES:
        name = node.sql(dialect="duckdb")
        raise error_at(text, node.parent, "SQL_CONSTRUCT_REFUSED", f"a cast to {name} is not supported")


def _check_star(node: exp.Expr, text: str) -> None:
    parent = node.parent
    counted = isinstance(parent, exp.Count)
    selected = isinstance(parent, exp.Select) or (
        isinstance(parent, exp.Column) and isinstance(parent.parent, exp.Select)
    )
    if not (counted and not node.args.get("except_") and not node.args.get("replace")) and not selected:
        raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", "* is not supported here")
    for excluded in node.args.get("except_") or ():
        if not isinstance(excluded, exp.Column) or excluded.args.get("table"):
            raise error_at(text, excluded, "SQL_CONSTRUCT_REFUSED", "EXCLUDE takes plain column names")


def _check_column(node: exp.Expr, text: str) -> None:
    if not isinstance(node.this, (exp.Identifier, exp.Star)):
        raise _refused(node, text)


def _check_table(node: exp.Expr, text: str) -> None:
    if not isinstance(node.this, exp.Identifier):
        raise error_at(
            text, node, "SQL_CONSTRUCT_REFUSED", "functions in FROM are not supported", "Name a table."
        )
    _check_joins(node, text)


def _check_joins(node: exp.Expr, text: str) -> None:
    if node.args.get("joins") and not isinstance(node.parent, exp.Subquery):
        raise _refused(node, text, "joins")


def _check_interval(node: exp.Expr, text: str) -> None:
    value, unit = node.this, node.args.get("unit")
    if node.find_ancestor(exp.Interval) is not None:
        raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", "an interval inside an interval is not supported")
    if unit is not None:
        if not isinstance(unit, exp.Var) or unit.name.upper().removesuffix("S") not in _INTERVAL_UNITS:
            raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", "this unit of time is not supported")
        if (
            isinstance(value, exp.Literal)
            and value.is_string
            and not value.this.strip().lstrip("+-").isdigit()
        ):
            # INTERVAL '1.5' DAY and INTERVAL '1.5 days' differ, and are the same tree.
            raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", "an interval takes a whole number of a unit")


def _check_bracket(node: exp.Expr, text: str) -> None:
    parts = node.expressions
    if len(parts) != 1 or not isinstance(parts[0], exp.Literal) or parts[0].is_string:
        raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", "a list is subscripted by a whole number only")
    subscripted = node.this
    while isinstance(subscripted, (exp.Paren, exp.Bracket)):
        subscripted = subscripted.this
    if not isinstance(subscripted, (exp.Column, exp.Array, exp.ArrayAgg, exp.Split)):
        # Of other values the parser guesses whether they are lists, and counts from 0 or 1 accordingly.
        raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", "only columns and lists can be subscripted")


def _check_distinct(node: exp.Expr, text: str) -> None:
    if len(node.expressions) > 1:
        message = "DISTINCT over several arguments is not supported"
        raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", message, "Put them in parentheses.")


def _check_within_group(node: exp.Expr, text: str) -> None:
    call, order = node.this, node.expression
    percentile = isinstance(call, (exp.PercentileCont, exp.PercentileDisc)) and isinstance(
        call.this, exp.Literal
    )
    if not percentile or not isinstance(order, exp.Order) or len(order.expressions) != 1:
        message = "WITHIN GROUP is supported for percentiles of a fraction over one key only"
        raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", message)
    if node.find_ancestor(exp.WithinGroup) is not None:
        raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", "aggregates inside each other are not supported")


def _check_exists(node: exp.Expr, text: str) -> None:
    if not isinstance(node.this, exp.Query):
        raise _refused(node, text)


def _check_select(node: exp.Expr, text: str) -> None:
    if not node.expressions:
        raise error_at(text, node, "SQL_SYNTAX", "SELECT names nothing to select")


def _check_cte(node: exp.Expr, text: str) -> None:
    if not isinstance(node.this, exp.Query):
        raise error_at(text, node, "SQL_NOT_A_QUERY", "WITH may hold SELECT only")


def _check_values(node: exp.Expr, text: str) -> None:
    rows = node.expressions
    if not isinstance(node.parent, (exp.From, exp.Join)):
        raise _refused(node, text)
    if any(
        not isinstance(row, exp.Tuple) or len(row.expressions) != len(rows[0].expressions) for row in rows
    ):
        raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", "the rows of VALUES have different lengths")


def _check_lateral(node: exp.Expr, text: str) -> None:
    if not isinstance(node.this, exp.Subquery):
        raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", "functions in FROM are not supported")


def _check_literal(node: exp.Expr, text: str) -> None:
    if not node.args["is_string"] and len(node.this) > 400:
        raise error_at(text, node, "SQL_TOO_LARGE", "a number has too many digits")


def _check_group(node: exp.Expr, text: str) -> None:
    if math.prod(map(_grouping_sets, node.expressions)) > MOST_GROUPING_SETS:
        message = f"GROUP BY asks for more than {MOST_GROUPING_SETS} grouping sets"
        raise error_at(text, node, "SQL_TOO_LARGE", message, "Name fewer columns in CUBE, or list the sets.")


def _grouping_sets(node: exp.Expr) -> int:
    match node:
        case exp.Cube():
            # No need for the exact number beyond what is refused.
            return 1 << min(len(node.expressions), 32)
        case exp.Rollup():
            return len(node.expressions) + 1
        case exp.GroupingSets():
            return sum(map(_grouping_sets, node.expressions))
        case _:
            return 1


def _check_fill(node: exp.Expr, text: str) -> None:
    """A call that makes long text out of nothing may not be asked for much, nor stand inside another."""
    count = node.args.get("times") or node.args.get("expression")
    if not (_is_small(count) or (isinstance(node, exp.Repeat) and _is_as_long_as_a_text(node.this, count))):
        message = f"this function takes a whole number up to {LONGEST_FILL}, or a text's length"
        raise error_at(text, node, "SQL_CONSTRUCT_REFUSED", message)
    if node.find_ancestor(exp.Repeat, exp.Pad) is not None:
        raise error_at(
            text, node, "SQL_CONSTRUCT_REFUSED", "filling functions inside each other are not supported"
        )


def _is_small(count: exp.Expr | None) -> bool:
    return isinstance(count, exp.Literal) and count.is_int and int(count.this) <= LONGEST_FILL


def _is_as_long_as_a_text(filling: exp.Expr, count: exp.Expr | None) -> bool:
    """`repeat('*', length(x) - 1)`, as masks have it: no longer than what is there already."""
    if not (isinstance(filling, exp.Literal) and filling.is_string and len(filling.this) == 1):
        return False
    if isinstance(count, exp.Sub) and _is_small(count.expression):
        count = count.this
    return isinstance(count, exp.Length)


_CHECKS: dict[type, Callable[[exp.Expr, str], None]] = {
    exp.Group: _check_group,
    exp.Repeat: _check_fill,
    exp.Pad: _check_fill,
    exp.Select: _check_select,
    exp.Identifier: _check_identifier,
    exp.DataType: _check_type,
    exp.Star: _check_star,
    exp.Column: _check_column,
    exp.Table: _check_table,
    exp.Subquery: _check_joins,
    exp.Interval: _check_interval,
    exp.Bracket: _check_bracket,
    exp.Exists: _check_exists,
    exp.Distinct: _check_distinct,
    exp.WithinGroup: _check_within_group,
    exp.CTE: _check_cte,
    exp.Values: _check_values,
    exp.Lateral: _check_lateral,
    exp.Literal: _check_literal,
}

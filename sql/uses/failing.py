"""Which expressions may fail on some value: the list of those that cannot, and everything else.

A question that fails on one row and not on another tells the two apart, also where it may not show them. What
is listed here was tried on DuckDB 2.0 with the widest, least and infinite values of each type. Failure of a
whole text, whatever the rows hold (a name that does not exist), is not meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import add

from sqlglot import exp

from sql.allowed_functions import WINDOWS
from sql.uses.families import RANK, TEXTS, WIDEST, Kind, comparable, converts, kind_of_type, kind_of_value

_ROWS_DIGITS = 10
"""No sum is over more than ten thousand million rows."""

NEVER_FAIL = frozenset(
    {
        *(exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Paren, exp.Tuple, exp.Alias),
        *(exp.Star, exp.Var, exp.DataType, exp.DataTypeParam, exp.Placeholder),
        *(
            exp.And,
            exp.Or,
            exp.Not,
            exp.Xor,
            exp.Is,
            exp.Exists,
            exp.Any,
            exp.All,
            exp.If,
            exp.Like,
            exp.ILike,
        ),
        *(exp.Distinct, exp.Order, exp.Ordered, exp.Where, exp.Filter, exp.WithinGroup, exp.Window),
        *(exp.WindowSpec, exp.IgnoreNulls, exp.RespectNulls, exp.Grouping, exp.TryCast, exp.DPipe, exp.Glob),
        *(exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.BitLength, exp.Replace, exp.Concat, exp.ConcatWs),
        *(exp.StrPosition, exp.Contains, exp.StartsWith, exp.EndsWith, exp.Reverse, exp.Ascii, exp.Unicode),
        *(exp.Levenshtein, exp.JarowinklerSimilarity, exp.MD5, exp.SHA, exp.Translate),
        *(exp.Year, exp.Month, exp.Day, exp.DayOfMonth, exp.Quarter, exp.Week, exp.WeekOfYear),
        *(exp.DayOfWeek, exp.DayOfWeekIso, exp.DayOfYear, exp.Extract, exp.Dayname, exp.Monthname),
        *(exp.LastDay, exp.Pi, exp.IsNan, exp.IsInf, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor),
        *(exp.BitwiseNot, exp.Count, exp.CountIf, exp.Min, exp.Max, exp.AnyValue, exp.ApproxDistinct),
        *(exp.LogicalAnd, exp.LogicalOr, exp.Mode, exp.ArgMin, exp.ArgMax),
        *(kind for kind in WINDOWS if kind not in {exp.Ntile, exp.NthValue}),
    }
)
"""Node types that cannot fail whatever their operands are, as far as the node itself goes."""

_NUMERIC_ARGUMENT = (
    *(exp.Sqrt, exp.Cbrt, exp.Exp, exp.Ln, exp.Degrees, exp.Radians, exp.Sin, exp.Cos, exp.Tan),
    *(exp.Asin, exp.Acos, exp.Atan, exp.Cot, exp.Sign, exp.Floor, exp.Ceil, exp.Pow, exp.Log, exp.Atan2),
    *(exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop),
)


def may_fail(root: exp.Expr) -> bool:
    """True when something inside `root`, nested queries included, can fail on some value."""
    stack = [root]
    while stack:
        node = stack.pop()
        if can_fail(node):
            return True
        if type(node) not in _CLOSED:
            stack.extend(node.iter_expressions())
    return False


_CLOSED = frozenset({exp.Column, exp.Literal, exp.DataType, exp.Identifier})
_CLAUSES = (exp.Query, exp.From, exp.Join, exp.With, exp.CTE, exp.Table, exp.TableAlias, exp.Lateral)
_MORE_CLAUSES = (exp.Group, exp.Rollup, exp.Cube, exp.GroupingSets, exp.Having, exp.Qualify, exp.Limit)


def can_fail(node: exp.Expr) -> bool:
    """True when the node itself can fail, its operands left aside."""
    if type(node) in NEVER_FAIL:
        return False
    rule = _RULES.get(type(node))
    if rule is not None:
        return rule(node)
    return not isinstance(node, (*_CLAUSES, *_MORE_CLAUSES, exp.Offset, exp.Values))


def _differ(*nodes: exp.Expr | None) -> bool:
    return not comparable([kind_of_value(node) for node in nodes])


def _is_number(node: exp.Expr | None) -> bool:
    kind = kind_of_value(node)
    return kind is not None and kind[0] in {"exact", "float"}


# --- rules --------------------------------------------------------------------------------------


def _compared(node: exp.Expr) -> bool:
    left, right = node.this, node.args.get("expression")
    if isinstance(left, exp.Tuple):
        return not (
            isinstance(right, exp.Tuple)
            and len(right.expressions) == len(left.expressions)
            and not any(map(_differ, left.expressions, right.expressions))
        )
    return _differ(left, right)


def _in_list(node: exp.Expr) -> bool:
    sought, query = node.this, node.args.get("query")
    if query is not None:
        outputs = query.selects
        one_by_one = sought.expressions if isinstance(sought, exp.Tuple) else [sought]
        return len(outputs) != len(one_by_one) or any(map(_differ, one_by_one, outputs))
    if isinstance(sought, exp.Tuple):
        return any(
            not isinstance(row, exp.Tuple) or any(map(_differ, sought.expressions, row.expressions))
            for row in node.expressions
        )
    return _differ(sought, *node.expressions)


def _case(node: exp.Expr) -> bool:
    branches = [*node.args["ifs"]]
    values = [branch.args["true"] for branch in branches]
    operand = node.this
    if operand is not None and _differ(operand, *(branch.this for branch in branches)):
        return True
    default = node.args.get("default")
    return _differ(*values, *([default] if default is not None else []))


def _sum(node: exp.Expr) -> bool:
    left, right = kind_of_value(node.this), kind_of_value(node.expression)
    if left is not None and right is not None and {left[0], right[0]} <= {"DATE", "day"}:
        return not (_is_settled(node) or isinstance(node, exp.Sub))
    return _may_overflow(node, left, right, lambda one, other: max(one, other) + 1, max)


def _product(node: exp.Expr) -> bool:
    left, right = kind_of_value(node.this), kind_of_value(node.expression)
    return _may_overflow(node, left, right, add, add)


def _may_overflow(
    node: exp.Expr,
    left: Kind | None,
    right: Kind | None,
    whole: Callable[[int, int], int],
    scale: Callable[[int, int], int],
) -> bool:
    """True unless the result, with digits before and after the point as given, always has its type's room."""
    if _is_settled(node):
        return False
    if left is None or right is None:
        return True
    families = {left[0], right[0]}
    if "float" in families:
        return not families <= {"exact", "float"}
    if families != {"exact"} or not (left[2] or right[2]):
        return True
    return not _fits(node, whole(left[1], right[1]), scale(left[2], right[2]))


def _fits(node: exp.Expr, whole: int, scale: int) -> bool:
    """True when the decimal type that the node was given holds every result."""
    kind = kind_of_type(node.type) if node.type is not None else None
    return kind is not None and kind[0] == "exact" and whole <= kind[1] and scale <= kind[2]


_SMALL = 10_000


def _is_settled(node: exp.Expr) -> bool:
    """True for arithmetic of small constants, and for a constant date moved by a short interval."""
    if _small(node) is not None:
        return True
    if isinstance(node, exp.Paren):
        return _is_settled(node.this)
    if isinstance(node, exp.Cast):
        return not _cast(node) and isinstance(node.this, exp.Literal)
    if not isinstance(node, (exp.Add, exp.Sub)):
        return False
    interval = node.expression
    amount = interval.this if isinstance(interval, exp.Interval) else None
    short = isinstance(amount, exp.Literal) and re.fullmatch(r"\d{1,4}", str(amount.this)) is not None
    return short and interval.args.get("unit") is not None and _is_settled(node.this)


def _small(node: exp.Expr) -> int | None:
    """The value of whole-number arithmetic, while it stays small."""
    if isinstance(node, exp.Literal):
        return int(node.this) if node.is_int and len(str(node.this)) < 5 else None
    if isinstance(node, (exp.Paren, exp.Neg)):
        inner = _small(node.this)
        return -inner if inner is not None and isinstance(node, exp.Neg) else inner
    if not isinstance(node, (exp.Add, exp.Sub, exp.Mul)):
        return None
    left, right = _small(node.this), _small(node.expression)
    if left is None or right is None:
        return None
    result = (
        left + right
        if isinstance(node, exp.Add)
        else left - right
        if isinstance(node, exp.Sub)
        else left * right
    )
    return result if abs(result) < _SMALL else None


def _negated(node: exp.Expr) -> bool:
    kind = kind_of_value(node.this)
    literal = isinstance(node.this, exp.Literal)
    return not (kind is not None and (kind[0] == "float" or (kind[0] == "exact" and (kind[2] or literal))))


def _absolute(node: exp.Expr) -> bool:
    kind = kind_of_value(node.this)
    return not (kind is not None and (kind[0] == "float" or (kind[0] == "exact" and kind[2] > 0)))


def _divided(node: exp.Expr) -> bool:
    return not (_is_number(node.this) and _is_number(node.expression))


def _divided_whole(node: exp.Expr) -> bool:
    kind, divisor = kind_of_value(node.this), node.expression
    plain = isinstance(divisor, exp.Literal) and divisor.is_int and int(divisor.this) > 0
    return not (plain and kind is not None and kind[0] == "exact" and kind[2] == 0)


def _rounded(node: exp.Expr) -> bool:
    kind, places = kind_of_value(node.this), node.args.get("decimals")
    if kind is None or kind[0] not in {"exact", "float"}:
        return True
    return not (places is None or (isinstance(places, exp.Literal) and places.is_int))


def _constant_parts(*names: str) -> Callable[[exp.Expr], bool]:
    """Safe where these parts, if there are any, are short whole numbers."""

    def rule(node: exp.Expr) -> bool:
        return any(_small(part) is None for name in names if (part := node.args.get(name)) is not None)

    return rule


def _numeric(node: exp.Expr) -> bool:
    return not all(_is_number(part) for part in node.iter_expressions() if not isinstance(part, exp.Distinct))


def _total(node: exp.Expr) -> bool:
    """SUM and AVG add in 128 bits, DECIMAL in 38 digits."""
    argument = node.this
    while isinstance(argument, (exp.Distinct, exp.Order, exp.Paren)):
        argument = argument.this or argument.expressions[0]
    kind = kind_of_value(argument)
    if kind is None or kind[0] not in {"exact", "float", "BOOLEAN"}:
        return True
    return kind[0] == "exact" and kind[1] + kind[2] + _ROWS_DIGITS > WIDEST


def _named(node: exp.Expr) -> bool:
    """Functions that the parser knows by name only."""
    if node.name.lower() not in {"mean", "favg", "fsum", "kahan_sum"} or len(node.expressions) != 1:
        return True
    kind = kind_of_value(node.expressions[0])
    return kind is None or kind[0] not in {"exact", "float"} or kind[1] + kind[2] + _ROWS_DIGITS > WIDEST


def _constant_pattern(node: exp.Expr) -> bool:
    """A pattern that stands in the question is read once, before any row."""
    return not (isinstance(node.expression, exp.Literal) and node.args.get("flag") is None)


def _cast(node: exp.Expr) -> bool:
    target = node.args["to"]
    if isinstance(node.this, exp.Literal) and node.this.is_string:
        return not converts(str(node.this.this), target.this)
    kind, to = kind_of_value(node.this), kind_of_type(target)
    if target.this in TEXTS:
        return False
    if kind is None or to is None:
        return True
    if kind[0] == "null":
        return False
    if kind[0] == "exact":
        if to[0] == "exact":
            return not (kind[1] <= to[1] if to[2] or kind[2] else _widens(node.this, target, kind, to))
        return to[0] != "float"
    if kind[0] == "float":
        return target.this is not exp.DType.DOUBLE
    return kind[0] != to[0] and (kind[0], to[0]) not in {("TIMESTAMP", "DATE"), ("BOOLEAN", "exact")}


def _widens(value: exp.Expr, target: exp.DataType, kind: Kind, to: Kind) -> bool:
    """Whole numbers to whole numbers: as many digits are not enough, unless the type is the same."""
    if isinstance(value, exp.Literal) or value.type is None:
        return kind[1] < to[1]
    one, other = RANK.get(value.type.this), RANK.get(target.this)
    return one is not None and other is not None and one <= other


def _escaped(node: exp.Expr) -> bool:
    mark = node.expression
    return not (isinstance(mark, exp.Literal) and mark.is_string and len(mark.this) <= 1)


def _uniform(node: exp.Expr) -> bool:
    return _differ(node.this, *node.expressions)


_RULES: Mapping[type[exp.Expr], Callable[[exp.Expr], bool]] = {
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _compared),
    **dict.fromkeys((exp.NullSafeEQ, exp.NullSafeNEQ, exp.Nullif), _compared),
    exp.Between: lambda node: _differ(node.this, node.args["low"], node.args["high"]),
    exp.In: _in_list,
    exp.Case: _case,
    exp.Interval: lambda node: not isinstance(node.this, (exp.Literal, type(None))),
    **dict.fromkeys((exp.Coalesce, exp.Greatest, exp.Least), _uniform),
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Mul: _product,
    exp.Div: _divided,
    **dict.fromkeys((exp.IntDiv, exp.Mod), _divided_whole),
    exp.Neg: _negated,
    exp.Abs: _absolute,
    exp.Round: _rounded,
    **dict.fromkeys(_NUMERIC_ARGUMENT, _numeric),
    exp.Substring: _constant_parts("start", "length"),
    **dict.fromkeys((exp.Left, exp.Right), _constant_parts("expression")),
    exp.Cast: _cast,
    exp.Escape: _escaped,
    exp.Anonymous: _named,
    **dict.fromkeys((exp.RegexpLike, exp.RegexpFullMatch, exp.SimilarTo), _constant_pattern),
    **dict.fromkeys((exp.Sum, exp.Avg), _total),
}

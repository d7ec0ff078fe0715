"""DuckDB's scalar functions: which node is which function, over which types, with which result.

What a function means is DuckDB's and stands here once; each dialect's `functions` table says by the same key
how the engine writes it, if it is proven equal there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log10

from sqlglot import exp

from sql.dialects.casts import adapt, convert
from sql.dialects.dialect import apply_native
from sql.dialects.kinds import BIGINT, BOOLEAN, DOUBLE, TIMESTAMP, VARCHAR, Kind, decimal, span_of
from sql.dialects.literals import known_span
from sql.dialects.scope import Scope
from sql.dialects.source import NotNative
from sql.dialects.values import Value, any_approximate, relations_of
from sql.dialects.walk import only, scalar, title, translates

LONGEST_TEXT = 2**30
"""Characters in a text: no engine here stores more."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One overload: its key, the families it takes, its result's kind and, for counts, its largest value."""

    key: str
    families: tuple[str, ...]
    result: Kind | Callable[[Sequence[Value]], Kind]
    most: float | None = None
    length: Callable[[Sequence[Value]], int | None] | None = None


def _rounded(values: Sequence[Value]) -> Kind:
    """round(DECIMAL(p,s), n) keeps p digits and n decimals, and never gains any."""
    kind = values[0].kind
    places = values[1].constant.value if len(values) > 1 and values[1].constant else 0
    if not isinstance(places, int):
        raise NotNative("round() to places that are not constant")
    return decimal(kind.width, max(0, min(kind.scale, places)))


def _whole(values: Sequence[Value]) -> Kind:
    return decimal(values[0].kind.width, 0)


def _same(values: Sequence[Value]) -> Kind:
    return values[0].kind


def _no_longer(values: Sequence[Value]) -> int | None:
    return values[0].length


def _cut(values: Sequence[Value]) -> int | None:
    """left(x, n) and substring(x, i, n) have at most n characters."""
    count = values[-1].constant.value if values[-1].constant else None
    if isinstance(count, int) and count >= 0:
        return count if values[0].length is None else min(count, values[0].length)
    return values[0].length


_COUNT = float(LONGEST_TEXT)
_TEXT, _TWO_TEXTS, _TEXT_INTEGER = ("text",), ("text", "text"), ("text", "integer")


def _text(
    key: str, families: tuple[str, ...] = _TEXT, *, cut: bool = False, grows: bool = False
) -> Signature:
    return Signature(key, families, VARCHAR, None, None if grows else (_cut if cut else _no_longer))


@dataclass(frozen=True, slots=True)
class Function:
    """Where a node keeps its arguments, and its overloads. `fixed` arguments must hold exactly this value."""

    arguments: tuple[str, ...]
    overloads: tuple[Signature, ...]
    fixed: Mapping[str, object] | None = None


_STARTS = (Signature("starts_with(text, text)", _TWO_TEXTS, BOOLEAN),)
_ENDS = (Signature("ends_with(text, text)", _TWO_TEXTS, BOOLEAN),)
_CONTAINS = (Signature("contains(text, text)", _TWO_TEXTS, BOOLEAN),)
_TRIM = {"LEADING": "ltrim", "TRAILING": "rtrim", "BOTH": "trim", "": "trim"}

FUNCTIONS: Mapping[type[exp.Expr], Function] = {
    exp.Length: Function(("this",), (Signature("length(text)", _TEXT, BIGINT, _COUNT),)),
    exp.Lower: Function(("this",), (_text("lower(text)"),)),
    exp.Upper: Function(("this",), (_text("upper(text)"),)),
    exp.Reverse: Function(("this",), (_text("reverse(text)"),)),
    exp.Substring: Function(
        ("this", "start", "length"),
        (
            _text("substring(text, from)", _TEXT_INTEGER),
            _text("substring(text, from, count)", ("text", "integer", "integer"), cut=True),
        ),
    ),
    exp.Left: Function(("this", "expression"), (_text("left(text, count)", _TEXT_INTEGER, cut=True),)),
    exp.Right: Function(("this", "expression"), (_text("right(text, count)", _TEXT_INTEGER, cut=True),)),
    exp.Repeat: Function(("this", "times"), (_text("repeat(text, count)", _TEXT_INTEGER, grows=True),)),
    exp.Replace: Function(
        ("this", "expression", "replacement"),
        (_text("replace(text, text, text)", ("text", "text", "text"), grows=True),),
    ),
    exp.Pad: Function(
        ("this", "expression", "fill_pattern", "is_left"),
        (_text("pad(text, count, text)", ("text", "integer", "text"), grows=True),),
    ),
    exp.StrPosition: Function(
        ("this", "substr"), (Signature("position(text, text)", _TWO_TEXTS, BIGINT, _COUNT),)
    ),
    exp.StartsWith: Function(("this", "expression"), _STARTS),
    exp.EndsWith: Function(("this", "expression"), _ENDS),
    exp.Contains: Function(("this", "expression"), _CONTAINS),
    exp.Abs: Function(
        ("this",),
        (
            Signature("abs(integer)", ("integer",), _same),
            Signature("abs(decimal)", ("decimal",), _same),
            Signature("abs(double)", ("double",), _same),
        ),
    ),
    exp.Round: Function(
        ("this", "decimals"),
        (
            Signature("round(decimal)", ("decimal",), _rounded),
            Signature("round(decimal, places)", ("decimal", "integer"), _rounded),
        ),
    ),
    exp.Floor: Function(
        ("this",),
        (
            Signature("floor(decimal)", ("decimal",), _whole),
            Signature("floor(double)", ("double",), DOUBLE),
        ),
    ),
    exp.Ceil: Function(
        ("this",),
        (
            Signature("ceil(decimal)", ("decimal",), _whole),
            Signature("ceil(double)", ("double",), DOUBLE),
        ),
    ),
}

ANONYMOUS: Mapping[str, Function] = {
    "prefix": Function((), _STARTS),
    "suffix": Function((), _ENDS),
}

_PARTS: Mapping[type[exp.Expr], str] = {
    exp.Year: "year",
    exp.Month: "month",
    exp.Day: "day",
    exp.Quarter: "quarter",
    exp.DayOfWeek: "dow",
    exp.DayOfWeekIso: "isodow",
    exp.DayOfYear: "doy",
    exp.DayOfMonth: "day",
}
_PART_NAMES = {"DAYOFWEEK": "dow", "DAYOFYEAR": "doy", "WEEKDAY": "dow"} | {
    name.upper(): name
    for name in ("year", "month", "day", "quarter", "dow", "isodow", "doy", "hour", "minute")
}
_DIFFERENCES = ("day", "month", "year")
_TRUNCATIONS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second")


def apply_function(key: str, values: list[Value], kind: Kind, scope: Scope, **extra: object) -> Value:
    """The dialect's form of the function of this key."""
    dialect = scope.context.dialect
    native = dialect.functions.get(key)
    if native is None:
        raise NotNative(dialect.differs.get(key) or f"{key} is not proven equal in {dialect.title}")
    if any_approximate(values) and key != "abs(double)":
        raise NotNative(f"{key} of computed doubles: the last bits may differ")
    if native.raises:
        scope.context.raises = True
    sql = apply_native(native, values, key, extra)
    return Value(
        sql, kind, approximate=any_approximate(values), span=span_of(kind), relations=relations_of(values)
    )


def _call(function: Function, nodes: list[exp.Expr], node: exp.Expr, scope: Scope) -> Value:
    values = [scalar(argument, scope) for argument in nodes]
    families = tuple(value.family for value in values)
    for signature in function.overloads:
        if signature.families == families:
            kind = signature.result if isinstance(signature.result, Kind) else signature.result(values)
            result = apply_function(signature.key, values, kind, scope)
            most = signature.most and (values[0].length or signature.most)
            span = log10(most) if most else known_span(kind, result.span)
            length = signature.length(values) if signature.length else None
            return _with(result, span=span, length=length)
    raise NotNative(f"{title(node)} over {', '.join(families)}")


def _with(value: Value, *, span: float | None, length: int | None) -> Value:
    return Value(
        value.sql,
        value.kind,
        approximate=value.approximate,
        span=span,
        length=length,
        relations=value.relations,
    )


@translates(*FUNCTIONS)
def _function(node: exp.Expr, scope: Scope) -> Value:
    function = FUNCTIONS[type(node)]
    only(node, function.arguments)
    nodes = [node.args[name] for name in function.arguments if isinstance(node.args.get(name), exp.Expr)]
    if isinstance(node, exp.Pad):
        return _padded(node, nodes, scope)
    return _call(function, nodes, node, scope)


def _padded(node: exp.Expr, nodes: list[exp.Expr], scope: Scope) -> Value:
    values = [scalar(argument, scope) for argument in nodes]
    if tuple(value.family for value in values) != ("text", "integer", "text"):
        raise NotNative("lpad() and rpad() over other types")
    key = "lpad(text, count, text)" if node.args.get("is_left") else "rpad(text, count, text)"
    return apply_function(key, values, VARCHAR, scope)


@translates(exp.Trim)
def _trim(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression", "position"))
    name = _TRIM.get(str(node.args.get("position") or "").upper())
    if name is None:
        raise NotNative("trim() of an unusual form")
    parts = [scalar(part, scope) for part in (node.this, node.args.get("expression")) if part is not None]
    if any(value.family != "text" for value in parts):
        raise NotNative("trim() of values other than text")
    key = f"{name}(text{', characters' if len(parts) > 1 else ''})"
    return _with(apply_function(key, parts, VARCHAR, scope), span=None, length=parts[0].length)


@translates(exp.Concat)
def _concat(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("expressions", "coalesce"))
    values = [scalar(part, scope) for part in node.expressions]
    if not node.args.get("coalesce") or any(value.family != "text" for value in values):
        raise NotNative("concat() of values other than text")
    part = scope.context.dialect.functions.get("concat part")
    parts = [apply_native(part, [value], "concat()", {}) if part else value.sql for value in values]
    result = apply_function("concat(text, …)", values, VARCHAR, scope, all=", ".join(parts))
    lengths = [value.length for value in values]
    return _with(result, span=None, length=None if None in lengths else sum(n or 0 for n in lengths))


@translates(exp.Anonymous)
def _anonymous(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expressions"))
    name = node.name.lower()
    if name in {"date_part", "datepart"} and len(node.expressions) == 2:
        unit = node.expressions[0]
        if isinstance(unit, exp.Literal) and unit.args.get("is_string"):
            return _part(unit.name.upper(), scalar(node.expressions[1], scope), scope)
    function = ANONYMOUS.get(name)
    if function is None:
        raise NotNative(f"{name}() is not proven equal in {scope.context.dialect.title}")
    return _call(function, list(node.expressions), node, scope)


@translates(*_PARTS)
def _named_part(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this",))
    return _part(_PARTS[type(node)].upper(), scalar(node.this, scope), scope)


@translates(exp.Extract)
def _extract(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression"))
    return _part(node.this.name.upper(), scalar(node.expression, scope), scope)


def _part(unit: str, value: Value, scope: Scope) -> Value:
    name = _PART_NAMES.get(unit)
    if name is None or value.family not in {"date", "timestamp"}:
        raise NotNative(f"extract({unit.lower()}) of {value.kind}")
    result = apply_function(f"extract({name}, {value.family})", [value], BIGINT, scope)
    return _with(result, span=6.0, length=None)


@translates(exp.TimestampTrunc, exp.DateTrunc)
def _truncated(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "unit"))
    value, unit = scalar(node.this, scope), node.args.get("unit")
    name = unit.name.lower() if isinstance(unit, (exp.Var, exp.Literal)) else ""
    if name not in _TRUNCATIONS or value.family not in {"date", "timestamp"}:
        raise NotNative(f"date_trunc({name}) of {value.kind}")
    value = convert(scope.context, value, TIMESTAMP)
    return apply_function(f"date_trunc({name})", [value], TIMESTAMP, scope, unit=name)


@translates(exp.DateDiff)
def _difference(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "expression", "unit", "date_part_boundary"))
    unit = node.args.get("unit")
    name = unit.name.lower() if isinstance(unit, exp.Expr) else "day"
    end, start = adapt(scope.context, [scalar(node.this, scope), scalar(node.expression, scope)])
    if name not in _DIFFERENCES or {end.family, start.family} != {"date"}:
        raise NotNative(f"date_diff({name}) of {start.kind} and {end.kind}")
    result = apply_function(f"date_diff({name})", [start, end], BIGINT, scope)
    return _with(result, span=7.0, length=None)

"""CAST, and the conversions that DuckDB makes by itself between the types of an operation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from sqlglot import exp

from sql.dialects.dialect import apply_native
from sql.dialects.kinds import DOUBLE, NULL, Kind, integer_range, kind_of, span_of, unify
from sql.dialects.literals import constant, fits, in_kind, is_bare
from sql.dialects.scope import Context, Scope
from sql.dialects.source import NotNative
from sql.dialects.values import Value
from sql.dialects.walk import only, scalar, translates

_EXACT_DOUBLE_DIGITS = 15
"""Decimals of no more digits become the same double in every engine that rounds correctly."""


def convert(context: Context, value: Value, kind: Kind) -> Value:
    """The value as `kind`, for a conversion that is widening or that DuckDB makes implicitly."""
    if value.kind == kind:
        return value
    if value.is_null:
        return replace(constant(context, None, kind), relations=value.relations)
    if value.constant is not None:
        return in_kind(context, value, kind)
    return _cast(context, value, kind)


def _cast(context: Context, value: Value, kind: Kind) -> Value:
    what = f"CAST from {value.kind} to {kind}"
    widens = _widens(value.kind, kind)
    if value.family == kind.family == "decimal" and kind.scale >= value.kind.scale:
        return replace(value, kind=kind, constant=None)
    family = "narrower integer" if value.family == kind.family == "integer" and not widens else kind.family
    native = context.dialect.casts.get((value.family, family))
    if native is None:
        raise NotNative(f"{what} is not proven equal in {context.dialect.title}")
    if value.approximate and kind != DOUBLE:
        raise NotNative(f"{what}: the last bits may differ")
    context.raises = context.raises or native.raises
    extra: dict[str, object] = {"type": context.dialect.type_name(kind), "scale": kind.scale}
    extra["from_scale"] = value.kind.scale
    sql = apply_native(native, [value], what, extra)
    rounded = kind is DOUBLE and value.kind.width > (
        _EXACT_DOUBLE_DIGITS if value.family == "decimal" else 19
    )
    return replace(
        value,
        sql=sql,
        kind=kind,
        constant=None,
        approximate=value.approximate or rounded,
        # A cast that narrows may leave a value that does not fit, which the connector then refuses.
        span=value.span if value.span is not None else span_of(value.kind),
        nonzero=value.nonzero and (widens or kind is DOUBLE),
        length=value.kind.width + 2 if kind.family == "text" else value.length,
    )


def _widens(source: Kind, target: Kind) -> bool:
    return target.scale >= source.scale and target.width - target.scale >= source.width - source.scale


def adapt(context: Context, values: list[Value]) -> list[Value]:
    """Bare literals take on their neighbours' type, as DuckDB's literal types do."""
    settled = [v.kind for v in values if not is_bare(v, "integer") and not is_bare(v, "text")]
    integers = [kind for kind in settled if kind.family == "integer"]
    others = [kind for kind in settled if kind.family not in {"text", "null", "opaque"}]
    adapted = []
    for value in values:
        if is_bare(value, "integer") and integers and fits(value, unify(integers)):
            adapted.append(
                constant(context, value.constant.value, unify(integers)) if value.constant else value
            )
        elif is_bare(value, "text") and others:
            adapted.append(in_kind(context, value, unify(others)))
        else:
            adapted.append(value)
    return adapted


def common(context: Context, values: list[Value]) -> tuple[Kind, list[Value]]:
    """The values as their common type, as CASE, COALESCE and IN have it. Opaque ones stay as they are."""
    adapted = adapt(context, values)
    kind = unify([value.kind for value in adapted])
    if kind is NULL:
        return kind, adapted
    return kind, [convert(context, value, kind) for value in adapted]


@translates(exp.Cast)
def _translate_cast(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "to"))
    target = node.args["to"]
    if not isinstance(target, exp.DataType):
        raise NotNative("CAST to a type that is not known")
    kind = kind_of(target.sql(dialect="duckdb"))
    value = scalar(node.this, scope)
    return cast_value(scope.context, value, kind)


@translates(exp.TryCast)
def _translate_try_cast(node: exp.Expr, scope: Scope) -> Value:
    only(node, ("this", "to"))
    kind = kind_of(node.args["to"].sql(dialect="duckdb"))
    value = scalar(node.this, scope)
    exact = {value.family, kind.family} <= {"integer", "decimal"}
    if value.kind == kind or (exact and _widens(value.kind, kind)):
        return cast_value(scope.context, value, kind)
    if not exact or value.kind.scale > kind.scale or value.constant is not None:
        raise NotNative("TRY_CAST that can fail")
    # Nothing is rounded, so that a value fits where it lies between the type's ends.
    if kind.family == "integer":
        low, high = (constant(scope.context, end, kind) for end in integer_range(kind))
    else:
        most = Decimal(10**kind.width - 1).scaleb(-kind.scale)
        low, high = constant(scope.context, -most, kind), constant(scope.context, most, kind)
    fitting = f"CASE WHEN {value.sql} BETWEEN {low.sql} AND {high.sql} THEN {value.sql} END"
    return replace(convert(scope.context, value, kind), sql=fitting, span=span_of(kind))


def cast_value(context: Context, value: Value, kind: Kind) -> Value:
    """An explicit CAST: constants fold, the same type is left alone, else the dialect's proven form."""
    if kind.family == "opaque" and not value.is_null and value.kind != kind:
        raise NotNative(f"CAST to {kind}")
    known = value.constant.value if value.constant else None
    if value.kind == kind and not is_bare(value, "integer") and not is_bare(value, "text"):
        return value
    if value.constant is not None and value.kind == kind:
        return constant(context, known, kind)
    if isinstance(known, str) and kind.family != "text":
        return in_kind(context, value, kind)
    if value.constant is not None and (folded := _fold(context, value, kind)) is not None:
        return folded
    return convert(context, replace(value, constant=value.constant if value.is_null else None), kind)


def _fold(context: Context, value: Value, kind: Kind) -> Value | None:
    """A numeric or date constant cast: exact, or rounded half away from zero as DuckDB does."""
    known = value.constant.value if value.constant else None
    if isinstance(known, bool) or known is None:
        return None
    if isinstance(known, (int, Decimal)) and kind.family == "decimal":
        rounded = Decimal(known).quantize(Decimal(1).scaleb(-kind.scale), rounding=ROUND_HALF_UP)
        if len(rounded.as_tuple().digits) <= kind.width:
            return constant(context, rounded, kind)
    if isinstance(known, (int, Decimal)) and kind.family == "integer":
        whole = constant(context, int(Decimal(known).to_integral_value(rounding=ROUND_HALF_UP)), kind)
        return whole if fits(whole, kind) else None
    if isinstance(known, (int, Decimal)) and kind.family == "double":
        return constant(context, float(known), kind)
    if isinstance(known, datetime) and kind.family == "date":
        return constant(context, known.date(), kind)
    if isinstance(known, date) and not isinstance(known, datetime) and kind.family == "timestamp":
        return in_kind(context, value, kind)
    return None

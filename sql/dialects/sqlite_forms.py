"""SQLite's forms of casts and functions, each with why it gives DuckDB's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sql.dialects.postgres_forms import SPACES
from sql.dialects.values import Native, Need, Value, constant_integer, constant_text, span_below

FAILURE = "abs(-9223372036854775807 - ({0} IS NOT NULL))"
"""Fails for a value that is not NULL: SQLite has no other way to refuse one. It reads the value, so that it is
not computed ahead of the rows."""

_COUNTS = "both count code points"
_BYTES = "bytes in both"
_WHOLE = f"CASE WHEN instr({{0}}, char(0)) > 0 THEN {FAILURE} ELSE {{form}} END"
_ROWS = "the same rows and peers"
_PASSED_OVER = "NULLs passed over, NULL for none, in both"
_EXACT = Need("a sum stays within 64 bits", span_below(0, 4.5).holds)


def _is_character(arguments: Sequence[Value]) -> bool:
    known = arguments[0].constant.value if arguments[0].constant else None
    return isinstance(known, str) and len(known) == 1 and " " < known <= "~"


_CHARACTER = Need("argument 1 is a constant ASCII character", _is_character)


def _up_to_nul(form: str) -> str:
    """These functions stop at a NUL character: a text with one fails."""
    return _WHOLE.replace("{form}", form)


CASTS: Mapping[tuple[str, str], Native] = {
    ("integer", "integer"): Native("{0}", "the same integer; only to wider ones"),
    ("integer", "narrower integer"): Native("{0}", "the connector refuses what does not fit"),
    ("integer", "double"): Native("CAST({0} AS REAL)", "both round to the nearest double"),
    ("integer", "text"): Native("CAST({0} AS TEXT)", "decimal digits and a minus sign in both"),
    ("boolean", "integer"): Native("{0}", "0 and 1 in both"),
}

FUNCTIONS: Mapping[str, Native] = {
    "||": Native("({0} || {1})", "NULL with NULL in both"),
    "concat(text, …)": Native("concat({all})", "NULL counts as empty in both"),
    "repeat(text, count)": Native(
        "CASE WHEN {1} > 0 THEN printf('%.*c', {1}, {0}) WHEN {1} <= 0 THEN '' END",
        "empty for a negative count in both",
        needs=(_CHARACTER,),
    ),
    "length(text)": Native(_up_to_nul("length({0})"), _COUNTS),
    "substring(text, from)": Native(_up_to_nul("substr({0}, {1})"), _COUNTS, needs=(constant_integer(1, 1),)),
    "substring(text, from, count)": Native(
        _up_to_nul("substr({0}, {1}, {2})"), _COUNTS, needs=(constant_integer(1, 1), constant_integer(2, 0))
    ),
    "left(text, count)": Native(_up_to_nul("substr({0}, 1, {1})"), _COUNTS, needs=(constant_integer(1, 0),)),
    "right(text, count)": Native(
        _up_to_nul("substr({0}, -{1}, {1})"), _COUNTS, needs=(constant_integer(1, 0),)
    ),
    "trim(text)": Native(f"trim({{0}}, '{SPACES}')", "the Unicode blanks that DuckDB takes off"),
    "ltrim(text)": Native(f"ltrim({{0}}, '{SPACES}')", "the Unicode blanks that DuckDB takes off"),
    "rtrim(text)": Native(f"rtrim({{0}}, '{SPACES}')", "the Unicode blanks that DuckDB takes off"),
    "trim(text, characters)": Native(
        "trim({0}, {1})", "a set of characters in both", needs=(constant_text(1),)
    ),
    "ltrim(text, characters)": Native(
        "ltrim({0}, {1})", "a set of characters in both", needs=(constant_text(1),)
    ),
    "rtrim(text, characters)": Native(
        "rtrim({0}, {1})", "a set of characters in both", needs=(constant_text(1),)
    ),
    "replace(text, text, text)": Native("replace({0}, {1}, {2})", _BYTES),
    "position(text, text)": Native("instr({0}, {1})", _COUNTS, needs=(constant_text(1),)),
    "contains(text, text)": Native("(instr({0}, {1}) > 0)", _BYTES, needs=(constant_text(1),)),
    "starts_with(text, text)": Native(
        "(substr({0}, 1, length({1})) = {1})",
        "bytes in both, up to a NUL character",
        needs=(constant_text(1),),
    ),
    "ends_with(text, text)": Native(
        "(" + _up_to_nul("substr({0}, -length({1}))") + " = {1})", _BYTES, needs=(constant_text(1),)
    ),
    "greatest": Native("coalesce(max({0}, {1}), {0}, {1})", "NULL is passed over"),
    "least": Native("coalesce(min({0}, {1}), {0}, {1})", "NULL is passed over"),
    "abs(double)": Native("abs({0})", "the same double"),
    "date - date": Native("CAST(julianday({0}) - julianday({1}) AS INTEGER)", "days in both"),
    "date_diff(day)": Native("CAST(julianday({1}) - julianday({0}) AS INTEGER)", "days in both"),
    "extract(year, date)": Native("CAST(substr({0}, 1, 4) AS INTEGER)", "dates are read as YYYY-MM-DD"),
    "extract(month, date)": Native("CAST(substr({0}, 6, 2) AS INTEGER)", "dates are read as YYYY-MM-DD"),
    "extract(day, date)": Native("CAST(substr({0}, 9, 2) AS INTEGER)", "dates are read as YYYY-MM-DD"),
}

_FAMILIES = ("boolean", "integer", "double", "text", "date")

AGGREGATES: Mapping[str, Native] = (
    {
        "count(*)": Native("count(*){suffix}", "the number of rows"),
        "count(any)": Native("count({distinct}{0}){suffix}", _PASSED_OVER),
        "sum(integer)": Native("sum({distinct}{0}){suffix}", "exact in 64 bits", needs=(_EXACT,)),
        "avg(integer)": Native(
            "avg({distinct}{0}){suffix}",
            "the quotient of an exact sum within 64 bits, and beyond them of one with its rounding errors kept",
        ),
        "bool_and(boolean)": Native("min({0}){suffix}", "false is 0 and true is 1"),
        "bool_or(boolean)": Native("max({0}){suffix}", "false is 0 and true is 1"),
    }
    | {
        f"{name}({family})": Native(f"{name}({{0}}){{suffix}}", "order is binary")
        for name in ("min", "max")
        for family in _FAMILIES
    }
    | {
        f"any_value({family})": Native("min({0}){suffix}", "any value is as good as another")
        for family in _FAMILIES
    }
)

_MEAN = "CAST(round(avg({0}){suffix}) AS INTEGER)"
_REST = "(sum({0}){suffix} - {mean} * count({0}){suffix})"
_SQUARES = "sum({0} * {0}){suffix}"
_DISTANCES = (
    "(CAST({squares} - {mean} * sum({0}){suffix} - {mean} * {rest} AS REAL)"
    " - CAST({rest} AS REAL) * {rest} / count({0}){suffix})"
)
"""The sum of squared distances from the mean. Every product is exact in 64 bits as long as the sum of squares stays
below 2^62: first the squared distances from the nearest integer `mean`, then what the mean's fraction takes off,
which is at most half of them.
"""


def _spread(form: str, least: int) -> Native:
    """A form over `{distances}` for at least so many values; gives up where the squares leave 62 bits."""
    parts = {"distances": _DISTANCES, "squares": _SQUARES, "rest": _REST, "mean": _MEAN}
    text = (
        f"CASE WHEN count({{0}}){{suffix}} < {least} THEN NULL "
        f"WHEN typeof({{squares}}) = 'integer' AND {{squares}} < {2**62} THEN {form} ELSE {_GIVE_UP} END"
    )
    for name, part in parts.items():
        text = text.replace(f"{{{name}}}", part)
    return Native(text, "exact integers until the last division")


_GIVE_UP = "abs(-9223372036854775807 - (count({0}){suffix} > 0))"
_ONE_LESS = "(count({0}){suffix} - 1)"

ATTEMPTS: Mapping[str, Native] = {
    "sum(integer)": Native(
        "sum({distinct}{0}){suffix}", "exact in 64 bits, and an error beyond them, also of a sum on the way"
    ),
    "var_pop(integer)": _spread("{distances} / count({0}){suffix}", 1),
    "var_samp(integer)": _spread(f"{{distances}} / {_ONE_LESS}", 2),
    "stddev_pop(integer)": _spread("sqrt({distances} / count({0}){suffix})", 1),
    "stddev_samp(integer)": _spread(f"sqrt({{distances}} / {_ONE_LESS})", 2),
}
"""What fails, as a whole statement and with "integer overflow", where it would not be exact."""

WINDOWS: Mapping[str, Native] = {
    "row_number()": Native("row_number(){over}", _ROWS),
    "rank()": Native("rank(){over}", _ROWS),
    "dense_rank()": Native("dense_rank(){over}", _ROWS),
    "percent_rank()": Native("percent_rank(){over}", _ROWS),
    "cume_dist()": Native("cume_dist(){over}", _ROWS),
    "ntile(count)": Native("ntile({0}){over}", _ROWS, needs=(constant_integer(0, 1),)),
    "lag(any)": Native("lag({0}){over}", _ROWS),
    "lead(any)": Native("lead({0}){over}", _ROWS),
    "lag(any, offset)": Native("lag({0}, {1}){over}", _ROWS, needs=(constant_integer(1, 0),)),
    "lead(any, offset)": Native("lead({0}, {1}){over}", _ROWS, needs=(constant_integer(1, 0),)),
    "lag(any, offset, default)": Native("lag({0}, {1}, {2}){over}", _ROWS, needs=(constant_integer(1, 0),)),
    "lead(any, offset, default)": Native("lead({0}, {1}, {2}){over}", _ROWS, needs=(constant_integer(1, 0),)),
    "first_value(any)": Native("first_value({0}){over}", _ROWS),
    "last_value(any)": Native("last_value({0}){over}", _ROWS),
    "nth_value(any, n)": Native("nth_value({0}, {1}){over}", _ROWS, needs=(constant_integer(1, 1),)),
}

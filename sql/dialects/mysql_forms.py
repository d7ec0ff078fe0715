"""MariaDB's forms of casts and functions, each with why it gives DuckDB's answer."""

from __future__ import annotations

from collections.abc import Mapping

from sql.dialects.postgres_forms import SPACES
from sql.dialects.values import Native, constant_integer, constant_text, span_below

COLLATION = "utf8mb4_nopad_bin"

_REFUSED = "the connector refuses what does not fit"
_COUNTS = "both count code points"
_BLANKS = "the Unicode blanks that DuckDB takes off"
_BYTES = "bytes in both, under a binary collation"
_CHARACTERS = f"CAST({{0}} AS CHAR CHARACTER SET utf8mb4) COLLATE {COLLATION}"

CASTS: Mapping[tuple[str, str], Native] = {
    ("integer", "integer"): Native("{0}", "the same integer"),
    ("integer", "narrower integer"): Native("{0}", _REFUSED),
    ("integer", "decimal"): Native("{0}", _REFUSED),
    ("decimal", "integer"): Native("ROUND({0})", "half away from zero in both; " + _REFUSED),
    ("decimal", "decimal"): Native("ROUND({0}, {scale})", "half away from zero in both; " + _REFUSED),
    ("integer", "double"): Native("CAST({0} AS DOUBLE)", "both round to the nearest double"),
    ("decimal", "double"): Native("CAST({0} AS DOUBLE)", "both round to the nearest double up to 15 digits"),
    ("integer", "text"): Native(_CHARACTERS, "decimal digits and a minus sign in both"),
    ("decimal", "text"): Native(
        _CHARACTERS.format("CAST({0} AS DECIMAL(60, {from_scale}))"), "all decimals of the type in both"
    ),
    ("date", "timestamp"): Native("CAST({0} AS DATETIME(6))", "midnight in both"),
    ("timestamp", "date"): Native("CAST({0} AS DATE)", "the day it falls on in both"),
    ("boolean", "integer"): Native("{0}", "0 and 1 in both"),
    ("boolean", "text"): Native(
        f"CASE WHEN {{0}} THEN _utf8mb4'true' COLLATE {COLLATION} WHEN (NOT {{0}}) THEN _utf8mb4'false' COLLATE {COLLATION} END",
        "true and false in both",
    ),
}

FUNCTIONS: Mapping[str, Native] = {
    "||": Native("CONCAT({0}, {1})", "NULL with NULL in both"),
    "length(text)": Native("CHAR_LENGTH({0})", _COUNTS),
    "substring(text, from)": Native("SUBSTRING({0}, {1})", _COUNTS, needs=(constant_integer(1, 1),)),
    "substring(text, from, count)": Native(
        "SUBSTRING({0}, {1}, {2})", _COUNTS, needs=(constant_integer(1, 1), constant_integer(2, 0))
    ),
    "left(text, count)": Native("LEFT({0}, {1})", _COUNTS, needs=(constant_integer(1, 0),)),
    "right(text, count)": Native("RIGHT({0}, {1})", _COUNTS, needs=(constant_integer(1, 0),)),
    "repeat(text, count)": Native(
        "REPEAT({0}, {1})", "empty for a negative count in both", needs=(constant_text(0), span_below(1, 5))
    ),
    "lpad(text, count, text)": Native(
        "LPAD({0}, {1}, {2})",
        "cut at the count in both",
        needs=(constant_integer(1, 0, 10**5), constant_text(2)),
    ),
    "rpad(text, count, text)": Native(
        "RPAD({0}, {1}, {2})",
        "cut at the count in both",
        needs=(constant_integer(1, 0, 10**5), constant_text(2)),
    ),
    "replace(text, text, text)": Native(
        "REPLACE({0}, {1}, {2})", _BYTES, needs=(constant_text(1), constant_text(2, empty=True))
    ),
    # No backslash: (?s) lets the dot see line ends, and what is not followed by anything is at the end.
    "trim(text)": Native(f"REGEXP_REPLACE({{0}}, '(?s)^[{SPACES}]+|[{SPACES}]+(?!.)', '')", _BLANKS),
    "ltrim(text)": Native(f"REGEXP_REPLACE({{0}}, '^[{SPACES}]+', '')", _BLANKS),
    "rtrim(text)": Native(f"REGEXP_REPLACE({{0}}, '(?s)[{SPACES}]+(?!.)', '')", _BLANKS),
    "concat(text, …)": Native("CONCAT({all})", "NULL counts as empty in both"),
    "concat part": Native("COALESCE({0}, '')", "NULL counts as empty"),
    "position(text, text)": Native("LOCATE({1}, {0})", _COUNTS),
    "contains(text, text)": Native("(LOCATE({1}, {0}) > 0)", _BYTES),
    "starts_with(text, text)": Native("(LEFT({0}, CHAR_LENGTH({1})) = {1})", _BYTES),
    "ends_with(text, text)": Native("(RIGHT({0}, CHAR_LENGTH({1})) = {1})", _BYTES),
    "greatest": Native("COALESCE(GREATEST({0}, {1}), {0}, {1})", "NULL is passed over"),
    "least": Native("COALESCE(LEAST({0}, {1}), {0}, {1})", "NULL is passed over"),
    "abs(integer)": Native("ABS(CAST({0} AS DECIMAL(39, 0)))", "the same integer"),
    "abs(decimal)": Native("ABS({0})", "the same number"),
    "abs(double)": Native("ABS({0})", "the same double"),
    "round(decimal)": Native("ROUND({0})", "half away from zero in both"),
    "round(decimal, places)": Native(
        "ROUND({0}, {1})", "half away from zero in both", needs=(constant_integer(1, -30, 30),)
    ),
    "floor(decimal)": Native("FLOOR({0})", "the same number"),
    "ceil(decimal)": Native("CEILING({0})", "the same number"),
    "date - date": Native("DATEDIFF({0}, {1})", "days in both"),
    "date_diff(day)": Native("DATEDIFF({1}, {0})", "days in both"),
    "date_trunc(year)": Native("CAST(DATE_FORMAT({0}, '%Y-01-01') AS DATETIME(6))", "the first of the year"),
    "date_trunc(month)": Native(
        "CAST(DATE_FORMAT({0}, '%Y-%m-01') AS DATETIME(6))", "the first of the month"
    ),
    "date_trunc(day)": Native("CAST(CAST({0} AS DATE) AS DATETIME(6))", "midnight"),
} | {
    f"extract({part}, {family})": Native(form, "the same calendar, in which every date has its parts")
    for family in ("date", "timestamp")
    for part, form in {
        "year": "YEAR({0})",
        "month": "MONTH({0})",
        "day": "DAYOFMONTH({0})",
        "quarter": "QUARTER({0})",
        "dow": "(DAYOFWEEK({0}) - 1)",
        "isodow": "(WEEKDAY({0}) + 1)",
        "doy": "DAYOFYEAR({0})",
        **({"hour": "HOUR({0})", "minute": "MINUTE({0})"} if family == "timestamp" else {}),
    }.items()
}

_PASSED_OVER = "NULLs passed over, NULL for none, in both"
# Decimal division adds four decimals to its first operand's: with these it rounds to the nearest double.
_AVERAGE = (
    "CAST((SUM({distinct}{0}){suffix} * 1.00000000000000000000) / COUNT({distinct}{0}){suffix} AS DOUBLE)"
)
_FAMILIES = ("boolean", "integer", "decimal", "double", "text", "date", "timestamp", "timestamptz")

AGGREGATES: Mapping[str, Native] = (
    {
        "count(*)": Native("COUNT(*){suffix}", "the number of rows"),
        "count(any)": Native("COUNT({distinct}{0}){suffix}", _PASSED_OVER),
        "sum(integer)": Native("SUM({distinct}{0}){suffix}", "an exact decimal"),
        "sum(decimal)": Native("SUM({distinct}{0}){suffix}", "exact in both"),
        "avg(integer)": Native(_AVERAGE, "the exact quotient, rounded once", needs=(span_below(0, 19),)),
        "avg(decimal)": Native(_AVERAGE, "the exact quotient, rounded once", needs=(span_below(0, 19),)),
        "sum(double)": Native("SUM({0}){suffix}", "the same up to the order of addition"),
        "avg(double)": Native(
            "(SUM({0}){suffix} / COUNT({0}){suffix})", "the same up to the order of addition"
        ),
        "bool_and(boolean)": Native("MIN({0}){suffix}", "false is 0 and true is 1"),
        "bool_or(boolean)": Native("MAX({0}){suffix}", "false is 0 and true is 1"),
    }
    | {
        f"{name}({family})": Native(f"{name.upper()}({{0}}){{suffix}}", "order is binary")
        for name in ("min", "max")
        for family in _FAMILIES
    }
    | {
        f"{name}({family})": Native(
            f"{name.upper()}({{0}}){{suffix}}",
            "the same sum of squared distances from a moving mean, NULL for too few values in both",
        )
        for name in ("var_pop", "var_samp", "stddev_pop", "stddev_samp")
        for family in ("integer", "decimal")
    }
    | {
        f"any_value({family})": Native("MIN({0}){suffix}", "any value is as good as another")
        for family in _FAMILIES
    }
)

_ROWS = "the same rows and peers"

WINDOWS: Mapping[str, Native] = {
    "row_number()": Native("ROW_NUMBER(){over}", _ROWS),
    "rank()": Native("RANK(){over}", _ROWS),
    "dense_rank()": Native("DENSE_RANK(){over}", _ROWS),
    "percent_rank()": Native("PERCENT_RANK(){over}", _ROWS),
    "cume_dist()": Native("CUME_DIST(){over}", _ROWS),
    "ntile(count)": Native("NTILE({0}){over}", _ROWS, needs=(constant_integer(0, 1),)),
    "lag(any)": Native("LAG({0}){over}", _ROWS),
    "lead(any)": Native("LEAD({0}){over}", _ROWS),
    "lag(any, offset)": Native("LAG({0}, {1}){over}", _ROWS, needs=(constant_integer(1, 0),)),
    "lead(any, offset)": Native("LEAD({0}, {1}){over}", _ROWS, needs=(constant_integer(1, 0),)),
    "first_value(any)": Native("FIRST_VALUE({0}){over}", _ROWS),
    "last_value(any)": Native("LAST_VALUE({0}){over}", _ROWS),
}

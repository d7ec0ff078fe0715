"""PostgreSQL's forms of casts and functions, each with why it gives DuckDB's answer."""

from __future__ import annotations

from collections.abc import Mapping

from sql.dialects.values import Native, constant_integer, constant_text, small_integer

# What DuckDB's trim() takes off: the Unicode category Zs, and nothing else.
SPACES = "".join(map(chr, [0x20, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000]))

_EXTRACT = "CAST(extract({part} FROM {{0}}) AS bigint)"
_COUNTS = "both count code points"
_NUMBER = "the same integer or exact number"
_REFUSED = "the connector refuses what does not fit"

CASTS: Mapping[tuple[str, str], Native] = {
    ("integer", "integer"): Native("CAST({0} AS {type})", "the same integer; only to wider types"),
    ("integer", "narrower integer"): Native("{0}", _REFUSED),
    ("integer", "decimal"): Native("CAST({0} AS numeric)", _REFUSED),
    ("decimal", "integer"): Native("round({0})", "half away from zero in both; " + _REFUSED),
    ("decimal", "decimal"): Native("round({0}, {scale})", "half away from zero in both; " + _REFUSED),
    ("integer", "double"): Native("CAST({0} AS {type})", "both round to the nearest double"),
    ("decimal", "double"): Native("CAST({0} AS {type})", "both round to the nearest double up to 15 digits"),
    ("integer", "text"): Native("CAST({0} AS text)", "decimal digits and a minus sign in both"),
    ("boolean", "text"): Native("CAST({0} AS text)", "true and false in both"),
    ("decimal", "text"): Native("CAST(round({0}, {from_scale}) AS text)", "all decimals of the type in both"),
    ("date", "timestamp"): Native("CAST({0} AS timestamp)", "midnight in both", raises=True),
    ("timestamp", "date"): Native("CAST({0} AS date)", "the day it falls on in both"),
    ("boolean", "integer"): Native("CAST(CAST({0} AS integer) AS {type})", "0 and 1 in both"),
}

FUNCTIONS: Mapping[str, Native] = (
    {
        "||": Native("({0} || {1})", "NULL with NULL in both"),
        "concat(text, …)": Native("concat({all})", "NULL counts as empty in both"),
        "length(text)": Native("CAST(char_length({0}) AS bigint)", _COUNTS),
        "substring(text, from)": Native("substring({0} FROM {1})", _COUNTS, needs=(constant_integer(1, 1),)),
        "substring(text, from, count)": Native(
            "substring({0} FROM {1} FOR {2})",
            _COUNTS,
            needs=(constant_integer(1, 1), constant_integer(2, 0, 2**30)),
        ),
        "left(text, count)": Native(
            "left({0}, CAST({1} AS integer))",
            "all but the last characters for a negative count in both",
            needs=(small_integer(1),),
        ),
        "right(text, count)": Native(
            "right({0}, CAST({1} AS integer))",
            "all but the first characters for a negative count in both",
            needs=(small_integer(1),),
        ),
        "repeat(text, count)": Native(
            "repeat({0}, CAST({1} AS integer))",
            "empty for a negative count in both",
            needs=(small_integer(1),),
            raises=True,
        ),
        "lpad(text, count, text)": Native(
            "lpad({0}, {1}, {2})",
            "cut at the count in both",
            needs=(constant_integer(1, 0, 10**6), constant_text(2)),
        ),
        "rpad(text, count, text)": Native(
            "rpad({0}, {1}, {2})",
            "cut at the count in both",
            needs=(constant_integer(1, 0, 10**6), constant_text(2)),
        ),
        "replace(text, text, text)": Native(
            "replace({0}, {1}, {2})", "bytes in both; nothing to find changes nothing"
        ),
        "trim(text)": Native(f"btrim({{0}}, '{SPACES}')", "the Unicode blanks that DuckDB takes off"),
        "ltrim(text)": Native(f"ltrim({{0}}, '{SPACES}')", "the Unicode blanks that DuckDB takes off"),
        "rtrim(text)": Native(f"rtrim({{0}}, '{SPACES}')", "the Unicode blanks that DuckDB takes off"),
        "trim(text, characters)": Native("btrim({0}, {1})", "a set of characters in both"),
        "ltrim(text, characters)": Native("ltrim({0}, {1})", "a set of characters in both"),
        "rtrim(text, characters)": Native("rtrim({0}, {1})", "a set of characters in both"),
        "position(text, text)": Native("CAST(strpos({0}, {1}) AS bigint)", _COUNTS),
        "starts_with(text, text)": Native("starts_with({0}, {1})", "bytes in both"),
        "ends_with(text, text)": Native(
            "(right({0}, CAST(char_length({1}) AS integer)) = {1})",
            "bytes in both",
            needs=(constant_text(1),),
        ),
        "contains(text, text)": Native("(strpos({0}, {1}) > 0)", "bytes in both"),
        "greatest": Native("GREATEST({0}, {1})", "both pass over NULL"),
        "least": Native("LEAST({0}, {1})", "both pass over NULL"),
        "abs(integer)": Native("abs(CAST({0} AS numeric))", _NUMBER),
        "abs(decimal)": Native("abs({0})", _NUMBER),
        "abs(double)": Native("abs({0})", "the same double"),
        "round(decimal)": Native("round({0})", "half away from zero in both"),
        "round(decimal, places)": Native(
            "round({0}, {1})", "half away from zero in both", needs=(constant_integer(1, -38, 38),)
        ),
        "floor(decimal)": Native("floor({0})", _NUMBER),
        "ceil(decimal)": Native("ceil({0})", _NUMBER),
        "date - date": Native("CAST(({0} - {1}) AS bigint)", "days in both", raises=True),
        "date + integer": Native(
            "({0} + CAST({1} AS integer))", "days in both", needs=(small_integer(1),), raises=True
        ),
        "date - integer": Native(
            "({0} - CAST({1} AS integer))", "days in both", needs=(small_integer(1),), raises=True
        ),
        "date_diff(day)": Native("CAST(({1} - {0}) AS bigint)", "days in both", raises=True),
    }
    | {
        f"extract({part}, {family})": Native(_EXTRACT.format(part=part), "the same calendar")
        for family, parts in {
            "date": ("month", "day", "quarter", "dow", "isodow", "doy"),
            "timestamp": ("month", "day", "quarter", "dow", "isodow", "doy", "hour", "minute"),
        }.items()
        for part in parts
    }
    | {
        f"extract(year, {family})": Native(
            "CASE WHEN isfinite({0}) THEN CAST(extract(year FROM {0}) + CASE WHEN {0} < CAST('0001-01-01' AS date) "
            "THEN 1 ELSE 0 END AS bigint) END",
            "PostgreSQL's year -1 is DuckDB's year 0, and infinity has none",
        )
        for family in ("date", "timestamp")
    }
    | {
        f"date_trunc({unit})": Native(
            f"date_trunc('{unit}', {{0}})", "the same calendar; weeks begin on Monday"
        )
        for unit in ("year", "quarter", "month", "week", "day", "hour", "minute", "second")
    }
)

_ORDERED = "order is by code point in both, NaN greatest"
_PASSED_OVER = "NULLs passed over, NULL for none, in both"

AGGREGATES: Mapping[str, Native] = (
    {
        "count(*)": Native("count(*){suffix}", "the number of rows"),
        "count(any)": Native("count({distinct}{0}){suffix}", _PASSED_OVER),
        "sum(integer)": Native("CAST(sum({distinct}{0}){suffix} AS numeric)", "exact in both"),
        "sum(decimal)": Native("sum({distinct}{0}){suffix}", "exact in both"),
        "sum(double)": Native("sum({0}){suffix}", "the same up to the order of addition"),
        # numeric division keeps the decimals of its operands: 30 of them round to the nearest double.
        "avg(integer)": Native(
            "CAST(round(CAST(sum({distinct}{0}){suffix} AS numeric), 30) / count({distinct}{0}){suffix} AS double precision)",
            "the exact quotient, rounded once",
        ),
        "avg(decimal)": Native(
            "CAST(round(sum({distinct}{0}){suffix}, 30) / count({distinct}{0}){suffix} AS double precision)",
            "the exact quotient, rounded once",
        ),
        "avg(double)": Native(
            "(sum({0}){suffix} / count({0}){suffix})", "the same up to the order of addition"
        ),
        "bool_and(boolean)": Native("bool_and({0}){suffix}", _PASSED_OVER),
        "bool_or(boolean)": Native("bool_or({0}){suffix}", _PASSED_OVER),
        "any_value(boolean)": Native("bool_and({0}){suffix}", "one of the values, false where there is one"),
        "min(boolean)": Native("bool_and({0}){suffix}", "false is less than true"),
        "max(boolean)": Native("bool_or({0}){suffix}", "false is less than true"),
        "grouping(…)": Native("CAST(grouping({all}) AS bigint)", "the same bits"),
    }
    | {
        f"{name}({family})": Native(f"{name}({{0}}){{suffix}}", _ORDERED)
        for name in ("min", "max")
        for family in ("integer", "decimal", "double", "text", "date", "timestamp", "timestamptz")
    }
    | {
        f"{name}({family})": Native(
            f"CAST({name}({{0}}){{suffix}} AS double precision)",
            "exact numbers until the last division, NULL for too few values in both",
        )
        for name in ("var_pop", "var_samp", "stddev_pop", "stddev_samp")
        for family in ("integer", "decimal")
    }
    | {
        f"any_value({family})": Native("min({0}){suffix}", "any value is as good as another")
        for family in ("integer", "decimal", "double", "text", "date", "timestamp", "timestamptz")
    }
)

_ROWS = "the same rows and peers"

WINDOWS: Mapping[str, Native] = {
    "row_number()": Native("row_number(){over}", _ROWS),
    "rank()": Native("rank(){over}", _ROWS),
    "dense_rank()": Native("dense_rank(){over}", _ROWS),
    "percent_rank()": Native("percent_rank(){over}", _ROWS),
    "cume_dist()": Native("cume_dist(){over}", _ROWS),
    "ntile(count)": Native("CAST(ntile({0}){over} AS bigint)", _ROWS, needs=(constant_integer(0, 1),)),
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

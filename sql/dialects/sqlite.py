"""SQLite: what is proven equal to DuckDB, and in which form.

- A column's values may be of any type, whatever it declares. Columns of text, integers, doubles, booleans and
  dates are read through a test of each value's own type; a value that the connector would refuse stops the
  statement, by the only means there is (see `FAILURE`). Past that test a value has no affinity and compares in
  binary, so declared collations and conversions play no part.
- Dates are text, read only in the form YYYY-MM-DD that the connector takes too, and compare as text.
- Decimals are kept as doubles, timestamps in several forms: they are handed on to the connector and never computed with.
- Integers overflow into doubles without a word: arithmetic is native only where the result is known to fit.
- Columns that the connector found to hold nothing else, and watches, need no test: compared with values of its own
  type, a column of integers, or of text that compares in binary, is converted to nothing else.
- The test costs the index. Tables in joins and subqueries are materialised first (LIMIT -1), over which SQLite
  makes an index of its own; it makes none for RIGHT and FULL joins, which would try every pair.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from sql.dialects.dialect import Dialect
from sql.dialects.kinds import (
    BIGINT,
    BIGINT_SPAN,
    BOOLEAN,
    DATE,
    DOUBLE,
    TIMESTAMP,
    VARCHAR,
    Kind,
    kind_of,
    opaque,
    span_of,
)
from sql.dialects.source import NotNative, SourceColumn
from sql.dialects.sqlite_forms import AGGREGATES, ATTEMPTS, CASTS, FAILURE, FUNCTIONS, WINDOWS
from sql.dialects.values import Native, Scalar, Value

_TEXT = ("char", "clob", "text")
_REAL = ("real", "floa", "doub")
_EXACT_DIGITS = 15
_TO_GLOB = str.maketrans({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"})
_COLUMN = re.compile(r'"(?:[^"]|"")*"(?:\."(?:[^"]|"")*")?')
_TESTS = {
    "integer": "typeof({0}) = 'integer'",
    "text": "typeof({0}) = 'text'",
    "double": "typeof({0}) IN ('real', 'integer')",
    "boolean": "(typeof({0}) = 'integer' AND {0} IN (0, 1))",
    "date": "(typeof({0}) = 'text' AND length({0}) = 10 AND date({0}) = {0})",
}


class Sqlite(Dialect):
    name = "sqlite"
    title = "SQLite"
    quote = '"'
    types: ClassVar[Mapping[str, str]] = {
        "BOOLEAN": "INTEGER",
        "TINYINT": "INTEGER",
        "SMALLINT": "INTEGER",
        "INTEGER": "INTEGER",
        "BIGINT": "INTEGER",
        "HUGEINT": "INTEGER",
        "DOUBLE": "REAL",
        "VARCHAR": "TEXT",
        "DATE": "TEXT",
        "TIMESTAMP": "TEXT",
    }
    casts = CASTS
    functions = FUNCTIONS
    aggregates = AGGREGATES
    attempts = ATTEMPTS
    windows = WINDOWS
    differs: ClassVar[Mapping[str, str]] = {
        "RIGHT JOIN": "SQLite makes no index of its own for a RIGHT JOIN",
        "FULL JOIN": "SQLite makes no index of its own for a FULL JOIN",
        "lower(text)": "SQLite changes the case of ASCII letters only",
        "upper(text)": "SQLite changes the case of ASCII letters only",
    }
    joins = frozenset({"INNER", "LEFT", "CROSS"})
    set_operations = frozenset({"UNION", "UNION ALL", "INTERSECT", "EXCEPT"})
    features = frozenset(
        {
            "limit in IN",
            "queries in having",
            "outer columns beside groups",
            "outer columns in wraps",
            "differences in IN",
            "filter",
            "groups",
            "derived order",
            "materialize joined",
            "windows in expressions",
            "ranks without order",
        }
    )
    fence = " LIMIT -1"
    # SQLite's CROSS JOIN reads its left side first, whatever that costs (https://www.sqlite.org/optoverview.html).
    product = " JOIN "
    other_texts = frozenset({"integer", "text", "real", " ", ""})
    direct_comparisons: ClassVar[frozenset[frozenset[str]]] = frozenset()

    def read(self, sql: str, column: SourceColumn) -> Value:
        kind, native = kind_of(column.type), column.native_type.lower()
        declared = native.partition(" collate ")[0]
        known = {
            BIGINT: "int" in declared,
            VARCHAR: "int" not in declared and any(part in declared for part in _TEXT),
            DOUBLE: any(part in declared for part in _REAL),
            BOOLEAN: declared in {"bool", "boolean"},
            DATE: declared == "date",
        }
        if not known.get(kind):
            return Value(sql, opaque(kind))
        if column.uniform and kind in {BIGINT, VARCHAR}:
            return Value(sql, kind, span=span_of(kind))
        shown = f"CAST({sql} AS REAL)" if kind is DOUBLE else sql
        fits = _TESTS[kind.family].format(sql)
        checked = f"CASE WHEN {fits} THEN {shown} WHEN {sql} IS NOT NULL THEN {FAILURE.format(sql)} END"
        return Value(checked, kind, span=span_of(kind), checked=True)

    def text(self, value: str) -> str:
        if "\0" in value:
            return f"CAST(X'{value.encode().hex()}' AS TEXT)"
        return "'" + value.replace("'", "''") + "'"

    def literal(self, value: Scalar, kind: Kind) -> str:
        if isinstance(value, bool):
            return "1" if value else "0"
        if isinstance(value, int) and kind.family == "integer" and -(2**63) < value < 2**63:
            return str(value) if value >= 0 else f"({value})"
        if isinstance(value, float):
            sql = repr(value)
            if len(sql.strip("-").replace(".", "").partition("e")[0]) > _EXACT_DIGITS:
                raise NotNative("a double of more digits than SQLite reads exactly")
            return sql if value >= 0 else f"({sql})"
        if isinstance(value, datetime):
            if kind is TIMESTAMP:
                return f"'{value.isoformat(sep=' ')}'"
        elif isinstance(value, date):
            return f"'{value.isoformat()}'"
        if isinstance(value, Decimal) and len(value.as_tuple().digits) <= _EXACT_DIGITS:
            return format(value, "f") if value >= 0 else f"({value:f})"
        raise NotNative(f"a constant of type {kind}")

    def order_key(self, value: Value, *, descending: bool, nulls_first: bool) -> str:
        direction = " DESC" if descending else ""
        # NULLs stand first by default when ascending, last when descending.
        nulls = "" if nulls_first != descending else (" NULLS FIRST" if nulls_first else " NULLS LAST")
        return f"{self.group_key(value)}{direction}{nulls}"

    def group_key(self, value: Value) -> str:
        # SQLite folds `2 IS NULL` into 0 while it parses, and takes an integer for an output's position.
        return value.sql if _COLUMN.fullmatch(value.sql) else f"coalesce({value.sql}, NULL)"

    def expected(self, sql: str, share: float) -> str:
        """SQLite takes a fourth of the rows to fulfil an equality of a column without an index, and nearly all a GLOB."""
        return f"likelihood({sql}, {min(max(share, 1e-6), 1 - 1e-6):.6f})"

    def like(self, value: Value, pattern: Value) -> str:
        """LIKE ignores case here: comparisons say the same where they can, and GLOB where they cannot."""
        known = pattern.constant.value if pattern.constant else None
        if not isinstance(known, str):
            raise NotNative("LIKE with a pattern that is not constant")
        if "\0" in known:
            raise NotNative("LIKE with a NUL character")
        inner, glob = map(self.text, self.like_texts(known))
        start, end = known.startswith("%"), known.endswith("%")
        if not known.strip("%"):
            return f"({value.sql} = {value.sql})" if known else f"({value.sql} = '')"
        if set(known.strip("%")) & {"%", "_"} or (start and not end):
            # GLOB and substr from the end stop at a NUL character.
            failure = FAILURE.format(value.sql)
            return (
                f"CASE WHEN instr({value.sql}, char(0)) > 0 THEN {failure} ELSE ({value.sql} GLOB {glob}) END"
            )
        if start:
            return f"(instr({value.sql}, {inner}) > 0)"
        if not end:
            return f"({value.sql} = {inner})"
        # A NUL character ends the text early, and no pattern has one: unequal either way.
        return f"(substr({value.sql}, 1, {len(known.strip('%'))}) = {inner})"

    def like_texts(self, pattern: str) -> tuple[str, ...]:
        return pattern.strip("%"), pattern.translate(_TO_GLOB)

    def divide(self, left: Value, right: Value) -> str:
        if not right.nonzero:
            raise NotNative("division by zero is NULL in SQLite, an infinity in DuckDB")
        return f"({left.sql} / {right.sql})"

    def arithmetic(self, operator: str, result: Kind, span: float | None) -> Native:
        if result is DOUBLE:
            return Native(f"({{0}} {operator} {{1}})", "the same double")
        if result.family != "integer" or result.name == "HUGEINT":
            raise NotNative("decimal arithmetic in SQLite is floating point")
        if operator in {"//", "%"}:
            form = "({0} / {1})" if operator == "//" else "({0} % {1})"
            return Native(form, "both cut toward zero; the sign is the first's")
        if span is None or span > BIGINT_SPAN:
            raise NotNative("integers overflow into doubles in SQLite")
        return Native(f"({{0}} {operator} {{1}})", "exact, as nothing overflows")

    def null_safe_equal(self, left: str, right: str) -> str:
        return f"({left} IS {right})"

    def limit(self, count: int | None, offset: int | None) -> str:
        return super().limit(-1 if count is None and offset else count, offset)

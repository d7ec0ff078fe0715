"""PostgreSQL: what is proven equal to DuckDB, and in which form.

DECIMAL and HUGEINT are numeric, of no fixed scale. What decides:

- A column of text is read as it is when the source answered that its `=` and GROUP BY tell all traps apart, and
  with COLLATE "C" otherwise. Order is by COLLATE "C", which in UTF-8 databases is the order of code points.
- numeric +, -, * are exact where DuckDB's DECIMAL either is exact too or raises: a value beyond 38 digits then
  fails at the connector's requested schema instead.
- float8 arithmetic raises beyond its range, where DuckDB has infinities: allowed only on known magnitudes.
- Integers are computed in a type that holds the result, so that nothing fails on a row that DuckDB would not
  have looked at; what does not fit its DuckDB type is refused by the connector. The PostgreSQL type of an
  expression may therefore be wider than the one that `types` gives for its kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from sql.dialects.dialect import Dialect, Interval
from sql.dialects.kinds import (
    BIGINT,
    BIGINT_SPAN,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    SMALLINT,
    TIMESTAMP,
    TIMESTAMPTZ,
    VARCHAR,
    Kind,
    decimal,
    kind_of,
    opaque,
    span_of,
)
from sql.dialects.postgres_forms import AGGREGATES, CASTS, FUNCTIONS, WINDOWS
from sql.dialects.source import NotNative, SourceColumn
from sql.dialects.values import Native, Scalar, Value

_NATIVE_KINDS: Mapping[str, Kind] = {
    "smallint": SMALLINT,
    "integer": INTEGER,
    "bigint": BIGINT,
    "boolean": BOOLEAN,
    "double precision": DOUBLE,
    "date": DATE,
    "timestamp without time zone": TIMESTAMP,
    "timestamp": TIMESTAMP,
    "timestamp with time zone": TIMESTAMPTZ,
    "timestamptz": TIMESTAMPTZ,
}
_NUMERIC = re.compile(r"(?:numeric|decimal)\((\d+)(?:,\s*(\d+))?\)")
_TEXT = re.compile(r"text|(?:character varying|varchar)(?:\((\d+)\))?")
_MOMENT = re.compile(r"(timestamp)\(\d\)(.*)")


class Postgres(Dialect):
    name = "postgres"
    title = "PostgreSQL"
    quote = '"'
    types: ClassVar[Mapping[str, str]] = {
        "BOOLEAN": "boolean",
        "SMALLINT": "smallint",
        "INTEGER": "integer",
        "BIGINT": "bigint",
        "HUGEINT": "numeric",
        "DECIMAL": "numeric({width}, {scale})",
        "DOUBLE": "double precision",
        "VARCHAR": "text",
        "DATE": "date",
        "TIMESTAMP": "timestamp",
        "TIMESTAMP WITH TIME ZONE": "timestamptz",
    }
    casts = CASTS
    functions = FUNCTIONS
    aggregates = AGGREGATES
    windows = WINDOWS
    differs: ClassVar[Mapping[str, str]] = {
        "lower(text)": "upper and lower case beyond ASCII depend on the database's locale",
        "upper(text)": "upper and lower case beyond ASCII depend on the database's locale",
        "reverse(text)": "reverse() keeps combining characters together in DuckDB only",
        "floor(double)": "floor() of doubles is rarely asked for and not proven",
        "avg(double)": "avg() of doubles may leave their range in PostgreSQL",
    }
    joins = frozenset({"INNER", "LEFT", "RIGHT", "FULL", "CROSS"})
    set_operations = frozenset({"UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"})
    features = frozenset(
        {
            "limit in IN",
            "having alone",
            "queries in having",
            "outer columns beside groups",
            "outer columns in wraps",
            "differences in IN",
            "quantified",
            "filter",
            "grouping sets",
            "distinct on",
            "groups",
            "correlated derived tables",
            "derived order",
            "parenthesised arms",
            "scalar subquery check",
            "order by alias",
            "windows in expressions",
            "ranks without order",
            # Every worker of a parallel plan would make the groups of a subquery for itself, and each spill them to
            # disk: on two processors TPC-H q18 took twice as long. Behind a limit they are made once.
            "group once",
            "ordered groups",
        }
    )
    other_texts = frozenset({"Infinity", "-Infinity", "NaN", ""})
    fence = " OFFSET 0"
    direct_comparisons = frozenset({frozenset({"integer", "decimal"}), frozenset({"date", "timestamp"})})

    def read(self, sql: str, column: SourceColumn) -> Value:
        native, kind = " ".join(column.native_type.lower().split()), kind_of(column.type)
        if kind is VARCHAR:
            return self._read_text(sql, native, distinct=column.text in {"exact", "distinct"})
        found = _NATIVE_KINDS.get(native)
        if found is None and (moment := _MOMENT.fullmatch(native)):
            found = _NATIVE_KINDS.get(moment[1] + moment[2])
        if found is None and (numeric := _NUMERIC.fullmatch(native)):
            found = decimal(int(numeric[1]), int(numeric[2] or 0)) if int(numeric[1]) <= 38 else None
        if found != kind:
            return Value(sql, opaque(kind))
        return Value(sql, kind, span=span_of(kind))

    def _read_text(self, sql: str, native: str, *, distinct: bool) -> Value:
        """Text as the connector delivers it: other types as PostgreSQL writes them, char(n) without its padding."""
        found = _TEXT.fullmatch(native.partition(" collate ")[0])
        length = int(found[1]) if found and found[1] else None
        if found and distinct:
            return Value(sql, VARCHAR, length=length)
        read = sql if found else f"CAST({sql} AS text)"
        return Value(f'{read} COLLATE "C"', VARCHAR, length=length)

    def text(self, value: str) -> str:
        return f"CAST({self.plain_text(value)} AS text)"

    def plain_text(self, value: str) -> str:
        if "\0" in value:
            raise NotNative("PostgreSQL stores no NUL character")
        quoted = value.replace("'", "''")
        # E'' means the same whatever standard_conforming_strings says.
        return "E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in value else f"'{quoted}'"

    def literal(self, value: Scalar, kind: Kind) -> str:
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, int) and kind.family == "integer":
            if not -(2**31) < value < 2**31:
                return f"CAST('{value}' AS {self.type_name(kind)})"
            return str(value) if value >= 0 else f"({value})"
        if isinstance(value, (int, Decimal)) and kind.family == "decimal":
            sql = format(Decimal(value), "f")
            sql = sql if "." in sql else f"{sql}.0"
            return sql if not sql.startswith("-") else f"({sql})"
        if isinstance(value, float):
            return f"CAST('{value!r}' AS double precision)"
        if isinstance(value, datetime):
            if kind is TIMESTAMPTZ:
                return f"CAST('{value.isoformat(sep=' ')}+00' AS timestamptz)"
            return f"CAST('{value.isoformat(sep=' ')}' AS timestamp)"
        if isinstance(value, date):
            return f"CAST('{value.isoformat()}' AS date)"
        raise NotNative(f"a constant of type {kind}")

    def ordered(self, value: Value) -> str:
        if value.family == "text" and not value.sql.endswith(' COLLATE "C"'):
            return f'{value.sql} COLLATE "C"'
        return value.sql

    def order_key(self, value: Value, *, descending: bool, nulls_first: bool) -> str:
        direction = " DESC" if descending else ""
        # NULLs stand last by default when ascending, first when descending.
        nulls = "" if nulls_first == descending else (" NULLS FIRST" if nulls_first else " NULLS LAST")
        return f"{self.ordered(value)}{direction}{nulls}"

    def like(self, value: Value, pattern: Value) -> str:
        known = pattern.constant.value if pattern.constant else None
        sql = self.plain_text(known) if isinstance(known, str) else pattern.sql
        bare = isinstance(known, str) and "\\" not in known
        return f"({value.sql} LIKE {sql}{'' if bare else chr(32) + 'ESCAPE' + chr(32) + chr(39) * 2})"

    def divide(self, left: Value, right: Value) -> str:
        quotient = f"({left.sql} / {right.sql})"
        if right.nonzero:
            return quotient
        return (
            f"CASE WHEN {right.sql} = 0 THEN CASE WHEN {left.sql} > 0 THEN CAST('Infinity' AS double precision) "
            f"WHEN {left.sql} < 0 THEN CAST('-Infinity' AS double precision) "
            f"WHEN {left.sql} = 0 THEN CAST('NaN' AS double precision) END ELSE {quotient} END"
        )

    def arithmetic(self, operator: str, result: Kind, span: float | None) -> Native:
        if operator == "//":
            return Native("div({0}, {1})", "both cut toward zero")
        if operator == "%":
            return Native("({0} % {1})", "both take the sign of the first")
        if result.family != "integer":
            return Native(f"({{0}} {operator} {{1}})", "exact")
        if span is None or span > BIGINT_SPAN:
            return Native(f"(CAST({{0}} AS numeric) {operator} {{1}})", "exact, however large")
        return Native(f"(CAST({{0}} AS bigint) {operator} {{1}})", "exact, as it is known to fit")

    def shift(self, interval: Interval) -> Native:
        text = f"INTERVAL '{interval.count} {interval.unit.lower()}'"
        return Native(
            f"({{0}} + {text})", "both cut months at their last day; a date becomes a timestamp", raises=True
        )

    def null_safe_equal(self, left: str, right: str) -> str:
        return f"({left} IS NOT DISTINCT FROM {right})"

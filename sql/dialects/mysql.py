"""MariaDB: what is proven equal to DuckDB, and in which form.

- Text columns are read as `CONVERT(… USING utf8mb4) COLLATE utf8mb4_nopad_bin`: binary, and trailing blanks
  count; as they are where the source answered that they compare so. A server that does not answer that this form is
  exact (MySQL calls the collation utf8mb4_0900_bin and refuses this name) computes no text here.
  No index serves a column read so. Before an equality with a constant, or with a column of the same collation, stands
  the same equality of the columns as they are kept: it finds no fewer rows, and by an index. Other comparisons of two
  text columns, which would try every pair, are refused.
- Sorting looks at the first 1,024 bytes (max_sort_length): texts are sorted and grouped up to 250 characters.
- Integers are computed in 64 bits, or as decimals where they may need more; what does not fit its DuckDB type
  is refused by the connector. Division by zero is NULL here and not there: divisors must be known.
- A date with a part of zero (0000-00-00) and a TINYINT(1) of 2 fail when they are read, as the connector refuses them.
- A window function inside a larger expression may turn NULL beside other window functions (seen in 10.11.19):
  they are computed only as outputs of their own.
- A backslash escapes in text constants or not, as the session is set: such constants are written in hexadecimal.
"""

from __future__ import annotations

import re
import unicodedata
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
    INTEGER,
    SMALLINT,
    TIMESTAMP,
    TIMESTAMPTZ,
    TINYINT,
    VARCHAR,
    Kind,
    decimal,
    kind_of,
    opaque,
    span_of,
)
from sql.dialects.mysql_forms import AGGREGATES, CASTS, COLLATION, FUNCTIONS, WINDOWS
from sql.dialects.source import NotNative, SourceColumn
from sql.dialects.values import Native, Scalar, Value

_SORTED_CHARACTERS = 250
_MOST_SCALE = 28
_LAST_NAME_CHARACTER = 0xFFFF
_ESCAPES = "!|~^#"

_INTEGERS: Mapping[str, Kind] = {
    "tinyint": TINYINT,
    "smallint": SMALLINT,
    "mediumint": INTEGER,
    "int": INTEGER,
    "bigint": BIGINT,
}
_NATIVE = re.compile(r"(\w+)(?:\(([^)]*)\))?( unsigned)?( zerofill)?(?: collate (\w+))?", re.DOTALL)
_TEXT_LENGTHS = {"tinytext": 255, "text": 2**16 - 1, "mediumtext": 2**24 - 1, "longtext": None}


def _checked(wrong: str, value: str) -> str:
    """The value, unless it is wrong: then an overflow of 64 bits stops the statement."""
    return f"CASE WHEN 9223372036854775807 + ({wrong}) > 0 THEN {value} END"


class Mysql(Dialect):
    name = "mysql"
    title = "MariaDB"
    quote = "`"
    types: ClassVar[Mapping[str, str]] = {
        "BOOLEAN": "SIGNED",
        "TINYINT": "SIGNED",
        "SMALLINT": "SIGNED",
        "INTEGER": "SIGNED",
        "BIGINT": "SIGNED",
        "HUGEINT": "DECIMAL(39, 0)",
        "DECIMAL": "DECIMAL({width}, {scale})",
        "DOUBLE": "DOUBLE",
        "VARCHAR": "CHAR CHARACTER SET utf8mb4",
        "DATE": "DATE",
        "TIMESTAMP": "DATETIME(6)",
        "TIMESTAMP WITH TIME ZONE": "DATETIME(6)",
    }
    casts = CASTS
    functions = FUNCTIONS
    aggregates = AGGREGATES
    windows = WINDOWS
    differs: ClassVar[Mapping[str, str]] = {
        "FULL JOIN": "MariaDB has no FULL JOIN",
        "lower(text)": "upper and lower case beyond ASCII differ",
        "upper(text)": "upper and lower case beyond ASCII differ",
        "date + integer": "a date past the year 9999 is NULL in MariaDB",
        "date - integer": "a date before the year 0 is NULL in MariaDB",
        "lag(any, offset, default)": "MariaDB's lag() has no default",
    }
    joins = frozenset({"INNER", "LEFT", "RIGHT", "CROSS"})
    set_operations = frozenset({"UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"})
    features = frozenset({"parenthesised arms", "scalar subquery check"})
    fence = " LIMIT 18446744073709551615"
    other_texts = frozenset({"true", "false", *_ESCAPES})
    direct_comparisons = frozenset({frozenset({"integer", "decimal"}), frozenset({"date", "timestamp"})})

    def read(self, sql: str, column: SourceColumn) -> Value:
        kind, native = kind_of(column.type), " ".join(column.native_type.lower().split())
        found = _NATIVE.fullmatch(native)
        if found is None:
            return Value(sql, opaque(kind))
        name, size, unsigned, _, collation = found.groups()
        if kind is VARCHAR:
            return self._read_text(sql, name, size, column if collation is not None else None)
        if kind is BOOLEAN and name in {"tinyint", "bit"}:
            return Value(_checked(f"{sql} NOT IN (0, 1)", f"({sql} <> 0)"), BOOLEAN, checked=True)
        if unsigned is None and _INTEGERS.get(name) == kind:
            return Value(sql, kind, span=span_of(kind))
        if name == "decimal" and unsigned is None and kind.family == "decimal" and size:
            width, _, scale = size.partition(",")
            if kind == decimal(int(width), int(scale or 0)):
                return Value(sql, kind, span=span_of(kind))
        if name == "double" and kind is DOUBLE:
            return Value(sql, kind)
        if (name, kind) in {("date", DATE), ("datetime", TIMESTAMP), ("timestamp", TIMESTAMPTZ)}:
            return Value(_checked(f"DAYOFMONTH({sql}) = 0 OR MONTH({sql}) = 0", sql), kind, checked=True)
        return Value(sql, opaque(kind))

    def _read_text(self, sql: str, name: str, size: str | None, column: SourceColumn | None) -> Value:
        if column is None:
            return Value(sql, opaque(VARCHAR))
        length: int | None
        if name in {"char", "varchar"} and size:
            length = int(size)
        elif name in _TEXT_LENGTHS:
            length = _TEXT_LENGTHS[name]
        else:
            length = _SORTED_CHARACTERS if name == "enum" else None
        if column.text == "exact":
            return Value(sql, VARCHAR, length=length)
        return Value(f"CONVERT({sql} USING utf8mb4) COLLATE {COLLATION}", VARCHAR, length=length)

    def coarse(self, column: SourceColumn) -> str:
        return column.collation if column.text in {"coarse", "distinct"} else ""

    def text(self, value: str) -> str:
        if "\\" in value or not value.isprintable():
            return f"CONVERT(X'{value.encode().hex()}' USING utf8mb4) COLLATE {COLLATION}"
        return f"_utf8mb4{self._quoted(value)} COLLATE {COLLATION}"

    def plain_text(self, value: str) -> str:
        plain = "\\" not in value and value.isprintable()
        return self._quoted(value) if plain else self.text(value)

    def _quoted(self, value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    def literal(self, value: Scalar, kind: Kind) -> str:
        if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        if isinstance(value, int) and kind.family == "integer":
            return str(value) if value >= 0 else f"({value})"
        if isinstance(value, (int, Decimal)) and kind.family == "decimal":
            sql = format(Decimal(value), "f")
            sql = sql if "." in sql else f"{sql}.0"
            return f"({sql})" if sql.startswith("-") else sql
        if isinstance(value, float):
            sql = repr(value) if "e" in repr(value) else f"{value!r}e0"
            return f"({sql})" if sql.startswith("-") else sql
        if isinstance(value, datetime):
            return f"CAST('{value.isoformat(sep=' ')}' AS DATETIME(6))"
        if isinstance(value, date):
            return f"CAST('{value.isoformat()}' AS DATE)"
        raise NotNative(f"a constant of type {kind}")

    def null(self, kind: Kind) -> str:
        sql = super().null(kind)
        return f"{sql} COLLATE {COLLATION}" if kind is VARCHAR else sql

    def order_key(self, value: Value, *, descending: bool, nulls_first: bool) -> str:
        sql = self.group_key(value)
        if descending:
            return f"({sql} IS NOT NULL), {sql} DESC" if nulls_first else f"{sql} DESC"
        return sql if nulls_first else f"({sql} IS NULL), {sql}"

    def group_key(self, value: Value) -> str:
        if value.family == "text" and (value.length is None or value.length > _SORTED_CHARACTERS):
            raise NotNative("MariaDB sorts long texts by their first 1,024 bytes only")
        return value.sql

    def refuse_pair(self, left: Value, right: Value) -> None:
        columns = left.constant is None and right.constant is None
        if left.family == right.family == "text" and columns and left.relations != right.relations:
            raise NotNative("no index serves a comparison of two text columns in MariaDB")

    def like(self, value: Value, pattern: Value) -> str:
        known = pattern.constant.value if pattern.constant else None
        if not isinstance(known, str):
            raise NotNative("LIKE with a pattern that is not constant")
        if "\\" not in known:
            return f"({value.sql} LIKE {self.plain_text(known)})"
        escape = next((mark for mark in _ESCAPES if mark not in known), None)
        if escape is None:
            raise NotNative("LIKE with a backslash and every other escape character")
        return f"({value.sql} LIKE {self.text(known)} ESCAPE '{escape}')"

    def divide(self, left: Value, right: Value) -> str:
        if not right.nonzero:
            raise NotNative("division by zero is NULL in MariaDB, an infinity in DuckDB")
        return f"({left.sql} / {right.sql})"

    def arithmetic(self, operator: str, result: Kind, span: float | None) -> Native:
        if result.scale > _MOST_SCALE:
            raise NotNative("MariaDB's decimals have fewer decimals than DuckDB's")
        whole = result.family == "integer"
        if operator in {"//", "%"}:
            if operator == "//" and result.name == "HUGEINT":
                raise NotNative("MariaDB has no integers beyond 64 bits")
            form = "({0} DIV {1})" if operator == "//" else "({0} % {1})"
            return Native(form, "both cut toward zero; the sign is the first's")
        if whole and (result.name == "HUGEINT" or span is None or span > BIGINT_SPAN):
            return Native(f"(CAST({{0}} AS DECIMAL(39, 0)) {operator} {{1}})", "exact, however large")
        return Native(f"({{0}} {operator} {{1}})", "exact")

    def null_safe_equal(self, left: str, right: str) -> str:
        return f"({left} <=> {right})"

    def limit(self, count: int | None, offset: int | None) -> str:
        if count is None:
            return f" LIMIT 9223372036854775807 OFFSET {offset}" if offset else ""
        return super().limit(count, offset)

    def identifier(self, name: str) -> str:
        if any(ord(mark) > _LAST_NAME_CHARACTER for mark in name):
            raise NotNative("a name that the source would cut or change")
        return super().identifier(name)

    def fold(self, name: str) -> str:
        """Names of columns are compared regardless of case and accents."""
        plain = unicodedata.normalize("NFKD", name).casefold()
        return "".join(mark for mark in plain if not unicodedata.combining(mark))

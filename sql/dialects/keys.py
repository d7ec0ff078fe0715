"""Comparisons with join keys: one text constant per key set, which each engine takes apart and finds by hash.

`x IN (keys)` is NULL where x is NULL and there are keys, and false where there are none. Keys that the type of x
cannot hold equal no x; where no other is left, what remains is `x <> x`. Values go into the text by type: digits for
numbers and dates, and for texts the engine's own escapes of an array or of JSON, whose characters the check after
rendering reads back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import TypeAlias

import pyarrow as pa
import sqlglot
from sqlglot import exp

from sql.dialects.kinds import (
    BOOLEAN,
    DATE,
    INTEGERS,
    MAX_WIDTH,
    VARCHAR,
    Kind,
    digits,
    integer_range,
    kind_of,
)
from sql.dialects.operators import refuse_incomparable
from sql.dialects.scope import Context
from sql.dialects.source import NotNative
from sql.dialects.values import Value
from sql.keys import KEY, key_set_of
from sql.types import canonical_type

Keys: TypeAlias = Mapping[str, pa.Array]
"""Key sets by name: distinct values without NULL."""

_MOST_TEXTS = 900
"""Texts in a list of MariaDB's, which makes a table of a list of 1,000 (in_predicate_conversion_threshold)."""
_MOST_BOOLEANS = 2
_Key: TypeAlias = int | Decimal | date | str | bool


def compare_with_keys(left: Value, values: pa.Array, context: Context) -> Value:
    """`left IN (keys)` as DuckDB has it. Raises `NotNative` for types of which that is not proven."""
    refuse_incomparable([left])
    fitting = _fitting(values, left.kind)
    if not len(values):
        sql = "(1 = 0)"
    elif not fitting:
        sql = f"({left.sql} <> {left.sql})"
    elif left.kind is BOOLEAN:
        listed = ", ".join(context.dialect.literal(key, BOOLEAN) for key in fitting[:_MOST_BOOLEANS])
        sql = f"({left.sql} IN ({listed}))"
    else:
        if left.family == "text":
            context.require("text")
        sql = _FORMS[context.dialect.name](left, fitting, context)
    return Value(sql, BOOLEAN, relations=left.relations)


def unpack_keys(tree: exp.Query, keys: Keys) -> exp.Query:
    """The tree with every key set as a list in a text, as DuckDB reads it. Raises `NotNative`."""
    named = [node for node in tree.find_all(exp.In) if key_set_of(node) is not None]
    if not named:
        return tree
    copy = tree.copy()
    for node in [node for node in copy.find_all(exp.In) if key_set_of(node) is not None]:
        table = key_set_of(node)
        assert table is not None
        values = keys[table.name]
        kind = kind_of(canonical_type(values.type))
        listed = _listed(_plain(values, kind), _array_item)
        # The form is the parser's, and only then holds the constant, so that no value is read as SQL.
        query = sqlglot.parse_one(
            f"SELECT UNNEST(CAST('[]' AS {canonical_type(values.type)}[])) AS \"{KEY}\"", dialect="duckdb"
        )
        constant = query.find(exp.Literal)
        assert constant is not None
        constant.set("this", f"[{listed}]")
        node.set("query", exp.Subquery(this=query))
    return copy


def _postgres(left: Value, keys: Sequence[_Key], context: Context) -> str:
    """A list of constants under ANY is hashed when it is long; its type is that of the column, or it is not."""
    if left.kind is VARCHAR:
        # No value of the source has a NUL character.
        keys = [key for key in keys if "\0" not in str(key)]
        if not keys:
            return f"({left.sql} <> {left.sql})"
    kind = "numeric" if left.family == "decimal" else context.dialect.type_name(left.kind)
    listed = f"{{{_listed(keys, _array_item)}}}"
    return f"({left.sql} = ANY(CAST({context.held(context.plain_text(listed))} AS {kind}[])))"


def _mysql(left: Value, keys: Sequence[_Key], context: Context) -> str:
    """A JSON array read as a table, which MariaDB materialises once. Looking a text up in such a table takes longer than
    reading the row from outside, so that texts are a list of constants, of a length up to which MariaDB sorts it.
    """
    if left.kind is VARCHAR:
        if len(keys) > _MOST_TEXTS:
            raise NotNative("more texts as join keys than MariaDB finds fast")
        listed = ", ".join(context.plain_text(str(key)) for key in keys)
        return f"({left.sql} IN ({context.held(listed)}))"
    context.require("join keys")
    kind, text = "BIGINT", f"[{_listed(keys, str)}]"
    if left.family != "integer":
        kind = context.dialect.type_name(left.kind)
        # A number would be read as a double on its way.
        text = json.dumps([_array_item(key) for key in keys], separators=(",", ":"))
    context.texts.update((text, "$[*]", "$"))
    constant = context.held(f"'{text}'")
    table = f"JSON_TABLE({constant}, '$[*]' COLUMNS(`k` {kind} PATH '$')) AS `j`"
    return f"({left.sql} IN (SELECT `j`.`k` FROM {table}))"


_FEW = 8
"""Integers that SQLite is told one by one."""


def _sqlite(left: Value, keys: Sequence[_Key], context: Context) -> str:
    """A JSON array read as a table: values without affinity, of which SQLite makes an index once. How many there are
    it does not see, and takes 25 for granted; a few integers are a list, so that it may choose the index for them.
    """
    if (
        left.family == "integer"
        and len(keys) <= _FEW
        and all(isinstance(key, int) and 0 <= key < 2**63 for key in keys)
    ):
        return f"({left.sql} IN ({_listed(keys, str)}))"
    if left.family == "integer":
        text = f"[{_listed(keys, str)}]"
    else:
        texts = [str(key) for key in keys]
        if any("\0" in found for found in texts):
            raise NotNative("SQLite's JSON ends a text at a NUL character")
        text = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    return f'({left.sql} IN (SELECT "value" FROM json_each({context.held(context.plain_text(text))})))'


_FORMS: Mapping[str, Callable[[Value, Sequence[_Key], Context], str]] = {
    "postgres": _postgres,
    "mysql": _mysql,
    "sqlite": _sqlite,
}


def _fitting(values: pa.Array, kind: Kind) -> list[_Key]:
    """The keys that a value of `kind` can equal. Raises `NotNative` where the types do not meet exactly."""
    own = kind_of(canonical_type(values.type))
    if own.family == kind.family and kind in {VARCHAR, DATE, BOOLEAN}:
        return _plain(values, own)
    numbers = {"integer", "decimal"}
    if not {own.family, kind.family} <= numbers or (kind.family == "integer" and kind not in INTEGERS[:4]):
        raise NotNative(f"{kind} among join keys of type {own}")
    if max(digits(own), digits(kind)) + max(own.scale, kind.scale) > MAX_WIDTH:
        raise NotNative("numbers whose common type would lose digits")
    if kind.family == "decimal":
        decimals = [Decimal(key) for key in _plain(values, own) if isinstance(key, (int, Decimal))]
        with localcontext(prec=2 * MAX_WIDTH):
            step, most = Decimal(1).scaleb(-kind.scale), Decimal(10) ** digits(kind)
            return [key for key in decimals if abs(key) < most and key % step == 0]
    low, high = integer_range(kind)
    whole = (int(key) for key in _plain(values, own) if isinstance(key, (int, Decimal)) and key == int(key))
    return [key for key in whole if low <= key <= high]


def _plain(values: pa.Array, kind: Kind) -> list[_Key]:
    if kind.family not in {"integer", "decimal", "text", "date", "boolean"}:
        raise NotNative(f"join keys of type {kind}")
    try:
        found: list[_Key] = values.to_pylist()
    except (ValueError, OverflowError):
        raise NotNative("join keys before the year 1 or after 9999") from None
    return found


def _listed(keys: Sequence[_Key], write: Callable[[_Key], str]) -> str:
    return ",".join(map(write, keys))


def _array_item(key: _Key) -> str:
    """One item of an array in PostgreSQL's text form, and of a list in DuckDB's."""
    if isinstance(key, str):
        return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{key:f}" if isinstance(key, Decimal) else str(key).lower() if isinstance(key, bool) else str(key)

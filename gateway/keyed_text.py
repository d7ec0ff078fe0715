"""A fragment's text with some of the keys that it could be sent: those that come, as they come."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from comity.errors import InternalError
from sql.keys import KEYS
from sql.lexical import DIALECT

_BEFORE, _AFTER = 8, 3
"""Words of `"t"."a" IN (SELECT "key" FROM "_keys"."keys_1")` before and after the name `_keys`."""


def text_with_keys(keyed_sql: str, instead: Mapping[str, str]) -> str:
    """The text in which comparisons with sets named in `instead` give way to a condition.

    The condition says `{column}` where the column stands.

    >>> text = 'SELECT 1 FROM t WHERE "t"."a" IN (SELECT "key" FROM "_keys"."keys_1") AND "t"."b" > 1'
    >>> text_with_keys(text, {"keys_1": "TRUE"}), text_with_keys(text, {"keys_1": "{column} BETWEEN 1 AND 2"})
    ('SELECT 1 FROM t WHERE TRUE AND "t"."b" > 1', 'SELECT 1 FROM t WHERE "t"."a" BETWEEN 1 AND 2 AND "t"."b" > 1')
    """
    if not instead:
        return keyed_sql
    # By tokens and not by characters: a constant may hold the same words.
    tokens = DIALECT.tokenize(keyed_sql)
    parts: list[str] = []
    end, done = 0, set()
    for place in range(_BEFORE, len(tokens) - _AFTER):
        token, name = tokens[place], tokens[place + 2].text
        if token.text != KEYS or keyed_sql[token.start] != '"' or tokens[place - 1].text.upper() != "FROM":
            continue
        if name in instead:
            first, column, last = tokens[place - _BEFORE], tokens[place - _BEFORE + 2], tokens[place + _AFTER]
            condition = instead[name].replace("{column}", keyed_sql[first.start : column.end + 1])
            parts += [keyed_sql[end : first.start], condition]
            end = last.end + 1
            done.add(name)
    if done != instead.keys():
        raise InternalError("a fragment's text does not name the keys that it waits for")
    return "".join([*parts, keyed_sql[end:]])


def constant(value: pa.Scalar) -> str:
    """A least or greatest key as SQL: a whole number or a date."""
    if pa.types.is_date(value.type):
        return f"CAST('{value.as_py().isoformat()}' AS DATE)"
    if not pa.types.is_integer(value.type):
        raise InternalError(f"there are no ranges of {value.type}")
    return str(value.as_py())

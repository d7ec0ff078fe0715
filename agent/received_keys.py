"""Join keys as they come with a fragment: checked here, whatever the gateway says that it checked.

Keys are data from elsewhere. Malformed ones are refused before anything is decided; what their values are decides
nothing but which rows are found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from comity.errors import LimitError, SqlError
from policies.port import MOST_KEY_BYTES, MOST_KEYS, MOST_SENT_BYTES, KeySet
from sql.keys import KEY, KeyColumn, is_key_name, is_key_table, key_set_of
from sql.types import arrow_type, canonical_type

_SOURCE_BYTES = 255
_TYPES = re.compile(
    r"BOOLEAN|U?(?:TINYINT|SMALLINT|INTEGER|BIGINT)|DECIMAL\(\d+,\d+\)|FLOAT|DOUBLE|VARCHAR|DATE|TIME"
    r"|TIMESTAMP(?:_S|_MS|_NS| WITH TIME ZONE)?"
)


def check_key_sets(keys: Sequence[KeySet], department: str) -> tuple[KeyColumn, ...]:
    """What the fragment's text may read of the key sets.

    Raises `SqlError` (`KEYS_INVALID`) for what no gateway of ours sends, `LimitError` (`LIMIT_KEYS`) for too many.
    """
    found: dict[str, KeyColumn] = {}
    size = 0
    for sent in keys:
        if not is_key_name(sent.name) or sent.name in found:
            raise _invalid("a key set has a name that it may not have", department)
        if len(sent.values) > MOST_KEYS:
            raise _too_many(f"more than {MOST_KEYS} keys", department)
        found[sent.name] = _checked(sent, department)
        size += sent.values.nbytes
        if sent.values.nbytes > MOST_KEY_BYTES or size > MOST_SENT_BYTES:
            raise _too_many(f"join keys of more than {MOST_KEY_BYTES} bytes", department)
    return tuple(found.values())


def key_rows(values: pa.Array) -> tuple[pa.Schema, list[pa.RecordBatch]]:
    """A key set as the rows of a table with the one column `key`."""
    schema = pa.schema([pa.field(KEY, values.type)])
    return schema, [pa.RecordBatch.from_arrays([values], schema=schema)]


def key_arrays(keys: Sequence[KeySet]) -> Mapping[str, pa.Array]:
    return {sent.name: sent.values for sent in keys}


def _checked(sent: KeySet, department: str) -> KeyColumn:
    source, values = sent.source, sent.values
    named = isinstance(source, tuple) and len(source) == 3 and all(map(_is_name, source))
    if not named:
        raise _invalid("a key set does not say of which column its keys are", department)
    if not isinstance(values, pa.Array):
        raise _invalid("the keys of a key set are no array", department)
    try:
        kind = canonical_type(values.type)
        values.validate(full=True)
    except (SqlError, pa.ArrowException):
        raise _invalid("a key set holds values of a type that keys do not have", department) from None
    if not _TYPES.fullmatch(kind) or arrow_type(kind) != values.type:
        raise _invalid("a key set holds values of a type that keys do not have", department)
    if values.null_count:
        raise _invalid("a key set holds NULL", department)
    if pc.count_distinct(values).as_py() != len(values):
        raise _invalid("a key set holds a key twice", department)
    return KeyColumn(sent.name, source, kind, len(values))


def _is_name(part: object) -> bool:
    return isinstance(part, str) and part.isprintable() and 0 < len(part.encode()) <= _SOURCE_BYTES


def _invalid(what: str, department: str) -> SqlError:
    return SqlError(what, code="KEYS_INVALID", department=department)


def _too_many(what: str, department: str) -> LimitError:
    return LimitError(
        f"{what} came with a part of the question",
        code="LIMIT_KEYS",
        hint="Send fewer keys, or ask without them.",
        department=department,
    )


def without_keys(query: exp.Query) -> exp.Query:
    """A query of the same types whose comparisons with key sets are true."""
    if not any(is_key_table(table) for table in query.find_all(exp.Table)):
        return query
    copy = query.copy()
    for node in [node for node in copy.find_all(exp.In) if key_set_of(node) is not None]:
        node.replace(exp.true())
    return copy

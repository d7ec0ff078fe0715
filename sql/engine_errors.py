"""DuckDB's errors in our words: the kind of failure, never a value, a candidate name or a line of the text."""

from __future__ import annotations

import re

from comity.errors import CancelledError, ComityError, InternalError, LimitError, SqlError

_CAST_TARGET = re.compile(r"\b(?:to|type|cast to) ([A-Z][A-Z0-9_]*(?:\(\d+, ?\d+\))?)")
_FIELD_FORMAT = re.compile(r"invalid (date|timestamp|time|interval) field format", re.IGNORECASE)


def translate_error(error: Exception) -> ComityError:
    """The `ComityError` for an error that DuckDB, or a reader over its result, raised."""
    if isinstance(error, ComityError):
        return error
    text = str(error)
    kind = text.split(":", 1)[0].removesuffix(" Error").upper()
    if kind == "INTERRUPT":
        return CancelledError("the query was cancelled")
    if kind == "OUT OF MEMORY":
        return LimitError(
            "the query needs more memory than one query may use",
            code="LIMIT_MEMORY",
            hint="Filter or aggregate more, or ask for fewer columns.",
        )
    if kind in {"CONVERSION", "OUT OF RANGE", "INVALID INPUT"}:
        return SqlError(_runtime_message(kind, text), code="QUERY_RUNTIME")
    if kind in {"BINDER", "CATALOG", "PARSER", "TYPE MISMATCH"}:
        return SqlError(_scrubbed(text), code="SQL_TYPE")
    return InternalError(f"the merge engine failed: {kind.lower()}")


def _runtime_message(kind: str, text: str) -> str:
    if (field := _FIELD_FORMAT.search(text)) is not None:
        return f"a value could not be cast to {field[1].upper()}"
    if kind == "CONVERSION":
        target = _CAST_TARGET.search(text)
        return f"a value could not be cast to {target[1]}" if target else "a value could not be cast"
    if "division by zero" in text.lower():
        return "a value was divided by zero"
    if kind == "OUT OF RANGE" or "overflow" in text.lower():
        return "a value went out of the range of its type"
    if "More than one row" in text:
        return "a subquery used as a value returned more than one row"
    return "a function was given a value it cannot take"


def _scrubbed(text: str) -> str:
    """The first sentence of DuckDB's message, without candidates, source lines and quoted values."""
    first = text.split("\n", 1)[0].split(":", 1)[-1].strip()
    first = re.sub(r"(?i)\s*(candidate|did you mean|hint|line \d+)\b.*", "", first)
    return re.sub(r"'[^']*'", "a value", first)

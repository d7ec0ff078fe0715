"""DuckDB's errors in our words: the kind of failure, never a value, a candidate name or a line of the text."""

from __future__ import annotations

import json
import re
from typing import Any

from comity.errors import CancelledError, ComityError, InternalError, LimitError, SqlError

_CAST_TARGET = re.compile(r"\b(?:to|type) ([A-Z][A-Z0-9_]*(?: WITH TIME ZONE)?(?:\(\d+, ?\d+\))?)")
_FIELD_FORMAT = re.compile(r"invalid (date|timestamp|time|interval) field format", re.IGNORECASE)
_SEVERAL_FUNCTIONS = re.compile(r'best candidate function for the function call "(.+?)\((.*?)\)"')
_NO_FUNCTION = re.compile(r"No function matches the given name and argument types '([^'(]+)\(([^']*)\)'")
_MISSING_FUNCTION = re.compile(r"(?:Function|Macro) with name \"?([^\" ]+)\"? does not exist")
# The binder's own name for a database of tables in one shape.
_VIEW = re.compile(r'"?view#\d+"?\."?')
_ENGINE_TYPES = {
    "INT8": "TINYINT",
    "INT16": "SMALLINT",
    "INT32": "INTEGER",
    "INT64": "BIGINT",
    "INT128": "HUGEINT",
}


def translate_error(error: Exception) -> ComityError:
    """The `ComityError` for an error that DuckDB, or a reader over its result, raised.

    An error of names or types has the offset DuckDB gives for it, in bytes, as `metadata["position"]`.
    """
    if isinstance(error, ComityError):
        return error
    kind, message, details = _read(str(error))
    if kind == "INTERRUPT" or "already been closed" in str(error):
        return CancelledError("the query was cancelled")
    if kind == "OUT OF MEMORY":
        return LimitError(
            "the query needs more memory than one query may use",
            code="LIMIT_MEMORY",
            hint="Filter or aggregate more, or ask for fewer columns.",
        )
    if "expression depth" in message:
        return SqlError("an expression is nested too deeply", code="SQL_TOO_DEEP")
    if kind in {"BINDER", "CATALOG", "PARSER", "TYPE MISMATCH", "NOT IMPLEMENTED"}:
        position = (
            {"position": str(details["position"])} if str(details.get("position", "")).isdigit() else {}
        )
        return SqlError(_binding_message(message), code=_binding_code(kind, message), metadata=position)
    if kind in {"CONVERSION", "OUT OF RANGE", "INVALID INPUT", "SYNTAX"}:
        return SqlError(_runtime_message(kind, message), code="QUERY_RUNTIME")
    return InternalError(f"the merge engine failed: {kind.lower()}")


def _read(text: str) -> tuple[str, str, dict[str, Any]]:
    """The kind in capitals, the message, and the details of an error written as text or as JSON."""
    kind, _, rest = text.partition(":")
    kind = kind.strip().upper().removesuffix(" ERROR")
    rest = rest.strip()
    if rest.startswith("{"):
        try:
            details = json.loads(rest)
        except ValueError:
            return kind, rest, {}
        if isinstance(details, dict):
            return kind, str(details.get("exception_message", "")), details
    return kind, rest, {}


def _binding_code(kind: str, message: str) -> str:
    if kind == "PARSER":
        return "SQL_SYNTAX"
    return "SQL_FUNCTION_REFUSED" if _MISSING_FUNCTION.search(message) else "SQL_TYPE"


def _binding_message(message: str) -> str:
    message = message.replace("INTEGER_LITERAL", "INTEGER").replace("STRING_LITERAL", "VARCHAR")
    message = _VIEW.sub("", message).replace('""', '"')
    if (found := _NO_FUNCTION.search(message)) is not None:
        return f"{found[1]} does not take ({found[2]})"
    if (found := _SEVERAL_FUNCTIONS.search(message)) is not None:
        return (
            f"{found[1]} takes ({found[2]}) in several ways; say which with casts, as in CAST(x AS INTEGER)"
        )
    if (found := _MISSING_FUNCTION.search(message)) is not None:
        return f"the function {found[1]} is not available"
    first = message.split("\n", 1)[0].strip()
    first = re.sub(r"(?i)\s*\b(candidate|did you mean|line \d+:|\(use: ).*", "", first)
    return re.sub(r"'[^']*'", "a value", first).rstrip("!.") or "the types do not fit"


def _runtime_message(kind: str, message: str) -> str:
    lowered = message.lower()
    if (field := _FIELD_FORMAT.search(message)) is not None:
        return f"a value could not be cast to {field[1].upper()}"
    if "overflow" in lowered or kind == "OUT OF RANGE" or "out of range" in lowered:
        return "a value went out of the range of its type"
    if kind == "CONVERSION":
        target = _CAST_TARGET.search(re.sub(r"'[^']*'|\"[^\"]*\"", "", message))
        name = _ENGINE_TYPES.get(target[1], target[1]) if target else ""
        return f"a value could not be cast to {name}" if name else "a value could not be cast"
    if "division by zero" in lowered:
        return "a value was divided by zero"
    if "more than one row" in lowered:
        return "a subquery used as a value returned more than one row"
    return "a function was given a value it cannot take"

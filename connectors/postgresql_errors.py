"""PostgreSQL's errors in our words."""

from __future__ import annotations

import adbc_driver_manager as adbc
import psycopg

from comity.errors import SourceError
from connectors.stoppable_scan import timed_out

_UNAVAILABLE = ("08", "28", "3D", "53", "57P")
_OF_A_VALUE = ("21", "22")
_TITLES = {
    "21": "a subquery used as a value returned more than one row",
    "22": "the database could not compute a value",
    "25006": "the database refuses to write: its sessions are read-only",
    "42501": "the database's account may not read this",
    "42P01": "a table does not exist in the database",
    "42703": "a column does not exist in the database",
    "42": "the database does not accept the statement",
    "57014": "the database stopped the query",
}


def translate(error: adbc.Error | psycopg.Error, *, connecting: bool = False) -> SourceError:
    """The driver's error in our words. PostgreSQL's own text may quote values, addresses and accounts."""
    state = error.sqlstate or ""
    metadata = {"sqlstate": state} if state else {}
    if connecting or state.startswith(_UNAVAILABLE) or (not state and _is_lost(error)):
        return SourceError("the database cannot be reached", code="SOURCE_UNAVAILABLE", metadata=metadata)
    if state == "57014":
        return timed_out()
    title = _TITLES.get(state) or _TITLES.get(state[:2]) or "the database failed"
    code = "SOURCE_VALUE" if state.startswith(_OF_A_VALUE) else "SOURCE_FAILED"
    return SourceError(f"{title} (SQLSTATE {state or 'unknown'})", code=code, metadata=metadata)


def _is_lost(error: adbc.Error | psycopg.Error) -> bool:
    """Whether the connection broke. libpq gives no SQLSTATE for what it finds out by itself."""
    return "connection" in str(error).lower()

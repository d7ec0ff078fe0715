"""DuckDB as the authority on expressions of policy and department files: do they work, and of what type."""

from __future__ import annotations

import threading
from functools import lru_cache

import duckdb

from comity.errors import SqlError
from sql.engine import open_locked
from sql.types import canonical_name

_lock = threading.Lock()
_connection: duckdb.DuckDBPyConnection | None = None


@lru_cache(maxsize=4096)
def evaluates(text: str, columns: tuple[tuple[str, str], ...]) -> str:
    """The canonical type of `text` over one row of NULLs with columns of these names and types.

    Raises `SqlError` (`SQL_TYPE`) when DuckDB cannot type it, or a constant in it is not what it is cast to.
    """
    global _connection
    fields = ", ".join(f"CAST(NULL AS {kind}) AS {_quoted(name)}" for name, kind in columns) or "1 AS _"
    with _lock:
        if _connection is None:
            _connection = open_locked(memory="256MB", threads=1)
        try:
            relation = _connection.sql(f"SELECT ({text}) AS value FROM (SELECT {fields}) AS t")
            kind = canonical_name(str(relation.types[0]))
            relation.fetchall()
        except duckdb.Error as error:
            message = str(error).split("\n", 1)[0].partition("Candidate")[0].strip()
            raise SqlError(message, code="SQL_TYPE") from None
    return kind


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

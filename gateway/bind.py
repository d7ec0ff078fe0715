"""The second stage: every name is bound to something the caller may see."""

from __future__ import annotations

from sqlglot import exp

from comity.errors import SourceError, SqlError
from gateway.catalogs import Catalogs
from gateway.stages import AdmittedQuery, BoundQuery
from sql.resolve import resolve_query


def bind(query: AdmittedQuery, catalogs: Catalogs) -> BoundQuery:
    """Resolves names. Raises `SqlError`; `PolicyError` where the caller may know why it cannot see a table."""
    try:
        return BoundQuery(query, resolve_query(query.parsed, query.catalog, catalogs.binder))
    except SqlError as error:
        if error.code == "SQL_TABLE_UNKNOWN":
            _explain_absence(query, catalogs, error)
        raise


def _explain_absence(query: AdmittedQuery, catalogs: Catalogs, error: SqlError) -> None:
    """Raises what the caller may know about the first table it cannot see, if anything."""
    for table in query.parsed.tree.find_all(exp.Table):
        if not table.db or query.catalog.find(table.db, table.name) is not None:
            continue
        request = query.request
        denial = catalogs.explain_absence(request.principal, request.purpose, table.db, table.name)
        if denial is not None:
            denial.line, denial.column = error.line, error.column
            raise denial from None
        missing = catalogs.missing.get(table.db.lower())
        if missing is not None:
            raise SourceError(
                f"{table.db} cannot be asked now: its database did not say what it holds",
                code="SOURCE_UNAVAILABLE",
                department=table.db,
            ) from None

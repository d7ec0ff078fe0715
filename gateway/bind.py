"""The second stage: every name is bound to something the caller may see."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from comity.errors import SourceError, SqlError
from gateway.catalogs import Catalogs
from gateway.stages import AdmittedQuery, BoundQuery
from sql.catalog import Catalog
from sql.resolve import resolve_query
from sql.uses import infer_uses


def bind(query: AdmittedQuery, catalogs: Catalogs) -> BoundQuery:
    """Resolves names. Raises `SqlError`; `PolicyError` where the caller may know why it cannot see a table."""
    try:
        return _bind_stars(query, catalogs) or _bind(query, query.catalog, catalogs)
    except SqlError as error:
        if error.code == "SQL_TABLE_UNKNOWN":
            _explain_absence(query, catalogs, error)
        raise


def _bind(query: AdmittedQuery, catalog: Catalog, catalogs: Catalogs) -> BoundQuery:
    resolved = resolve_query(query.parsed, catalog, catalogs.binder)
    influence = infer_uses(resolved.tree, resolved.tables, query.parsed.text)
    return BoundQuery(replace(query, catalog=catalog), resolved, influence)


def _bind_stars(query: AdmittedQuery, catalogs: Catalogs) -> BoundQuery | None:
    """The first reading of a question with `*` under which its own columns lead to the grants it assumes.

    None for a question without `*`, where no table has several grants, and where no reading holds.
    """
    tree, request = query.parsed.tree, query.request
    if all(isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
        return None
    view = catalogs.view(request.principal, request.purpose)
    names = frozenset(table.name.lower() for table in tree.find_all(exp.Table))
    for reading in catalogs.readings(view, names):
        if not reading.grants:
            return None
        try:
            bound = _bind(query, reading.catalog, catalogs)
        except SqlError:
            continue
        if catalogs.governs(reading, request, bound.influence.tables):
            return bound
    return None


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

"""Whether a fragment runs beside its database because of what the department itself put around its tables."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from agent.barriers import Boundary, allowed_rows, boundary_of
from sql.dialects import NotNative, render_native
from sql.dialects.source import SourceTables

OWN_FORMS = "the department's own row filter or column expressions are not computed in its database"
"""What a caller is told who may not see them: a reason that names what stands in them would tell of it."""


def stand_in_the_way(
    tables: Iterable[exp.Table], dialect: str, capabilities: frozenset[str], sources: SourceTables
) -> bool:
    """Whether the source cannot run what one of the wraps around `tables` computes: published columns that are
    expressions or codes, or a row filter.
    """
    return any(
        not _runs(query, dialect, capabilities, sources)
        for table in tables
        for query in _computed(boundary_of(table))
    )


def _computed(boundary: Boundary) -> Iterable[exp.Query]:
    if not all(isinstance(output.unalias(), exp.Column) for output in boundary.mapping.expressions):
        yield boundary.mapping
    if boundary.row_filter is not None:
        yield allowed_rows(boundary, ())


def _runs(query: exp.Query, dialect: str, capabilities: frozenset[str], sources: SourceTables) -> bool:
    try:
        render_native(query, dialect, capabilities, sources)
    except NotNative:
        return False
    return True

"""DuckDB's own reading of a question, compared with ours.

The text as it was written, with nothing changed but values for placeholders and departments for plain table
names, and the tree that the resolver made of it are both bound by DuckDB over empty tables of the shape that
the caller sees. Any difference means that the resolver misread something, and is refused.
"""

from __future__ import annotations

from sqlglot import exp

from comity.errors import SqlError
from sql.binder import Binder
from sql.catalog import Column, Table
from sql.edits import Edit, apply_edits, original_offset
from sql.engine import quoted
from sql.parse import ParsedQuery
from sql.places import place_at
from sql.resolution import Resolution


def confirm_reading(
    parsed: ParsedQuery, tree: exp.Query, resolution: Resolution, binder: Binder
) -> tuple[Column, ...]:
    """The outputs, with the names and types that DuckDB gives the original text.

    Raises `SqlError`: what DuckDB finds wrong (`SQL_TYPE`, `SQL_SYNTAX`, `SQL_FUNCTION_REFUSED`), and
    `SQL_CONSTRUCT_REFUSED` when the two readings differ.
    """
    tables = [_visible(note.table, note.columns, resolution) for note in resolution.uses.values()]
    edits = [
        *parsed.bindings,
        *(Edit(start, start, f"{quoted(table.department)}.") for start, table in resolution.unqualified),
    ]
    text = apply_edits(parsed.text, edits)
    try:
        original = binder.columns_of(text, tables)
    except SqlError as error:
        if (offset := error.metadata.pop("offset", None)) is not None:
            error.line, error.column = place_at(parsed.text, original_offset(int(offset), edits))
        else:
            error.line, error.column = 1, 1
        raise
    try:
        resolved = binder.columns_of(tree, tables)
    except SqlError as error:
        raise _differs() from error
    if [column.type for column in original] != [column.type for column in resolved]:
        raise _differs()
    return original


def _differs() -> SqlError:
    return SqlError(
        "the question is not supported in this form",
        code="SQL_CONSTRUCT_REFUSED",
        hint="Name tables, columns and outputs explicitly.",
        line=1,
        column=1,
    )


def _visible(table: Table, used: set[str], resolution: Resolution) -> Table:
    """The table as the text sees it: where `*` counts, with the columns that `*` means, in that order."""
    if table.star is None or not resolution.starred:
        return table
    by_name = {column.name: column for column in table.columns}
    starred = [by_name[name] for name in table.star]
    named = [column for column in table.columns if column.name in used and column not in starred]
    return Table(table.department, table.name, (*starred, *named))

"""DuckDB's own reading of a question, compared with ours.

The text as it was written, with nothing changed but values for placeholders and departments for plain table
names, and the tree that the resolver made of it are both bound by DuckDB over empty tables of the shape that
the caller sees. Any difference means that the resolver misread something, and is refused.
"""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from comity.errors import InternalError, SqlError
from sql.binder import Binder
from sql.catalog import Column, Table, fold_name
from sql.edits import Edit, apply_edits, original_offset
from sql.engine import quoted
from sql.parse import ParsedQuery
from sql.places import place_at
from sql.resolution import Resolution

_NOTHING = Column(" ", "INTEGER")


def confirm_reading(
    parsed: ParsedQuery, tree: exp.Query, resolution: Resolution, binder: Binder
) -> tuple[Column, ...]:
    """The outputs, with the names and types that DuckDB gives the original text.

    Raises `SqlError`: what DuckDB finds wrong (`SQL_TYPE`, `SQL_SYNTAX`, `SQL_FUNCTION_REFUSED`), and
    `SQL_CONSTRUCT_REFUSED` when the two readings differ, or DuckDB has an internal error over ours.
    """
    tables = [_visible(note.table, note.columns, resolution) for note in resolution.uses.values()]
    try:
        resolved = binder.columns_of(tree, tables)
    except SqlError as error:
        # What is wrong with the question is better said of the question's own text.
        _original(parsed, resolution, binder, tables)
        raise _differs() from error
    except InternalError as error:
        # DuckDB's own planner breaks down on it, mostly on a LATERAL inside which more depends on the rows outside.
        message = "the engine breaks down on a question nested like this; ask it in simpler parts"
        raise SqlError(message, code="SQL_CONSTRUCT_REFUSED", line=1, column=1) from error
    if resolution.starred and any(
        _has_hidden_use(note.table, note.columns) for note in resolution.uses.values()
    ):
        # `*` and a column that it leaves out: no table of DuckDB's looks like that.
        return _own_names(parsed.tree, resolved)
    original = _original(parsed, resolution, binder, tables)
    if [column.type for column in original] != [column.type for column in resolved]:
        raise _differs()
    return original


def _original(
    parsed: ParsedQuery, resolution: Resolution, binder: Binder, tables: list[Table]
) -> tuple[Column, ...]:
    """The outputs of the text as it was written."""
    edits = [
        *parsed.bindings,
        *(Edit(start, start, f"{quoted(table.department)}.") for start, table in resolution.unqualified),
    ]
    try:
        return binder.columns_of(apply_edits(parsed.text, edits), tables)
    except SqlError as error:
        offset = error.metadata.pop("offset", None)
        place = place_at(parsed.text, original_offset(int(offset), edits)) if offset is not None else (1, 1)
        error.line, error.column = place
        raise


def _own_names(tree: exp.Expr, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The outputs with the names that the question gives them: two may have the same, which the tree tells apart."""
    while not isinstance(tree, exp.Select):
        tree = tree.this
    if len(tree.expressions) != len(columns) or any(output.is_star for output in tree.expressions):
        return columns
    named = []
    for output, column in zip(tree.expressions, columns, strict=True):
        own = output.alias_or_name
        is_numbered = fold_name(column.name).startswith(f"{fold_name(own)}_")
        first = next((c.name for c in columns if fold_name(c.name) == fold_name(own)), "")
        named.append(replace(column, name=first) if own and is_numbered and first else column)
    return tuple(named)


def _differs() -> SqlError:
    return SqlError(
        "the question is not supported in this form",
        code="SQL_CONSTRUCT_REFUSED",
        hint="Name tables, columns and outputs explicitly.",
        line=1,
        column=1,
    )


def _has_hidden_use(table: Table, used: set[str]) -> bool:
    if table.star is None:
        return False
    starred = {fold_name(name) for name in table.star}
    return any(fold_name(name) not in starred for name in used)


def _visible(table: Table, used: set[str], resolution: Resolution) -> Table:
    """The table as the text sees it: where `*` counts, with the columns that `*` means, in that order."""
    if table.star is None or not resolution.starred:
        return table
    by_name = {fold_name(column.name): column for column in table.columns}
    starred = [by_name[fold_name(name)] for name in table.star]
    hidden = [column for column in table.columns if column.name in used and column not in starred]
    # A table of which only the rows count has to have a column all the same.
    return Table(table.department, table.name, (*starred, *hidden) or (_NOTHING,))

"""What of a fragment its database runs when it cannot run the whole: parts, and a residual for beside it."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from sql.copies import copy_tree
from sql.keys import is_key_table
from sql.scopes import block_conjuncts, block_expressions, block_sources, free_aliases, nested_queries
from sql.split import Runs, Split, split_query

HERE = "here"
"""The one place of a fragment's tables."""


def split_runnable(tree: exp.Query, runs: Runs) -> Split:
    """The largest parts of `tree` that the database runs; `runs` says of a query over published tables whether it does.

    A part may run by itself and not with the columns that are needed of it. What would then be read of several
    tables, whole, is asked for in smaller parts: without subqueries in conditions, and at last table by table.
    """
    for able in (runs, lambda query: runs(query) and _is_flat(query)):
        split = split_query(tree, lambda table: None if is_key_table(table) else HERE, runs=able)
        if all(_tables(piece.query) == 1 or runs(piece.query) for piece in split.pieces):
            return split
    return split_query(tree, lambda table: None if is_key_table(table) else table.alias_or_name)


def looks_up_rows(tree: exp.Query) -> bool:
    """Whether a subquery in an expression names columns of a query around it, so that it has an answer for each row."""
    return any(
        bool(free_aliases(query))
        for select in tree.find_all(exp.Select)
        for part in block_expressions(select)
        for query in nested_queries(part)
    )


def equates_tables(tree: exp.Query) -> bool:
    """Whether a block joins two of its tables by values that are to be equal, which need not be an index's."""
    return any(
        isinstance(condition, exp.EQ) and free_aliases(condition.this) and len(free_aliases(condition)) > 1
        for select in tree.find_all(exp.Select)
        if len(block_sources(select)) > 1
        for condition in block_conjuncts(select)
    )


def groups_one_table(tree: exp.Query) -> bool:
    """Whether a fragment is the groups of one table's rows and nothing that could be asked for in their stead."""
    grouped = [select for select in tree.find_all(exp.Select) if select.args.get("group")]
    tables = list(tree.find_all(exp.Table))
    return len(grouped) == 1 and len(tables) == 1 and not is_key_table(tables[0])


def count_rows(tree: exp.Query, never_null: Callable[[str], bool]) -> exp.Query:
    """A fragment over one table that counts rows where it counted values that are never NULL, which need not be read."""
    copy = copy_tree(tree)
    for call in list(copy.find_all(exp.Count)):
        if isinstance(call.this, exp.Column) and never_null(call.this.name):
            call.set("this", exp.Star())
    return copy


def is_scan(query: exp.Query) -> bool:
    """Whether a part is all rows of one table."""
    tables = [source for source, _ in block_sources(query)] if isinstance(query, exp.Select) else []
    return not query.args.get("where") and len(tables) == 1 and isinstance(tables[0], exp.Table)


def reads_once(residual: exp.Query, name: str) -> bool:
    """Whether a residual reads what has this name in one place, in a FROM that nothing repeats."""
    found = [table for table in residual.find_all(exp.Table) if table.name == name]
    blocks = list(residual.find_all(exp.Select))
    return len(found) == 1 and len(blocks) == 1 and len(block_sources(blocks[0])) == 1


def _tables(query: exp.Query) -> int:
    return sum(not is_key_table(table) for table in query.find_all(exp.Table))


def _is_flat(query: exp.Query) -> bool:
    """Whether the conditions of a query have no subqueries but those over key sets."""
    where = query.args.get("where")
    nested = where.find_all(exp.Select) if where is not None else ()
    return all(_tables(select) == 0 for select in nested)

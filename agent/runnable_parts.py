"""What of a fragment its database runs when it cannot run the whole: parts, and a residual for beside it."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from sql.copies import copy_tree
from sql.keys import is_key_table
from sql.scopes import block_sources, is_cte_reference, source_alias
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


def is_computed(query: exp.Query, name: str) -> bool:
    """Whether an output of a resolved query is anything but a published column as it stands."""
    sources = {
        source_alias(source): source
        for block in query.find_all(exp.Select)
        for source, _ in block_sources(block)
    }
    defined = {cte.alias: cte for cte in query.find_all(exp.CTE)}

    def computed(body: exp.Expr, place: int) -> bool:
        while isinstance(body, exp.Subquery):
            body = body.this
        if isinstance(body, exp.SetOperation):
            return computed(body.this, place) or computed(body.expression, place)
        output = body.expressions[place].unalias() if isinstance(body, exp.Select) else body
        if not isinstance(output, exp.Column) or output.table not in sources:
            return True
        source = sources[output.table]
        if isinstance(source, exp.Table) and not is_cte_reference(source):
            return False
        inner = defined.get(source.name) if isinstance(source, exp.Table) else source
        if inner is None or not isinstance(inner.this, exp.Query):
            return True
        names = source.alias_column_names or inner.alias_column_names or inner.this.named_selects
        return output.name not in names or computed(inner.this, names.index(output.name))

    return name not in query.named_selects or computed(query, query.named_selects.index(name))


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

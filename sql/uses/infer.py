"""Every way in which the columns of published tables influence an answer, found over a resolved question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from sql.catalog import ColumnUse, Origin, TableUse
from sql.keys import KeyColumn, key_names
from sql.uses.blocks import Blocks, outputs_node
from sql.uses.forms import NotUnderstoodError
from sql.uses.joined import joined_tables
from sql.uses.values import in_order


@dataclass(frozen=True, slots=True)
class Influence:
    """`tables` with their uses, and for each output column every published column that decided it."""

    tables: tuple[TableUse, ...]
    outputs: tuple[frozenset[Origin], ...]


def infer_uses(
    tree: exp.Query,
    tables: Sequence[TableUse],
    text: str = "",
    *,
    crossing: bool = False,
    keys: Sequence[KeyColumn] = (),
) -> Influence:
    """The uses of the columns of `tables` in a resolved `tree`; `text` is where its places are looked up.

    With `crossing` the question is a fragment: values in its output leave the department (`cross`), to be
    worked on at the merge, instead of being read. What is not understood reads every column that it names.
    `keys` are the key sets that it compares with.
    """
    joined = {
        key: tuple(frozenset({partner}) for partner in sorted(partners))
        for key, partners in joined_tables(tree).items()
    }
    tables = [replace(use, joined=joined.get((use.department, use.name), ())) for use in tables]
    try:
        return _infer(tree, tables, text, keys, crossing=crossing)
    except (NotUnderstoodError, RecursionError):
        return _everything(tree, tables, keys, crossing=crossing)


def _infer(
    tree: exp.Query, tables: Sequence[TableUse], text: str, keys: Sequence[KeyColumn], *, crossing: bool
) -> Influence:
    blocks = Blocks({key.name: key for key in keys})
    outputs = blocks.query(tree)
    use, how = ("cross", "sends it to be merged") if crossing else ("read", "returns it")
    for place, value in enumerate(outputs.values):
        for taint in sorted(value.taints, key=in_order):
            words = how if taint.bare else f"{how.removesuffix(' it')} something computed from it"
            node = outputs_node(outputs, place, taint.origin)
            blocks.notes.add([taint], use, words, node, bare=crossing)
        for taint in sorted(value.conditions, key=in_order):
            node = outputs_node(outputs, place, taint.origin)
            words = "decides by it what it returns"
            blocks.notes.add([taint._replace(bare=False)], use, words, node)
    blocks.notes.finish()
    decided = tuple(value.origins | outputs.decided for value in outputs.values)
    return Influence(blocks.notes.tables(tables, text), decided)


def _everything(
    tree: exp.Query, tables: Sequence[TableUse], keys: Sequence[KeyColumn], *, crossing: bool
) -> Influence:
    """What must be assumed of a question that is not understood: it reads all that it names, and may fail.

    Where it compares with key sets, it may compare any column with them.
    """
    named = key_names(tree)
    count = sum(key.count for key in keys if key.name in named)
    how = "uses it in a form that is not understood"
    assumed: list[tuple[str, int]] = [("cross" if crossing else "read", 0)]
    if named:
        assumed.append(("join", count))
    filled = tuple(
        replace(
            table,
            uses=tuple(
                ColumnUse(column, use, how, values=values, fails=True, line=table.line, place=table.column)
                for column in sorted(table.columns)
                for use, values in assumed
            ),
        )
        for table in tables
    )
    every = frozenset((table.department, table.name, column) for table in tables for column in table.columns)
    return Influence(filled, tuple(every for _ in tree.selects))

"""Blocks that join and filter the same tables alike read them once: a total beside the parts that it is the total of."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from sqlglot import exp

from gateway.planner.disclosure import Disclosure
from gateway.planner.remarks import Remark
from gateway.stages import FederatedPlan
from sql.catalog import Catalog
from sql.copies import canonical_text, copy_tree
from sql.from_items import named_table
from sql.scopes import (
    block_sources,
    is_cte_reference,
    source_alias,
    split_conjuncts,
    used_names,
    walk_here,
)

Outputs = dict[tuple[str, str, str], str]
"""Department, table and column, and the column's name in what is shared."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a block before it groups them: its tables in the order of their names, and its conditions."""

    select: exp.Select
    tables: dict[str, exp.Table]
    conjuncts: list[exp.Expr]

    def names(self) -> tuple[str, ...]:
        """The tables' names, in order."""
        return tuple(sorted(map(_name_of, self.tables.values())))

    def texts(self) -> tuple[str, ...]:
        """The conditions, equal for blocks of the same rows over tables of the same names, whatever their aliases."""
        names = {alias: _name_of(table) for alias, table in self.tables.items()}
        texts = []
        for conjunct in self.conjuncts:
            copy = copy_tree(conjunct)
            for column in copy.find_all(exp.Column):
                column.set("table", exp.to_identifier(names[column.table], quoted=True))
            texts.append(canonical_text(copy))
        return tuple(sorted(texts))


def _name_of(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts)


def share_blocks(tree: exp.Query, disclosure: Disclosure, catalog: Catalog) -> exp.Query | None:
    """A copy of `tree` in which such blocks read one WITH query; None where there are none.

    Only over tables of several departments, whose rows meet at the merge anyway, and of columns whose values may be
    seen there. Whether it is worth it is for `cheaper` to say.
    """
    with_ = tree.args.get("with_")
    recursive = with_ is not None and with_.args.get("recursive")
    if recursive or isinstance(tree, exp.Subquery) or not _by_key(tree, disclosure, catalog):
        return None
    copy = copy_tree(tree)
    for blocks in _by_key(copy, disclosure, catalog):
        _share(copy, blocks)
    return copy


def cheaper(apart: FederatedPlan, shared: FederatedPlan) -> bool:
    """Whether less is expected to leave departments when blocks are shared, or the same by fewer fragments."""
    before, after = expected_bytes(apart), expected_bytes(shared)
    if before is None or after is None:
        return False
    return after <= before and len(shared.fragments) < len(apart.fragments)


def expected_bytes(plan: FederatedPlan) -> float | None:
    """What is expected to leave departments, keys aside; None where that is not known of every fragment."""
    estimates = [planned.estimate for planned in plan.fragments]
    found = [estimate.bytes for estimate in estimates if estimate is not None]
    return sum(found) if len(found) == len(estimates) else None


SHARED = Remark("choice", "rows that several parts of the question read are asked for once")


def _by_key(tree: exp.Query, disclosure: Disclosure, catalog: Catalog) -> list[list[_Rows]]:
    """Blocks that can read the same rows, where there is more than one, in the order of the tree."""
    selects = list(tree.find_all(exp.Select))
    if len(selects) < 2:
        return []
    found: dict[tuple[str, ...], list[_Rows]] = {}
    for select in selects:
        rows = _rows_of(select, disclosure, catalog)
        if rows is not None:
            found.setdefault(rows.names(), []).append(rows)
    same: dict[Hashable, list[_Rows]] = {}
    for alike in found.values():
        for rows in alike if len(alike) > 1 else ():
            same.setdefault((rows.names(), rows.texts()), []).append(rows)
    return [blocks for blocks in same.values() if len(blocks) > 1]


def _rows_of(select: exp.Select, disclosure: Disclosure, catalog: Catalog) -> _Rows | None:
    """What a block reads, if it inner-joins published tables of several departments and asks nothing else for it."""
    sources = block_sources(select)
    if len(sources) < 2:
        return None
    tables: dict[str, exp.Table] = {}
    where = select.args.get("where")
    conjuncts = split_conjuncts(where.this if where is not None else None)
    for source, join in sources:
        if not isinstance(source, exp.Table) or is_cte_reference(source):
            return None
        published = catalog.find(source.db, source.name)
        if published is None or published.members:
            # Members decide each for itself, and had better aggregate.
            return None
        if join is not None:
            if join.side or (join.kind or "") not in {"", "INNER", "CROSS"} or join.args.get("using"):
                return None
            conjuncts += split_conjuncts(join.args.get("on"))
        tables[source_alias(source)] = source
    names = {(table.db, table.name) for table in tables.values()}
    if len(names) < len(tables) or len({db for db, _ in names}) < 2:
        return None
    for conjunct in conjuncts:
        parts = list(walk_here(conjunct))
        if any(isinstance(part, exp.Query) for part in parts):
            return None
        if any(isinstance(part, exp.Column) and part.table not in tables for part in parts):
            return None
    rows = _Rows(select, tables, conjuncts)
    for column in select.find_all(exp.Column):
        table = tables.get(column.table)
        if table is not None and disclosure.holds_back(table.db, table.name, column.name):
            return None
    return rows


def _share(tree: exp.Query, blocks: list[_Rows]) -> None:
    """Makes the blocks' rows a WITH query of the whole tree, with the columns that any of them needs."""
    taken = set(used_names(tree))
    name = _free("shared_rows", taken)
    inside = {id(column) for rows in blocks for c in rows.conjuncts for column in c.find_all(exp.Column)}
    homes = {
        alias: (number, table) for number, rows in enumerate(blocks) for alias, table in rows.tables.items()
    }
    aliases = [name, *(_free(name, taken) for _ in blocks[1:])]
    names: Outputs = {}
    used: set[str] = set()
    for column in list(tree.find_all(exp.Column)):
        if column.table not in homes or id(column) in inside:
            continue
        number, table = homes[column.table]
        key = (table.db, table.name, column.name)
        if key not in names:
            names[key] = _free(column.name, used)
        column.set("this", exp.to_identifier(names[key], quoted=True))
        column.set("table", exp.to_identifier(aliases[number], quoted=True))
    first = blocks[0]
    of_table = {(table.db, table.name): alias for alias, table in first.tables.items()}
    outputs = [
        exp.alias_(exp.column(column, table=of_table[db, table], quoted=True), output, quoted=True)
        for (db, table, column), output in names.items()
    ]
    body = exp.Select(expressions=outputs or [exp.alias_(exp.Literal.number(1), "one", quoted=True)])
    for part in ("from_", "joins", "where"):
        body.set(part, first.select.args.get(part))
    for rows, alias in zip(blocks, aliases, strict=True):
        rows.select.set("from_", exp.From(this=named_table(name, alias)))
        rows.select.set("joins", None)
        rows.select.set("where", None)
    _define(tree, name, body)


def _define(tree: exp.Query, name: str, body: exp.Select) -> None:
    """Puts a WITH query before all others of the tree: it reads none of them."""
    cte = exp.CTE(this=body, alias=exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
    with_ = tree.args.get("with_")
    if with_ is None:
        tree.set("with_", exp.With(expressions=[cte]))
    else:
        with_.set("expressions", [cte, *with_.expressions])


def _free(name: str, taken: set[str]) -> str:
    """The name, or it with a number, as none is taken yet; it is from then on."""
    found, number = name, 1
    while found.lower() in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found.lower())
    return found

"""What a floor leaves of the rows, found by looking at the rows and not by rewriting the question.

A question with one grouping has, under a floor, the answer that it would have if the rows of groups on too few
entities were not there. So the oracle asks which rows stand in such groups, hides them, and asks the question as it
stands. For what is not that simple (ROLLUP, FILTER, several floors in one block) it is `Unclear`; such questions have
an oracle of their own in `tests/agent/floor_oracle.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import duckdb
from sqlglot import exp, parse_one

ROW = "_row"
ENTITY = "_entity"


class Unclear(Exception):
    """The oracle cannot tell what a floor leaves of this question."""


def find_block(tree: exp.Expr, named: Callable[[exp.Table], bool]) -> tuple[exp.Select, exp.Table] | None:
    """The one block that reads the table, and where; None when none does."""
    found = [
        (select, source)
        for select in tree.find_all(exp.Select)
        for source in _sources(select)
        if isinstance(source, exp.Table) and named(source)
    ]
    if len(found) > 1:
        raise Unclear("a table under a floor is read twice")
    return found[0] if found else None


def small_rows(
    run: Callable[[str], duckdb.DuckDBPyRelation],
    select: exp.Select,
    source: exp.Table,
    rows: str,
    least: int,
) -> tuple[list[int], bool]:
    """The rows of the table that stand in groups on fewer than `least` entities, and whether no group is left.

    `rows` is a query for all rows of the table with their `ROW` and `ENTITY`.
    """
    joins = select.args.get("joins") or []
    if any(join.side or join.kind in {"SEMI", "ANTI"} for join in joins) or select.find(exp.Filter):
        raise Unclear("an outer join or a FILTER over a table under a floor")
    groups: dict[tuple[Any, ...], list[tuple[int, Any]]] = defaultdict(list)
    for key, row, entity in _memberships(run, select, source, rows):
        groups[key].append((row, entity))
    small = [g for g in groups.values() if len({entity for _, entity in g if entity is not None}) < least]
    return [row for group in small for row, _ in group], len(small) == len(groups)


def _memberships(
    run: Callable[[str], duckdb.DuckDBPyRelation], select: exp.Select, source: exp.Table, rows: str
) -> Iterator[tuple[tuple[Any, ...], int, Any]]:
    probe, alias = select.copy(), source.alias_or_name
    for part in ("expressions", "group", "having", "qualify", "order", "limit", "offset", "distinct"):
        probe.set(part, None)
    with_ = next((node.args["with_"] for node in _outwards(select) if node.args.get("with_")), None)
    probe.set("with_", with_.copy() if with_ is not None else None)
    place = next(s for s in _sources(probe) if s.alias_or_name == alias)
    place.replace(
        exp.Subquery(this=parse_one(rows, read="duckdb"), alias=exp.to_identifier(alias, quoted=True))
    )
    last: Exception = Unclear("no reading of GROUP BY fits")
    for keys in _readings(select):
        listed = [
            *(exp.alias_(key.copy(), f"key_{number}") for number, key in enumerate(keys)),
            exp.column(ROW, table=alias, quoted=True),
            exp.column(ENTITY, table=alias, quoted=True),
        ]
        asked = probe.copy()
        asked.set("expressions", listed)
        try:
            found = run(asked.sql(dialect="duckdb")).fetchall()
        except duckdb.BinderException as error:
            last = error
            continue
        yield from ((tuple(row[:-2]), row[-2], row[-1]) for row in found)
        return
    raise last


def _readings(select: exp.Select) -> list[Sequence[exp.Expr]]:
    """What GROUP BY may mean: a name is a column first and an output second."""
    group = select.args.get("group")
    outputs = {output.alias.lower(): output.unalias() for output in select.expressions if output.alias}
    plain = [output.unalias() for output in select.expressions]
    if group is None:
        return [plain] if select.args.get("distinct") is not None and not _aggregated(plain) else [[]]
    if group.args.get("all"):
        return [[output for output in plain if not _aggregated([output])]]
    keys: list[exp.Expr] = []
    for key in group.expressions:
        if isinstance(key, (exp.Rollup, exp.Cube, exp.GroupingSets, exp.Tuple)):
            raise Unclear("grouping sets over a table under a floor")
        keys.append(plain[int(key.name) - 1] if isinstance(key, exp.Literal) and key.is_int else key)
    renamed = [
        outputs.get(key.name.lower(), key) if isinstance(key, exp.Column) and not key.table else key
        for key in keys
    ]
    return [keys, renamed]


def _aggregated(expressions: Sequence[exp.Expr]) -> bool:
    return any(expression.find(exp.AggFunc) is not None for expression in expressions)


def _sources(select: exp.Select) -> list[exp.Expr]:
    from_ = select.args.get("from_")
    first = [from_.this] if from_ is not None else []
    return [*first, *(join.this for join in select.args.get("joins") or ())]


def _outwards(node: exp.Expr | None) -> Iterator[exp.Expr]:
    while node is not None:
        yield node
        node = node.parent

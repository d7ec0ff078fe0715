"""The policy barrier: what stands between a question and a department's physical tables.

Just before a fragment runs, its final tree and the text that goes to the database must still have every
physical table directly inside the wrap that the policy made of it. Rewrites in between are ours, so that a
table outside is a fault of ours, and the fragment fails closed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from comity.errors import InternalError
from policies.wrap import PHYSICAL, PUBLISHED
from sql.keys import key_set_of, unpacks_keys

ROW = "_row"
"""The one column of a table of which only the rows count."""

_ALONE = frozenset({"expressions", "from_"})
_FILTERED = _ALONE | {"where", "limit", "offset"}
_STRANGERS = (exp.Query, exp.AggFunc, exp.Window)


@dataclass(frozen=True, slots=True)
class Boundary:
    """One wrap: the physical table, its mapping to published columns, and the masks and row filter over them."""

    table: exp.Table
    mapping: exp.Select
    shown: exp.Select

    def columns(self) -> list[str]:
        """The physical columns that the mapping reads."""
        read = (c.name for c in self.mapping.find_all(exp.Column) if c.table == PHYSICAL)
        return list(dict.fromkeys(read))

    @property
    def row_filter(self) -> exp.Expr | None:
        where = self.shown.args.get("where")
        return where.this if where is not None else None


def boundary_of(table: exp.Table) -> Boundary:
    """The wrap that `table` stands in. Raises `InternalError` where it stands in none."""
    mapping = _sole(table, PHYSICAL)
    published = mapping.parent if mapping is not None else None
    shown = _sole(published, PUBLISHED) if isinstance(published, exp.Subquery) else None
    if mapping is None or shown is None or not isinstance(shown.parent, exp.Subquery):
        raise InternalError("a physical table stands outside its policy")
    if not _only(mapping, _ALONE) or not _only(shown, _FILTERED):
        raise InternalError("a policy's projection holds more than the policy")
    return Boundary(table, mapping, shown)


def check_barriers(
    tree: exp.Expr,
    filtered: Mapping[tuple[str, ...], frozenset[bool]],
    keys: Collection[str] = (),
) -> None:
    """Checks that every physical table of `tree` stands inside its wrap, with a row filter where it has one.

    `filtered` says, for each physical table that the fragment may read, whether its decisions have row filters.
    `keys` are the key sets that the tree may name; in a source's own text they are constants already. Raises
    `InternalError`.
    """
    names = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        parts = tuple(part.name for part in table.parts)
        if len(parts) == 1 and table.name in names and not (table.alias == PHYSICAL and parts in filtered):
            continue
        if parts not in filtered and (_is_key_set(table, keys) or unpacks_keys(table)):
            continue
        if parts not in filtered:
            raise InternalError("a table was to be read that the fragment does not name")
        boundary = boundary_of(table)
        if (boundary.row_filter is not None) not in filtered[parts]:
            raise InternalError("a row filter is missing from a policy's projection")


def _is_key_set(table: exp.Table, keys: Collection[str]) -> bool:
    """Whether a table is a key set of the fragment, compared with in the one way that there is."""
    comparison = table.find_ancestor(exp.In)
    return table.name in keys and comparison is not None and key_set_of(comparison) is table


def allowed_rows(boundary: Boundary, columns: Sequence[str]) -> exp.Select:
    """The query for the physical `columns` of the rows that the policy lets through.

    Nothing of the question is in it, so nothing of the question is computed on a hidden row.
    """
    assert boundary.row_filter is not None
    mapped = {projection.alias: projection.unalias() for projection in boundary.mapping.expressions}
    where = exp.Where(this=boundary.row_filter.copy())
    for column in list(where.find_all(exp.Column)):
        if column.table != PUBLISHED or column.name not in mapped:
            raise InternalError("a row filter reads more than its own table")
        value = mapped[column.name].copy()
        column.replace(value if isinstance(value, exp.Column) else exp.Paren(this=value))
    read = [exp.alias_(exp.column(c, table=PHYSICAL, quoted=True), c, quoted=True) for c in columns]
    return exp.Select(
        expressions=read or [exp.alias_(exp.Literal.number(1), ROW, quoted=True)],
        from_=exp.From(this=boundary.table.copy()),
        where=where,
    )


def _sole(relation: exp.Expr, alias: str) -> exp.Select | None:
    """The SELECT whose whole FROM is `relation` under `alias`."""
    clause = relation.parent
    select = clause.parent if isinstance(clause, exp.From) else None
    if relation.alias_or_name != alias or not isinstance(select, exp.Select):
        return None
    return None if relation.args.get("joins") or select.args.get("joins") else select


def _only(select: exp.Select, parts: Collection[str]) -> bool:
    """Whether a SELECT has nothing but these clauses, and its projections compute row by row."""
    if any(value for name, value in select.args.items() if name not in parts):
        return False
    where = select.args.get("where")
    computed = [*select.expressions, *([where] if where is not None else [])]
    return not any(node.find(*_STRANGERS) for node in computed)

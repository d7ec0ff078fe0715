"""Wraps a physical table at the scan, so that a question reads only what a decision shows.

Every name of the question then resolves to the wrap's output: whole-row references, stars, system columns
and expressions see masked values of allowed rows and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from comity.errors import ConfigurationError, InternalError, SqlError
from policies.decision import Decision
from policies.fallible import annotate_columns, guarded
from policies.floor_blocks import ENTITY
from policies.mapping import mapping_expression, published_type
from policies.masks import mask_expression
from policies.model import Mask
from policies.principal import Principal
from policies.published import PublishedColumn, PublishedTable
from policies.row_filter import bind_row_filter, filter_columns
from sql.catalog import fold_name

__all__ = ["published_columns", "published_type", "wrap_table"]

PHYSICAL = "_physical"
PUBLISHED = "_published"
NO_COLUMN = "_row"


def published_columns(
    table: PublishedTable, physical_types: Mapping[str, str]
) -> Mapping[str, PublishedColumn]:
    """The table's published columns by name, in order; every physical one where it lists none."""
    if table.columns is not None:
        return {c.name: c for c in table.columns}
    return {name: PublishedColumn(name, name) for name in physical_types}


def wrap_table(
    table: PublishedTable,
    physical_types: Mapping[str, str],
    decision: Decision,
    principal: Principal,
    columns: Iterable[str],
    alias: str,
) -> exp.Subquery:
    """The relation that stands for `table` in a question of `principal`, as DuckDB SQL.

    Two levels: the inner one maps physical columns to raw published values, the outer one masks them and
    filters rows on the raw values. Only `columns` leave it, and only they and what the row filter reads are
    read. `physical_types` are canonical types by physical name; `table.physical` is the name in the
    FROM clause. With no columns it yields one constant per allowed row, under a name no question can use.
    `ENTITY` among the columns is the raw value of the column that the decision's floor counts.

    Raises `InternalError` when the decision does not allow a column, `ConfigurationError` when the physical
    table does not fit department.yaml or the policy.
    """
    if not decision.allowed or decision.table != table.name:
        raise InternalError(f"a table was to be read without a decision that allows it: {table.name}")
    wanted = tuple(dict.fromkeys(columns))
    known = published_columns(table, physical_types)
    counted = decision.floor.column if decision.floor is not None and ENTITY in wanted else None
    if counted is not None and (counted not in known or ENTITY in map(fold_name, known)):
        message = f"a floor over {table.name} needs its entity column, and no column named {ENTITY}"
        raise ConfigurationError(message, code="CONFIG_POLICY", department=decision.department)
    for name in wanted:
        hidden = counted is not None and name == ENTITY
        if not hidden and (name not in decision.columns or name not in known):
            raise InternalError(f"a column of {table.name} was to be read that the decision does not allow")
    try:
        read = _read_columns(decision, known, (*wanted, counted) if counted is not None else wanted)
        types = {name: published_type(known[name], physical_types) for name in read}
        inner = _select(
            [_alias(mapping_expression(known[name], physical_types, PHYSICAL), name) for name in read],
            _physical(table),
        )
        outer = _select(
            [
                _alias(
                    _raw(counted) if counted and name == ENTITY else _shown(decision, name, types[name]), name
                )
                for name in wanted
            ],
            exp.Subquery(this=inner, alias=_table_alias(PUBLISHED)),
        )
        if decision.row_filter is not None:
            condition = bind_row_filter(decision.row_filter, principal, types, PUBLISHED)
            for projection in inner.expressions:
                annotate_columns(projection, physical_types)
            outer.set("where", exp.Where(this=guarded(condition, types, inner)))
    except SqlError as error:
        message = f"the policy of {table.name} does not fit the table: {error.message}"
        raise ConfigurationError(message, code="CONFIG_POLICY", department=decision.department) from None
    return exp.Subquery(this=outer, alias=_table_alias(alias))


def _read_columns(
    decision: Decision, known: Mapping[str, PublishedColumn], wanted: tuple[str, ...]
) -> list[str]:
    """The columns that leave the wrap and those that its row filter reads, in the table's order."""
    filtered = filter_columns(decision.row_filter, known) if decision.row_filter is not None else frozenset()
    return [name for name in known if name in filtered or name in wanted]


def _shown(decision: Decision, name: str, kind: str) -> exp.Expr:
    column = _raw(name)
    rule = decision.columns[name]
    if rule.mask is None:
        return column
    return mask_expression(Mask(rule.mask, rule.mask_argument), column, kind)


def _raw(name: str) -> exp.Column:
    return exp.column(name, table=PUBLISHED, quoted=True)


def _select(projections: list[exp.Expr], relation: exp.Expr) -> exp.Select:
    chosen = projections or [_alias(exp.Literal.number(1), NO_COLUMN)]
    return exp.Select(expressions=chosen, from_=exp.From(this=relation))


def _physical(table: PublishedTable) -> exp.Table:
    parts = [exp.to_identifier(part, quoted=True) for part in reversed(table.physical)]
    names = dict(zip(("this", "db", "catalog"), parts, strict=False))
    return exp.Table(**names, alias=_table_alias(PHYSICAL))


def _alias(value: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def _table_alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))

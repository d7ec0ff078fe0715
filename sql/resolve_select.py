"""One SELECT block, clause by clause, in the order in which names become known."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sql.annotate import annotate_types, kind_of
from sql.naming import distinct_names
from sql.resolution import Resolution
from sql.resolve_from import resolve_from
from sql.resolve_groups import resolve_groups
from sql.resolve_names import bind_names
from sql.resolve_order import check_row_counts, resolve_distinct, resolve_order
from sql.resolve_outputs import resolve_outputs
from sql.resolve_windows import avoid_dense_ranks_of_all, inline_windows
from sql.scopes import BLOCK
from sql.sources import AliasMode, CteDefinition, Output, Scope, identifier


def resolve_select(
    resolution: Resolution,
    select: exp.Select,
    ctes: Mapping[str, CteDefinition],
    outer: Scope | None,
    *,
    named: bool,
) -> tuple[Output, ...]:
    """Resolves one block in place and returns its outputs; its WITH clause has been resolved before."""
    windows = inline_windows(resolution, select)
    scope = Scope(resolve_from(resolution, select, ctes, outer), outer, ctes)
    # Where `*` leaves out columns, DuckDB may not be able to name the outputs for us.
    partly = any(s.table is not None and s.table.star is not None for s in scope.relation.sources)
    resolve_outputs(resolution, select, scope, named=named or partly)
    avoid_dense_ranks_of_all(windows)  # not before the outputs have their names
    if (where := select.args.get("where")) is not None:
        bind_names(resolution, where.this, scope)
    resolve_groups(resolution, select, scope)
    if (having := select.args.get("having")) is not None:
        scope.mode = AliasMode.HAVING
        bind_names(resolution, having.this, scope)
        scope.mode = AliasMode.AFTER_COLUMNS
    if (qualify := select.args.get("qualify")) is not None:
        bind_names(resolution, qualify.this, scope)
    resolve_distinct(resolution, select, scope)
    resolve_order(resolution, select, scope)
    check_row_counts(resolution, select)
    annotate_types(select)
    resolution.blocks += 1
    select.meta[BLOCK] = resolution.blocks
    return _outputs(select)


def _outputs(select: exp.Select) -> tuple[Output, ...]:
    """Names the outputs apart, as they will be seen from outside."""
    aliases = select.expressions
    names = [alias.alias for alias in aliases]
    for alias, name, new in zip(aliases, names, distinct_names(names), strict=True):
        if new != name:
            alias.set("alias", identifier(new))
    return tuple(Output(alias.alias, kind_of(alias)) for alias in aliases)

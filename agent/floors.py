"""What an agent knows that a floor needs: which tables have one, and which of their columns are unique."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from agent.publication import Publisher
from policies.decision import Decision
from policies.floors import ENTITY, FlooredQuery, Keys, apply_floors, check_floors
from policies.wrap import published_columns
from sql.resolve import ResolvedQuery


def keep_floors(
    resolved: ResolvedQuery, decisions: Mapping[str, Decision], publisher: Publisher
) -> FlooredQuery:
    """What runs instead of a fragment under floors. Raises `PolicyError` where a floor could be got around."""
    department = publisher.department.name
    floors = {(department, name): d.floor for name, d in decisions.items() if d.floor is not None}
    if not floors:
        return FlooredQuery(resolved.tree, ())
    check_floors(resolved.tree, floors, resolved.parsed.text, _keys(publisher, decisions))
    return apply_floors(resolved.tree, floors)


def _keys(publisher: Publisher, decisions: Mapping[str, Decision]) -> Keys:
    """Primary keys by published names, where all their columns are published and shown as they are."""
    found: dict[tuple[str, str], tuple[frozenset[str], ...]] = {}
    for name, decision in decisions.items():
        source = publisher.source(name)
        columns = published_columns(publisher.department.tables[name], source.types)
        exact = {
            column.source: column.name
            for column in columns.values()
            if column.source is not None
            and column.expr is None
            and column.codes is None
            and column.type in {None, source.types.get(column.source)}
            and (rule := decision.columns.get(column.name)) is not None
            and rule.mask is None
        }
        key = source.table.primary_key
        if key and all(part in exact for part in key):
            found[publisher.department.name, name] = (frozenset(exact[part] for part in key),)
    return found


def stand_in(query: exp.Query, decisions: Mapping[str, Decision]) -> exp.Query:
    """A query of the same types without the column of entities, which no catalog has."""
    copy = query.copy()
    tables = {table.alias_or_name: table.name for table in copy.find_all(exp.Table)}
    for column in copy.find_all(exp.Column):
        decision = decisions.get(tables.get(column.table, ""))
        if column.name == ENTITY and decision is not None and decision.floor is not None:
            column.set("this", exp.to_identifier(decision.floor.column, quoted=True))
    return copy

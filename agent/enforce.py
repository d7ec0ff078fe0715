"""Decides a fragment by the department's own policy and wraps every table at the scan.

A fragment is SQL over published tables, however it was made: nothing the gateway says about policy is
believed here. The text is parsed and resolved again, against the department's own tables and only what
the principal may see of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from agent.floors import keep_floors
from agent.publication import Publisher
from agent.received_keys import check_key_sets
from comity.errors import InternalError, PolicyError
from policies.decide import decide, visible
from policies.decision import Decision
from policies.floors import ENTITY, FlooredQuery
from policies.port import FragmentRequest
from policies.principal import Principal
from policies.wrap import wrap_table
from sql.binder import Binder
from sql.catalog import Catalog, Table
from sql.keys import KeyColumn, is_key_table
from sql.parse import parse_query
from sql.resolve import ResolvedQuery, resolve_query
from sql.scopes import is_cte_reference
from sql.uses import infer_uses


@dataclass(frozen=True, slots=True)
class EnforcedFragment:
    """A fragment that the department allows: the resolved tree and one decision per table.

    `floored` is what runs: the tree with the floors of its tables kept. `keys` are its key sets, checked.
    """

    request: FragmentRequest
    resolved: ResolvedQuery
    decisions: Mapping[str, Decision]
    floored: FlooredQuery
    keys: tuple[KeyColumn, ...] = ()

    @property
    def has_floor(self) -> bool:
        return any(decision.floor is not None for decision in self.decisions.values())

    @property
    def policy_digests(self) -> tuple[str, ...]:
        return tuple(sorted({d.policy_digest for d in self.decisions.values()}))


def visible_catalog(publisher: Publisher, principal: Principal, purpose: str, today: date) -> Catalog:
    """The department's tables as one principal may see them under one purpose."""
    tables = []
    publication = publisher.publication()
    for table in publication.tables:
        view = visible(publisher.department, table.name, principal, purpose, today)
        if view is None or not view.columns:
            continue
        allowed = set(view.columns)
        columns = tuple(column for column in table.columns if column.name in allowed)
        tables.append(Table(table.department, table.name, columns, view.star))
    return Catalog(tables, publication.version)


def enforce(request: FragmentRequest, publisher: Publisher, binder: Binder, today: date) -> EnforcedFragment:
    """Parses, resolves and decides one fragment.

    Raises `SqlError` for text, or keys, that no gateway of ours sends, `LimitError` for too many keys, `PolicyError`
    when the policy refuses, and `InternalError` when the fragment's result would not have the requested types.
    """
    fragment = request.fragment
    keys = check_key_sets(request.keys, publisher.department.name)
    catalog = visible_catalog(publisher, request.principal, request.purpose, today)
    resolved = resolve_query(parse_query(fragment.sql), catalog, binder, keys=keys)
    # Values in the fragment's output cross to the merge, whatever the gateway says that it does with them there.
    influence = infer_uses(resolved.tree, resolved.tables, fragment.sql, crossing=True, keys=keys)
    decisions: dict[str, Decision] = {}
    for use in influence.tables:
        decision = decide(
            publisher.department,
            use,
            request.principal,
            request.purpose,
            today,
            request.grants.get(use.name),
            fragment=True,
        )
        if not decision.allowed:
            raise PolicyError("; ".join(decision.reasons), department=publisher.department.name)
        decisions[use.name] = decision
    if not resolved.schema.equals(fragment.schema):
        raise InternalError(
            f"fragment {fragment.id}: {publisher.department.name} would answer with other types"
        )
    floored = keep_floors(resolved, decisions, publisher)
    return EnforcedFragment(request, resolved, decisions, floored, keys)


def wrap_tables(
    tree: exp.Query, enforced: EnforcedFragment, publisher: Publisher
) -> tuple[exp.Query, list[exp.Table]]:
    """A copy of `tree` in which each published table is the policy's projection of its physical table.

    Also gives the nodes of the physical tables: by their names they could not be told from WITH names.
    """
    copy = tree.copy()
    columns: dict[str, dict[str, None]] = {}
    physical: list[exp.Table] = []
    tables = [t for t in copy.find_all(exp.Table) if not is_cte_reference(t) and not is_key_table(t)]
    for column in copy.find_all(exp.Column):
        columns.setdefault(column.table, {})[column.name] = None
    for table in tables:
        name = table.name
        published = publisher.department.tables[name]
        use = next(use for use in enforced.resolved.tables if use.name == name)
        wanted = [c for c in columns.get(table.alias_or_name, {}) if c in use.columns or c == ENTITY]
        wrapped = wrap_table(
            published,
            publisher.source(name).types,
            enforced.decisions[name],
            enforced.request.principal,
            wanted,
            table.alias_or_name,
        )
        table.replace(wrapped)
        physical += wrapped.find_all(exp.Table)
    return copy, physical

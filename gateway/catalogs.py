"""All departments' published tables, and each caller's view of them."""

from __future__ import annotations

import fnmatch
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from comity.errors import ConfigurationError, PolicyError, SourceError
from gateway.configuration import Federation
from policies.decision import Visibility
from policies.port import DepartmentPort, Publication
from policies.principal import Principal
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table, TableUse

CACHED_VIEWS = 256


@dataclass(frozen=True, slots=True)
class CallerView:
    """What one principal may see under one purpose: the catalog, and the departments' explanations."""

    catalog: Catalog
    visibility: Mapping[tuple[str, str], Visibility]


class Catalogs:
    """The federation's catalogue. A department that cannot be described is missing until it can."""

    def __init__(
        self,
        federation: Federation,
        ports: Mapping[str, DepartmentPort],
        today: Callable[[], date] = date.today,
    ) -> None:
        self.federation = federation
        self.today = today
        self.ports = ports
        self.publications: dict[str, Publication] = {}
        self.missing: dict[str, SourceError] = {}
        self._lock = threading.Lock()
        self._views: OrderedDict[object, CallerView] = OrderedDict()
        self.refresh()

    def refresh(self) -> None:
        """Asks every department again what it publishes."""
        for name, port in self.ports.items():
            try:
                self.publications[name] = port.describe()
                self.missing.pop(name, None)
            except SourceError as error:
                self.missing[name] = error
        tables = [table for name in self.publications for table in self.publications[name].tables]
        versions = "".join(f"{name}:{p.version};" for name, p in sorted(self.publications.items()))
        version = hashlib.sha256(versions.encode()).hexdigest()[:16]
        federated = self._federated(Catalog(tables, version))
        self.published = Catalog([*tables, *federated], version)
        self.binder = Binder(self.published.tables)
        with self._lock:
            self._views.clear()

    def view(self, principal: Principal, purpose: str) -> CallerView:
        """What a principal may see under a purpose, today."""
        attributes = tuple(sorted((key, repr(value)) for key, value in principal.attributes.items()))
        roles = tuple(sorted(principal.roles))
        key = (principal.subject, principal.department, roles, attributes, purpose, self.today())
        with self._lock:
            if key in self._views:
                self._views.move_to_end(key)
                return self._views[key]
        view = self._make_view(principal, purpose)
        with self._lock:
            self._views[key] = view
            while len(self._views) > CACHED_VIEWS:
                self._views.popitem(last=False)
        return view

    def explain_absence(
        self, principal: Principal, purpose: str, department: str, table: str
    ) -> PolicyError | None:
        """The denial that a principal may read about a table it cannot see, or None for plain absence."""
        found = self.published.find(department, table)
        if found is None:
            return None
        for member_department, member in found.members or ((found.department, found.name),):
            use = TableUse(member_department, member, frozenset())
            (decision,) = self.ports[member_department].decide(principal, purpose, (use,))
            if not decision.allowed and decision.known:
                reasons = "; ".join(decision.reasons)
                return PolicyError(f"{member_department}.{member}: {reasons}", department=member_department)
        return None

    def _make_view(self, principal: Principal, purpose: str) -> CallerView:
        visibility: dict[tuple[str, str], Visibility] = {}
        tables: list[Table] = []
        for name, publication in self.publications.items():
            views = {view.table: view for view in self.ports[name].visible(principal, purpose)}
            for table in publication.tables:
                view = views.get(table.name)
                if view is None or not view.columns:
                    continue
                visibility[(name, table.name)] = view
                allowed = frozenset(view.columns)
                columns = tuple(column for column in table.columns if column.name in allowed)
                tables.append(Table(name, table.name, columns, view.star, table.row_estimate))
        base = Catalog(tables, self.published.version)
        federated = [table for table in self._federated(base) if self._sees_all(table)]
        return CallerView(Catalog([*tables, *federated], self.published.version), visibility)

    def _sees_all(self, table: Table) -> bool:
        """A federated table is the rows of all its members, or it is not that table."""
        whole = self.published.find(table.department, table.name)
        return whole is not None and set(whole.members) == set(table.members)

    def _federated(self, catalog: Catalog) -> list[Table]:
        """The federated tables over what `catalog` holds, with the columns all members share."""
        found = []
        for name, settings in self.federation.settings.tables.items():
            group, _, short = name.partition(".")
            pattern, _, member_name = settings.union.rpartition(".")
            members = [
                table
                for table in catalog.tables
                if table.name == member_name and fnmatch.fnmatchcase(table.department, pattern)
            ]
            if not members:
                if catalog.tables and not hasattr(self, "published") and not self.missing:
                    raise ConfigurationError(
                        f"the federated table {name}: {settings.union} names no published table",
                        code="CONFIG_REFERENCE",
                    )
                continue
            found.append(_federate(group, short, members, settings.member_column))
        return found


def _federate(group: str, name: str, members: list[Table], member_column: str | None) -> Table:
    first = members[0]
    shared = [
        column
        for column in first.columns
        if all(any(c.name == column.name for c in other.columns) for other in members)
    ]
    for column in shared:
        for other in members:
            theirs = next(c for c in other.columns if c.name == column.name)
            if theirs.type != column.type:
                raise ConfigurationError(
                    f"the federated table {group}.{name}: {column.name} is {column.type} in "
                    f"{first.qualified_name} and {theirs.type} in {other.qualified_name}",
                    code="CONFIG_REFERENCE",
                    hint="Give the column one standard type in every department.yaml.",
                )
    star: list[str] | None = None
    if any(table.star is not None for table in members):
        lists = [t.star if t.star is not None else tuple(c.name for c in t.columns) for t in members]
        star = [column for column in lists[0] if all(column in other for other in lists)]
    columns = list(shared)
    if member_column is not None:
        columns.append(Column(member_column, "VARCHAR", "成员"))
        if star is not None:
            star.append(member_column)
    estimates = [table.row_estimate for table in members]
    return Table(
        group,
        name,
        tuple(columns),
        tuple(star) if star is not None else None,
        sum(e for e in estimates if e is not None) if all(e is not None for e in estimates) else None,
        tuple((table.department, table.name) for table in members),
        member_column,
    )

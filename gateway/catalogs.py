"""All departments' published tables, and each caller's view of them."""

from __future__ import annotations

import fnmatch
import hashlib
import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from comity.errors import ConfigurationError, PolicyError, SourceError
from gateway.configuration import Federation
from gateway.stages import QueryRequest
from policies.decision import Visibility
from policies.port import DepartmentPort, Publication
from policies.principal import Principal, principal_key
from sql.binder import Binder
from sql.catalog import Catalog, Column, ColumnUse, Table, TableUse

CACHED_VIEWS = 256


Key = tuple[str, str]
"""A table: its department and its name."""

MOST_READINGS = 32


@dataclass(frozen=True, slots=True)
class Reading:
    """A catalog in which `*` means the columns of `grants`, for the tables that several grants show."""

    catalog: Catalog
    grants: Mapping[Key, str]


@dataclass(frozen=True, slots=True)
class CallerView:
    """What one principal may see under one purpose: the catalog, and the departments' explanations."""

    catalog: Catalog
    visibility: Mapping[Key, Visibility]


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
        self.generation = 0
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
            self.generation += 1

    def view(self, principal: Principal, purpose: str) -> CallerView:
        """What a principal may see under a purpose, today."""
        key = (principal_key(principal), purpose, self.today())
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
        visibility = {
            (name, view.table): view
            for name in self.publications
            for view in self.ports[name].visible(principal, purpose)
            if view.columns
        }
        return CallerView(self._catalog(visibility, {}), visibility)

    def _catalog(self, visibility: Mapping[Key, Visibility], grants: Mapping[Key, str]) -> Catalog:
        """What is visible, `*` meaning the columns of the first applicable grant, or of the one in `grants`."""
        tables: list[Table] = []
        for name, publication in self.publications.items():
            for table in publication.tables:
                view = visibility.get((name, table.name))
                if view is None:
                    continue
                allowed = frozenset(view.columns)
                columns = tuple(column for column in table.columns if column.name in allowed)
                grant = grants.get((name, table.name))
                star = view.star if grant is None else view.stars[grant]
                tables.append(Table(name, table.name, columns, star, table.row_estimate))
        base = Catalog(tables, self.published.version)
        federated = [table for table in self._federated(base) if self._sees_all(table)]
        return Catalog([*tables, *federated], self.published.version)

    def readings(self, view: CallerView, names: frozenset[str]) -> Iterator[Reading]:
        """The catalogs under which a question with `*` over tables of these (lower-case) names may be read.

        `*` means the columns of the grant that governs the question, and which grant governs depends on the
        columns: so each combination of applicable grants is a reading, in file order.
        """
        members = {
            member for table in view.catalog.tables if table.name.lower() in names for member in table.members
        }
        keys = [
            key
            for key, seen in view.visibility.items()
            if len(seen.stars) > 1 and (key[1].lower() in names or key in members)
        ]
        choices = itertools.product(*(view.visibility[key].stars for key in keys))
        for number, choice in enumerate(itertools.islice(choices, MOST_READINGS)):
            grants = dict(zip(keys, choice, strict=True))
            yield Reading(view.catalog if number == 0 else self._catalog(view.visibility, grants), grants)

    def governs(self, reading: Reading, request: QueryRequest, uses: Iterable[TableUse]) -> bool:
        """Whether the grants of a reading are those that the departments would choose for these uses."""
        for use in uses:
            for member in self.members(use):
                wanted = reading.grants.get((member.department, member.name))
                if wanted is None:
                    continue
                port = self.ports[member.department]
                (decision,) = port.decide(request.principal, request.purpose, (member,))
                if decision.grant_id != wanted:
                    return False
        return True

    def members(self, use: TableUse) -> list[TableUse]:
        """The uses that departments decide about: a federated table's members, also where it is joined with.

        The member column is the federation's own and asks nobody.
        """
        table = self.published.find(use.department, use.name)
        if table is None or not table.members:
            return [replace(use, uses=self._partners(use.uses), joined=self._joined(use))]
        columns, uses = use.columns, use.uses
        if table.member_column is not None:
            columns -= {table.member_column}
            uses = tuple(u for u in uses if u.column != table.member_column)
        asked = replace(use, columns=columns, uses=self._partners(uses), joined=self._joined(use))
        return [replace(asked, department=department, name=name) for department, name in table.members]

    def _partners(self, uses: tuple[ColumnUse, ...]) -> tuple[ColumnUse, ...]:
        """The uses with the members' columns where a federated table's stands on the other side of a join."""
        found: list[ColumnUse] = []
        for use in uses:
            department, name, column = use.partner or ("", "", "")
            table = self.published.find(department, name) if use.partner is not None else None
            if table is None or not table.members:
                found.append(use)
            elif column == table.member_column:
                found.append(replace(use, partner=None))
            else:
                found += [replace(use, partner=(*member, column)) for member in table.members]
        return tuple(found)

    def _joined(self, use: TableUse) -> tuple[frozenset[Key], ...]:
        """The tables that rows are joined with; the members of a federated one are alternatives."""
        return tuple(
            frozenset(
                member for department, name in alternatives for member in self.members_of(department, name)
            )
            for alternatives in use.joined
        )

    def members_of(self, department: str, name: str) -> tuple[Key, ...]:
        """The tables that departments publish behind a name: the members, or the table itself."""
        table = self.published.find(department, name)
        return (table.members if table is not None else ()) or ((department, name),)

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

"""One department's agent: its connector, its policy files, its enforcement."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from agent.enforce import enforce
from agent.execute import Execution
from agent.known_fragments import KnownFragment, KnownFragments, fragment_key
from agent.ledger import Ledger
from agent.publication import Publisher
from agent.statistics import SourceStatistics
from comity.errors import ConfigurationError
from connectors.spi import Connector, ProbeReport
from policies.decide import decide_all, visible
from policies.decision import Decision, Visibility
from policies.department import Department, load_department
from policies.fit import check_fit
from policies.port import FragmentRequest, Publication
from policies.principal import Principal
from policies.statistics import DepartmentFacts
from sql.binder import Binder, BinderDatabase
from sql.catalog import TableUse
from sql.engine import EnginePool

CONNECTORS = "comity.connectors"
"""The entry-point group in which an installed distribution offers connectors."""


class Agent:
    """Implements `policies.port.DepartmentPort` for one department, in this process."""

    def __init__(
        self,
        department: Department,
        connector: Connector,
        engines: EnginePool,
        *,
        today: Callable[[], date] = date.today,
        bindings: BinderDatabase | None = None,
    ) -> None:
        self.department = department
        self.name = department.name
        self.connector = connector
        self.engines = engines
        self.today = today
        self.publisher = Publisher(department, connector)
        self.ledger = Ledger(department.state, department.name, today)
        self.source_statistics = SourceStatistics(department, connector)
        self.known = KnownFragments()
        self._bindings = bindings
        self._binder: Binder | None = None
        self._probe: ProbeReport | None = None
        self._capabilities: frozenset[str] | None = None
        self._lock = threading.Lock()

    def describe(self) -> Publication:
        return self.publisher.publication()

    def probe(self) -> ProbeReport:
        """What the source is and can do; asked once."""
        with self._lock:
            if self._probe is None:
                self._probe = self.connector.probe()
            return self._probe

    def capabilities(self) -> frozenset[str]:
        """The names of what the source can do, and of how it behaves."""
        if self._capabilities is None:
            self._capabilities = self.probe().names()
        return self._capabilities

    def visible(self, principal: Principal, purpose: str) -> tuple[Visibility, ...]:
        today = self.today()
        views = (visible(self.department, name, principal, purpose, today) for name in self.department.tables)
        return tuple(view for view in views if view is not None)

    def decide(
        self,
        principal: Principal,
        purpose: str,
        uses: Sequence[TableUse],
        *,
        grants: Mapping[str, str] | None = None,
    ) -> tuple[Decision, ...]:
        return decide_all(self.department, uses, principal, purpose, self.today(), grants)

    def run(self, request: FragmentRequest) -> Execution:
        """Enforces now, and runs as the result is iterated."""
        known = self._enforced(request)
        enforced = known.enforced
        capabilities = self.capabilities()
        decisions = enforced.decisions.values()
        account = self.ledger.open_account(request.query_id, request.principal.subject, decisions)
        return Execution(
            enforced, self.publisher, self.engines, self.binder(), capabilities, account, known.texts
        )

    def _enforced(self, request: FragmentRequest) -> KnownFragment:
        """The department's decisions on a fragment, made now or, for the same caller and policies, today."""
        today = self.today()
        version = self.publisher.publication().version
        key = fragment_key(request, today, version, self.department.digest)
        known = self.known.find(key, request)
        if known is not None:
            return known
        return self.known.keep(key, enforce(request, self.publisher, self.binder(), today))

    def statistics(self, principal: Principal, purpose: str, grants: Mapping[str, str]) -> DepartmentFacts:
        return self.source_statistics.facts(principal, purpose, grants, self.today())

    def check_table(self, name: str) -> None:
        """Compares one published table with its source. Raises what is wrong as a `ComityError`."""
        check_fit(self.department, name, self.publisher.source(name).types)

    def binder(self) -> Binder:
        with self._lock:
            if self._binder is None:
                self._binder = Binder(self.publisher.publication().tables, self._bindings)
            return self._binder

    def close(self) -> None:
        self.connector.close()
        self.ledger.close()
        if self._binder is not None:
            self._binder.close()


def open_connector(kind: str, uri: str, department: str, *, connections: int) -> Connector:
    """Opens a connector by its entry-point name. Raises `ConfigurationError` for a kind not installed."""
    offered = _offered()
    if kind not in offered:
        raise ConfigurationError(
            f"{department}: there is no connector named {kind}",
            code="CONFIG_REFERENCE",
            hint=f"installed: {', '.join(sorted(offered))}",
            department=department,
        )
    try:
        opener: type[Connector] = offered[kind].load()
    except ImportError as error:
        raise ConfigurationError(
            f"{department}: the connector {kind} needs a driver that is not installed ({error.name})",
            code="CONFIG_MISSING",
            hint=f"pip install 'comity-gateway[{kind}]'",
            department=department,
        ) from error
    return opener.open(uri, connections=connections)


@cache
def _offered() -> Mapping[str, EntryPoint]:
    """Connectors by name. To look what is installed takes tens of milliseconds."""
    return {point.name: point for point in entry_points(group=CONNECTORS)}


def open_agent(
    directory: Path,
    environ: Mapping[str, str],
    engines: EnginePool,
    *,
    connections: int = 8,
    today: Callable[[], date] = date.today,
    bindings: BinderDatabase | None = None,
) -> Agent:
    """Loads a department's directory and opens its source, without connecting yet.

    Agents of one process may share `bindings`, in which they look up types.
    """
    department = load_department(directory, environ)
    source = department.source
    uri = absolute_source(source.uri, directory)
    connector = open_connector(source.connector, uri, department.name, connections=connections)
    return Agent(department, connector, engines, today=today, bindings=bindings)


def absolute_source(uri: str, directory: Path) -> str:
    """A source's files are named relative to the department's directory.

    >>> absolute_source("../../data/tax.sqlite", Path("/city/departments/tax"))
    '/city/data/tax.sqlite'
    >>> absolute_source("embedded:../../data/pg?database=tax", Path("/city/departments/tax"))
    'embedded:/city/data/pg?database=tax'
    """
    scheme, separator, rest = uri.partition(":")
    if uri.startswith("embedded:"):
        prefix, path = "embedded:", rest
    elif separator and scheme in {"file", "files", "sqlite", "duckdb"} and not rest.startswith("//"):
        prefix, path = f"{scheme}:", rest
    elif separator or uri.startswith("/"):
        return uri
    else:
        prefix, path = "", uri
    name, mark, query = path.partition("?")
    return f"{prefix}{(directory / name).resolve()}{mark}{query}"

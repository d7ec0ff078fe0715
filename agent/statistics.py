"""What the department's source knows of its tables, kept fresh beside the questions, and what of it may be told."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date

import pyarrow as pa

from comity.errors import ComityError
from connectors.spi import Connector
from connectors.statistics import ColumnStatistics, TableStatistics
from policies.decide import misfit
from policies.department import Department
from policies.expressions import columns_in, match_name, parse_scalar
from policies.grades import exceeds
from policies.model import ColumnRule, Grant
from policies.principal import Principal
from policies.published import PublishedColumn, PublishedTable
from policies.statistics import UNKNOWN_SPEED, ColumnFacts, DepartmentFacts, SourceSpeed, TableFacts
from sql.types import arrow_type

logger = logging.getLogger("comity.agent")

SPEEDS: Mapping[str, SourceSpeed] = {
    "postgres": SourceSpeed(row=0.1, value=0.26, group=0.8),
    "mysql": SourceSpeed(row=0.4, value=0.35, group=1.5),
    "sqlite": SourceSpeed(row=0.8, value=0.3, group=1.1),
    "duckdb": SourceSpeed(row=0.05, value=0.03, group=0.1),
}
"""By dialect, as measured (`python -m benchmarks.source_speeds`): see docs/adr/0017-choices-by-cost.md."""

RETRY_SECONDS = 300.0
"""When a source that failed is asked again, if it is not due sooner."""


class SourceStatistics:
    """One department's statistics. Questions read what is there; `refresh` is for a thread of its own."""

    def __init__(self, department: Department, connector: Connector) -> None:
        self._department = department
        self._connector = connector
        self._seconds = department.refresh_minutes * 60.0
        self._known: Mapping[str, TableStatistics] = {}
        self._told: dict[tuple[str, str, str], TableFacts | None] = {}
        self._version = 0
        self._due = 0.0
        self._lock = threading.Lock()

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask the source; never where the department wants no statistics."""
        return self._seconds > 0 and time.monotonic() >= self._due

    @property
    def known(self) -> Mapping[str, TableStatistics]:
        """What the source said of each published table, for the department's own eyes."""
        return self._known

    def refresh(self) -> None:
        """Asks the source. What was known stays where it fails, and it is asked again later."""
        tables = self._department.tables
        self._due = time.monotonic() + self._seconds
        try:
            found = self._connector.statistics([table.physical for table in tables.values()])
        except ComityError as error:
            self._due = time.monotonic() + min(self._seconds, RETRY_SECONDS)
            logger.info("%s: its statistics could not be read: %s", self._department.name, error.message)
            return
        known = {name: found[table.physical] for name, table in tables.items() if table.physical in found}
        with self._lock:
            self._known, self._told = known, {}
            self._version += 1

    def facts(
        self, principal: Principal, purpose: str, grants: Mapping[str, str], today: date
    ) -> DepartmentFacts:
        """What the principal may know of the tables in `grants`, which names the governing grant of each."""
        told: dict[str, TableFacts] = {}
        with self._lock:
            known, version = self._known, self._version
        for table, grant_id in grants.items():
            grant = self._grant(table, grant_id, principal, purpose, today)
            if grant is None or table not in known:
                continue
            key = (table, grant_id, principal.ceiling)
            if key not in self._told:
                facts = tell(self._department.tables[table], known[table], grant, principal.ceiling)
                with self._lock:
                    if version == self._version:
                        self._told[key] = facts
            else:
                facts = self._told[key]
            if facts is not None:
                told[table] = facts
        speed = SPEEDS.get(self._connector.dialect, UNKNOWN_SPEED)
        return DepartmentFacts(told, speed, version)

    def _grant(
        self, table: str, grant_id: str, principal: Principal, purpose: str, today: date
    ) -> Grant | None:
        policy = self._department.policies.get(table)
        if policy is None or table not in self._department.tables:
            return None
        for grant in policy.grants:
            if grant.id == grant_id and grant.principals.matches(principal):
                return grant if misfit(grant, purpose, today) is None else None
        return None


def tell(table: PublishedTable, known: TableStatistics, grant: Grant, ceiling: str) -> TableFacts | None:
    """What one grant lets be known of a table: nothing where it hides rows or groups of them."""
    hides = grant.row_filter is not None or grant.floor is not None or grant.joins.required is not None
    if hides or known.rows is None:
        return None
    columns: dict[str, ColumnFacts] = {}
    for name, rule in grant.columns.items():
        column = table.column(name)
        physical = _physical(column, known.columns) if column is not None else None
        if column is None or physical is None:
            continue
        if not exceeds(table.grade_of(name), ceiling):
            facts = _column(column, rule, physical)
            if facts is not None:
                columns[name] = facts
    return TableFacts(known.rows, columns)


def _physical(column: PublishedColumn, known: Mapping[str, ColumnStatistics]) -> ColumnStatistics | None:
    """What is known of the physical column behind a published one: of an expression no more than how many values it has,
    which are at most as many as those of the one column that it reads.
    """
    if column.expr is None:
        return known.get(column.source or "")
    names = {match_name(found.name, known) for found in columns_in(parse_scalar(column.expr))}
    if not names:
        return ColumnStatistics(distinct=1.0)
    source = known.get(names.pop() or "") if len(names) == 1 else None
    distinct = source.distinct if source is not None else None
    if column.type == "BOOLEAN":
        distinct = min(distinct or 2.0, 2.0)
    return ColumnStatistics(distinct=distinct) if distinct is not None else None


def _column(column: PublishedColumn, rule: ColumnRule, known: ColumnStatistics) -> ColumnFacts | None:
    if rule.mask is not None:
        return None
    if not rule.readable:
        counted = "aggregate" in rule.uses and (not rule.functions or "count" in rule.functions)
        return ColumnFacts(known.distinct, known.null_fraction) if counted else None
    facts = ColumnFacts(known.distinct, known.null_fraction, known.width)
    if column.codes is not None or not _is_same_scale(column, known):
        return replace(facts, width=None)
    bounds = known.bounds
    if not bounds and known.minimum is not None and known.maximum is not None:
        bounds = (known.minimum, known.maximum)
    return replace(facts, common=known.common, bounds=bounds)


def _is_same_scale(column: PublishedColumn, known: ColumnStatistics) -> bool:
    """Whether published values have the places that physical ones have: a text may be published as a number."""
    if column.type is None:
        return True
    samples = (known.minimum, *known.bounds[:1], *(value for value, _ in known.common[:1]))
    is_text = pa.types.is_string(arrow_type(column.type))
    return all(isinstance(value, str) == is_text for value in samples if value is not None)


class Refresher:
    """One thread that refreshes the statistics of several departments, one after the other, when they are due."""

    LOOK_SECONDS = 30.0

    def __init__(
        self, sources: Iterable[SourceStatistics], on_refresh: Callable[[], None] = lambda: None
    ) -> None:
        """`on_refresh` is called after sources were asked, so that plans can be made anew."""
        self._sources = tuple(sources)
        self._on_refresh = on_refresh
        self._stop = threading.Event()
        self._asked = threading.Event()
        self._hurries = False
        self._thread = threading.Thread(target=self._run, name="statistics", daemon=True)

    def start(self, wait_seconds: float = 0.0) -> None:
        """Begins in the background, and waits so long at most until every source was asked once."""
        self._hurries = wait_seconds > 0
        self._thread.start()
        self._asked.wait(wait_seconds)

    def refresh(self) -> None:
        """Asks every source that is due, now."""
        due = [source for source in self._sources if source.is_due]
        for source in due:
            if self._stop.is_set():
                return
            started = time.monotonic()
            try:
                source.refresh()
            except Exception:
                # Estimates are worth no question: whatever a driver does, questions go on.
                logger.warning("statistics could not be refreshed", exc_info=True)
            # Questions have the processor at least half of the time, unless they wait for this.
            paced = self._thread.is_alive() and not self._hurries
            self._stop.wait(min(time.monotonic() - started, 1.0) if paced else 0.0)
        if due:
            self._on_refresh()

    def close(self) -> None:
        """Returns when no source is being asked any more, or is too slow to wait for."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.refresh()
            self._hurries = False
            self._asked.set()
            self._stop.wait(self.LOOK_SECONDS)

"""Agents over the rows of `tests/noninterference`, and a record of what they send to their databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import pyarrow as pa

from agent.agent import Agent, open_agent
from agent.execute import Execution
from connectors.spi import Capabilities, Connector, PhysicalTable, ProbeReport, Scan, TableName
from policies.port import FragmentRequest
from policies.principal import Principal
from sql.catalog import Fragment
from sql.engine import EnginePool
from tests.noninterference.world import NAMES

ANALYST = Principal(
    "li.wei",
    "pg",
    frozenset({"analyst"}),
    {"town": "east", "towns": ("east", "north", "centre")},
)
Rows = list[tuple[object, ...]]


class Recorded:
    """A connector that remembers the texts it was given."""

    def __init__(self, inner: Connector) -> None:
        self.inner = inner
        self.name = inner.name
        self.dialect = inner.dialect
        self.texts: list[tuple[str, pa.Schema]] = []

    @classmethod
    def open(cls, uri: str, *, connections: int = 4) -> Self:
        raise NotImplementedError

    def probe(self) -> ProbeReport:
        return self.inner.probe()

    def compute_context(self) -> str:
        return self.inner.compute_context()

    def describe(self, tables: Sequence[TableName] | None = None) -> tuple[PhysicalTable, ...]:
        return self.inner.describe(tables)

    def scan(
        self,
        sql: str,
        schema: pa.Schema,
        *,
        parameters: Sequence[object] = (),
        deadline: float | None = None,
        batch_rows: int = 65536,
        ordered: bool = False,
    ) -> Scan:
        self.texts.append((sql, schema))
        return self.inner.scan(
            sql, schema, parameters=parameters, deadline=deadline, batch_rows=batch_rows, ordered=ordered
        )

    def close(self) -> None:
        self.inner.close()


@dataclass(frozen=True)
class Departments:
    """Agents by engine: over all rows, and over none but those that the analyst sees."""

    full: Mapping[str, Agent]
    bare: Mapping[str, Agent]

    def recorded(self, engine: str) -> Recorded:
        connector = self.full[engine].connector
        assert isinstance(connector, Recorded)
        return connector

    def capabilities(self, engine: str) -> Capabilities:
        return self.full[engine].probe().capabilities


def run(agent: Agent, sql: str) -> tuple[Rows, Execution]:
    """The analyst's fragment, its rows in no order, and how it ran."""
    schema = agent.binder().schema_of(sql)
    fragment = Fragment("fragment_1", agent.name, sql, schema)
    execution = agent.run(FragmentRequest("q", ANALYST, "work", fragment, 30.0))
    table = pa.Table.from_batches(list(execution), schema)
    return sorted((tuple(row.values()) for row in table.to_pylist()), key=repr), execution


def ask(connector: Connector, text: str, schema: pa.Schema) -> None:
    """Runs a text to its end."""
    scan = connector.scan(text, schema, deadline=30)
    try:
        for _ in scan:
            pass
    finally:
        scan.close()


@contextmanager
def open_departments(directories: Mapping[str, Path], engines: EnginePool) -> Iterator[Departments]:
    with ExitStack() as stack:
        sides: dict[str, dict[str, Agent]] = {}
        for side, directory in directories.items():
            sides[side] = {}
            for engine, name in NAMES.items():
                home = directory / "departments" / name
                agent = open_agent(home, {}, engines, today=lambda: date(2026, 11, 1))
                stack.callback(agent.close)
                agent.connector = agent.publisher.connector = Recorded(agent.connector)
                sides[side][engine] = agent
        yield Departments(sides["left"], sides["bare"])

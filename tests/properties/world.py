"""One random federation: three departments on engines drawn by lot, under random policies."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from gateway.assembly import Gateway, open_gateway
from gateway.stages import Lifetime, QueryRequest
from policies.principal import Principal
from tests.properties.places import ALL_TABLES, ENGINES, PLACES
from tests.properties.rules import ATTRIBUTES, TableRules, plain_rules, random_rules, with_key_exchange
from tests.sql.small_tables import MEMBERS

FEDERATION = """\
name: small
listen: 127.0.0.1:50051
identity: {tokens: identity.yaml}
purposes: {test: {title: 试验}}
departments: departments/*
tables:
  every.resident: {union: "*.RESIDENT", member_column: place}
audit: {path: audit/}
"""
ORACLE_SECONDS = 60.0
ASKER = Principal("asker", "asker", frozenset(), ATTRIBUTES)


class World:
    """A gateway, and one DuckDB whose views show what the policies show."""

    def __init__(
        self,
        seed: int,
        directory: Path,
        raw: duckdb.DuckDBPyConnection,
        sources: Mapping[tuple[str, str], str],
        *,
        partial: float = 0.0,
        keys: float = 0.0,
        plain: bool = False,
        engines: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        """`engines` are those to draw from for a place, all of them where it names none."""
        rng = random.Random(seed)
        self.seed = seed
        self.rules = {
            key: (plain_rules(*key, columns) if plain else random_rules(rng, *key, columns, partial=partial))
            for key, columns in ALL_TABLES.items()
        }
        self.engines = {place: rng.choice((engines or {}).get(place, ENGINES)) for place in PLACES}
        lists = random.Random(-1 - seed)
        for key, rules in self.rules.items():
            listed = [place for place in PLACES if lists.random() < keys]
            self.rules[key] = with_key_exchange(rules, listed)
        self.database = raw.cursor()
        self.tables = {key: dict(rules.columns) for key, rules in self.rules.items()}
        if resident := self._resident():
            self.tables["every", "resident"] = resident
        self._write(directory, sources)
        self._show()
        self.gateway: Gateway = open_gateway(directory)
        self._asked = 0

    def close(self) -> None:
        self.gateway.close()
        self.database.close()

    def answer(self, sql: str) -> pa.Table:
        """The gateway's answer. Raises `ComityError`."""
        answer = self.gateway.pipeline.answer(self.request(sql))
        return pa.Table.from_batches(list(answer.read()), answer.schema)

    def request(self, sql: str) -> QueryRequest:
        """A question as it would arrive, with a minute to live."""
        self._asked += 1
        lifetime = Lifetime(time.monotonic() + 60)
        return QueryRequest(
            f"q-{self._asked}", "", ASKER, "test", sql, (), {}, "test", allow_partial=False, lifetime=lifetime
        )

    def expected(self, sql: str, *, optimized: bool = True) -> pa.Table:
        """The answer of the one DuckDB. Raises `duckdb.Error`, also for a product that it would be busy with for long."""
        enough = threading.Timer(ORACLE_SECONDS, self.database.interrupt)
        enough.start()
        try:
            with _optimizer(self.database, on=optimized):
                return self.database.sql(sql).to_arrow_table()
        finally:
            enough.cancel()

    def breaks_down(self, sql: str) -> bool:
        """Whether the one DuckDB has an internal error on a question, from which only its optimizer saved it; it may
        answer nothing any more then.
        """
        try:
            self.expected(sql, optimized=False)
        except (duckdb.InternalException, duckdb.FatalException):
            return True
        except duckdb.Error:
            return False
        return False

    def _resident(self) -> dict[str, str]:
        """What every member of `every.resident` shows."""
        first, *others = (self.rules[member].columns for member in MEMBERS)
        shared = {name: kind for name, kind in first.items() if all(name in other for other in others)}
        return {**shared, "place": "VARCHAR"} if shared else {}

    def _show(self) -> None:
        for (place, table), rules in self.rules.items():
            self.database.execute(f"CREATE OR REPLACE VIEW {place}.{table} AS {rules.view}")
        self.database.execute("DROP VIEW IF EXISTS every.resident")
        if resident := [name for name in self._resident() if name != "place"]:
            arms = [
                f"SELECT {', '.join(resident)}, '{place}' AS place FROM {place}.{table}"
                for place, table in MEMBERS
            ]
            self.database.execute(f"CREATE VIEW every.resident AS {' UNION ALL '.join(arms)}")
        # A plain table name finds its only table.
        self.database.execute("SET search_path = 'a,b,c,every'")

    def _write(self, directory: Path, sources: Mapping[tuple[str, str], str]) -> None:
        directory.mkdir(parents=True)
        # Members are tables of different names: each department publishes its own once more as `resident_…`.
        (directory / "federation.yaml").write_text(FEDERATION.replace("RESIDENT", "resident_"), "utf-8")
        (directory / "identity.yaml").write_text(
            "tokens: {t: {subject: asker, department: asker}}\n", "utf-8"
        )
        for place in PLACES:
            own = {table: rules for (owner, table), rules in self.rules.items() if owner == place}
            schema = "public." if self.engines[place] == "postgresql" else ""
            source = sources[place, self.engines[place]]
            self._write_department(directory / "departments" / place, source, schema, own)

    def _write_department(
        self, directory: Path, source: str, schema: str, rules: Mapping[str, TableRules]
    ) -> None:
        (directory / "policies").mkdir(parents=True)
        lines = [f"name: {directory.name}", f"title: {directory.name}", f"source: {source}", "tables:"]
        for table, rule in rules.items():
            columns = ALL_TABLES[directory.name, table]
            for name in [table, "resident_"] if (directory.name, table) in MEMBERS else [table]:
                lines += [f"  {name}:", f"    from: {schema}{table}", "    columns:"]
                lines += [f'      {column}: {{type: "{kind}"}}' for column, kind in columns.items()]
                policy = rule.policy.replace(f"table: {table}", f"table: {name}")
                (directory / "policies" / f"{name}.yaml").write_text(policy, "utf-8")
        (directory / "department.yaml").write_text("\n".join(lines) + "\n", "utf-8")


@contextmanager
def _optimizer(connection: duckdb.DuckDBPyConnection, *, on: bool) -> Iterator[None]:
    if on:
        yield
        return
    connection.execute("PRAGMA disable_optimizer")
    try:
        yield
    finally:
        connection.execute("PRAGMA enable_optimizer")

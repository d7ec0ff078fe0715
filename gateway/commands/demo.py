"""`comity demo`: the example city, built, asked, shown and audited, on this machine."""

from __future__ import annotations

import importlib
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from audit.reader import AuditReader
from audit.search import history
from comity.client import Connection, connect
from comity.errors import ComityError, ConfigurationError
from comity.result import Result
from comity.shell.cells import column_texts, is_number
from comity.shell.tables import format_table
from gateway.configuration import load_federation
from gateway.embedded import serve

SHOWN_ROWS = 8
_HEADER = re.compile(r"^--\s*(title|principal|purpose|why|expect):\s*(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One question of the example: who asks what, why, and what should come of it."""

    name: str
    title: str
    token: str
    purpose: str
    why: str
    expect: str
    sql: str


def read_scenario(path: Path) -> Scenario:
    """A scenario file: `-- key: value` lines, then one SELECT. Raises `ConfigurationError`."""
    text = path.read_text(encoding="utf-8")
    facts = dict(_HEADER.findall(text))
    missing = {"title", "principal", "purpose", "why", "expect"} - set(facts)
    if missing:
        raise ConfigurationError(f"{path}: its header lacks {', '.join(sorted(missing))}")
    sql = "\n".join(line for line in text.splitlines() if not _HEADER.match(line))
    return Scenario(
        path.stem,
        facts["title"],
        facts["principal"],
        facts["purpose"],
        facts["why"],
        facts["expect"],
        sql.strip(),
    )


def demo(
    directory: Annotated[
        Path | None, typer.Option(help="Where to build it; default: the example's own directory.")
    ] = None,
    scale: Annotated[float, typer.Option(help="1 makes about 20,000 residents.")] = 1.0,
    only: Annotated[str | None, typer.Option(help="Ask only the scenarios whose name contains this.")] = None,
) -> None:
    """Build the example city on embedded databases and ask its scenario questions."""
    raise typer.Exit(_run(directory, scale, only))


def _run(directory: Path | None, scale: float, only: str | None) -> int:
    city = _example()
    if directory is None:
        # In a checkout the example's own directory, so that it can be asked on; never an installed package.
        checkout = (city.CITY.parents[1] / "pyproject.toml").is_file()
        directory = city.CITY if checkout and city.mariadb_is_installed() else Path(".demo/city").resolve()
    started = time.monotonic()
    _say(f"building the example city in {_short(directory)} …")
    prepared = city.prepare(directory, scale)
    _say(f"{prepared.rows:,} rows in {time.monotonic() - started:.1f} s")
    scenarios = [read_scenario(path) for path in sorted((directory / "scenarios").glob("*.sql"))]
    scenarios = [scenario for scenario in scenarios if only is None or only in scenario.name]
    tokens = load_federation(directory).principals
    surprises: list[str] = []
    with serve(directory) as server:
        server.gateway.statistics.refresh()
        published = server.gateway.pipeline.catalogs.published
        _say(
            f"{len(server.gateway.agents)} departments, {len(published.tables)} tables, on {server.address}\n"
        )
        for scenario in scenarios:
            who = tokens[scenario.token]
            print(f"━━ {scenario.name}  {scenario.title}")
            print(f"   {who.subject} of {who.department}, for {scenario.purpose}: {scenario.why}")
            with connect(server.address, token=scenario.token, purpose=scenario.purpose) as connection:
                outcome = _ask(connection, scenario, server.gateway.log.path)
            if outcome != ("refused" if scenario.expect == "refused" else "answered"):
                surprises.append(scenario.name)
            print(flush=True)
        leaves, root = server.gateway.log.size, server.gateway.log.root().hex()
    log = directory / load_federation(directory).settings.audit.path
    _verify(log, leaves)
    asked, agreed = len(scenarios), len(scenarios) - len(surprises)
    print(
        f"{agreed} of {asked} scenarios ended as expected; the audit log's first {leaves} records have the root"
    )
    print(f"{root}, and every leaf still has its hash")
    print(
        f"next: comity sql --federation {_short(directory)}, comity audit search --federation {_short(directory)}"
    )
    if surprises:
        print(f"unexpected: {', '.join(surprises)}", file=sys.stderr)
    return 1 if surprises else 0


def _ask(connection: Connection, scenario: Scenario, log: Path) -> str:
    try:
        result = connection.query(scenario.sql)
        table = result.to_arrow()
    except ComityError as error:
        print(f"   refused: {error.code}")
        for line in str(error).splitlines():
            print(f"     {line}")
        return (
            "refused"
            if error.code in {"POLICY_DENIED", "SQL_TABLE_UNKNOWN", "SQL_COLUMN_UNKNOWN"}
            else "failed"
        )
    _show(table)
    _show_coverage(result, scenario)
    _show_keys(result, log)
    return "answered"


def _show(table: pa.Table) -> None:
    shown = table.slice(0, SHOWN_ROWS).combine_chunks()
    columns = [column_texts(column.chunk(0)) for column in shown.columns] if shown.num_rows else []
    rows = list(zip(*columns, strict=True))
    right = [is_number(field.type) for field in table.schema]
    for line in format_table(table.schema.names, rows, right=right):
        print(f"   {line}")
    if table.num_rows > SHOWN_ROWS:
        print(f"   … {table.num_rows - SHOWN_ROWS} more rows")


def _show_coverage(result: Result, scenario: Scenario) -> None:
    summary = result.summary
    assert summary is not None
    for notice in result.notices:
        print(f"   note: {notice.department}: {notice.message}")
    left = ", ".join(
        f"{part.department} {part.rows:,} rows ({_size(part.bytes)})" for part in summary.coverage
    )
    seconds = sum(summary.timings.values())
    masked = ", some columns masked" if scenario.expect == "masked" else ""
    print(f"   {summary.rows} rows in {seconds:.2f} s{masked}; what left: {left}")


def _show_keys(result: Result, log: Path) -> None:
    """The join keys that departments were told, as they are on record."""
    for record in history(AuditReader(log), result.query_id):
        for key in record.event.get("keys", ()) if record.type == "fragment.dispatched" else ():
            count = f"{key['keys']:,} keys" if key["form"] == "list" else "the least and the greatest key"
            print(f"   told {record.event['department']}: {count} of {key['origin']} ({_size(key['bytes'])})")


def _verify(log: Path, leaves: int) -> None:
    """Reads the log back: a record that does not have its hash raises `AuditError`."""
    found = sum(1 for _ in AuditReader(log).records())
    if found < leaves:
        raise ConfigurationError(f"the audit log holds {found} records of {leaves}")


def _example() -> Any:
    """The example's own module, from the repository or from the installed distribution."""
    for name in ("examples.city.generate", "gateway.example_city.generate"):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    raise ConfigurationError("the example city is not installed", code="CONFIG_MISSING")


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _size(count: int) -> str:
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count:,.0f} {unit}"
        count //= 1024
    return f"{count:,} GB"


def _say(text: str) -> None:
    print(text, flush=True)

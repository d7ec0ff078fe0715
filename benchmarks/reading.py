"""One table of each engine through its connector, against the driver alone: rows per second, and processor time.

The tables are those of `tpch-three`. A driver alone delivers what it delivers: Arrow from PostgreSQL's (decimals as
text), Python tuples from the other two. The connectors deliver exact Arrow.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import adbc_driver_postgresql.dbapi as postgresql
import apsw
import pyarrow as pa
import pymysql

from benchmarks.report import write_result
from benchmarks.tpch.prepare import default_directory, prepare
from benchmarks.tpch.tables import CUSTOMER, LINEITEM, PARTSUPP, TpchTable
from connectors.mysql import MysqlConnector
from connectors.mysql_session import parse_address
from connectors.postgresql import PostgresqlConnector
from connectors.servers import resolve_uri
from connectors.spi import Connector
from connectors.sqlite import SqliteConnector
from sql.types import arrow_type


@dataclass(frozen=True, slots=True)
class Reading:
    """A table, its connector, and a function that reads a query with the driver alone and counts its rows."""

    table: TpchTable
    connector: Connector
    quote: str
    alone: Callable[[str], int]

    def query(self, columns: Sequence[str]) -> str:
        schema = f"{self.quote}public{self.quote}." if self.connector.name == "postgresql" else ""
        names = ", ".join(f"{self.quote}{name}{self.quote}" for name in columns)
        return f"SELECT {names} FROM {schema}{self.quote}{self.table.name}{self.quote}"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks reading", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="a directory that tpch-three --prepare made")
    parser.add_argument("--sf", type=float, default=0.1, help="the scale of the data if it must be made")
    parser.add_argument("--runs", type=int, default=5, help="runs of each side, alternating")
    options = parser.parse_args(arguments)
    directory = options.data or default_directory(options.sf)
    prepare(directory, options.sf)
    results = {}
    for reading in open_all(directory.resolve() / "data"):
        plain = [name for name, kind in reading.table.columns.items() if not kind.startswith("DECIMAL")]
        for title, columns in (("all columns", list(reading.table.columns)), ("without decimals", plain)):
            name = f"{reading.connector.name}, {title}"
            results[name] = compare(reading, columns, options.runs)
            print(f"{name:32}  {describe(results[name])}")
        reading.connector.close()
    print(f"written to {write_result('reading', {'runs': options.runs, 'readings': results})}")
    return 0


def open_all(data: Path) -> list[Reading]:
    uris = {
        "postgresql": f"embedded:{data / 'postgresql'}?database=sales",
        "mysql": f"embedded:{data / 'mariadb'}?database=crm",
    }
    supply = data / "supply.sqlite"

    def by_postgresql(sql: str) -> int:
        uri = resolve_uri(uris["postgresql"], "postgresql")
        with postgresql.connect(uri) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            count: int = sum(batch.num_rows for batch in cursor.fetch_record_batch())
            connection.rollback()
            return count

    def by_mysql(sql: str) -> int:
        address = parse_address(resolve_uri(uris["mysql"], "mariadb"))
        with (
            pymysql.connect(
                unix_socket=address.option("unix_socket"), user=address.user, database=address.database
            ) as connection,
            connection.cursor(pymysql.cursors.SSCursor) as cursor,
        ):
            cursor.execute(sql)
            return sum(1 for _ in cursor)

    def by_sqlite(sql: str) -> int:
        connection = apsw.Connection(str(supply), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            return sum(1 for _ in connection.execute(sql))
        finally:
            connection.close()

    return [
        Reading(LINEITEM, PostgresqlConnector.open(uris["postgresql"]), '"', by_postgresql),
        Reading(CUSTOMER, MysqlConnector.open(uris["mysql"]), "`", by_mysql),
        Reading(PARTSUPP, SqliteConnector.open(str(supply)), '"', by_sqlite),
    ]


def compare(reading: Reading, columns: Sequence[str], runs: int) -> dict[str, float]:
    """Medians of rows per second and of this process's own seconds per million rows, of either side."""
    sql = reading.query(columns)
    schema = pa.schema([(name, arrow_type(reading.table.columns[name])) for name in columns])

    def ours(sql: str) -> int:
        scan = reading.connector.scan(sql, schema)
        return sum(batch.num_rows for batch in scan)

    measured: dict[str, list[tuple[float, float]]] = {"ours": [], "driver": []}
    rows = {ours(sql), reading.alone(sql)}
    assert len(rows) == 1, f"{reading.table.name}: {rows}"
    (count,) = rows
    for _ in range(runs):
        for name, run in (("ours", ours), ("driver", reading.alone)):
            started, worked = time.perf_counter(), time.process_time()
            run(sql)
            measured[name].append((time.perf_counter() - started, time.process_time() - worked))
    found: dict[str, float] = {"rows": count}
    for name, times in measured.items():
        found[f"{name}_rows_per_second"] = count / median(seconds for seconds, _ in times)
        found[f"{name}_processor_seconds"] = median(work for _, work in times) * 1e6 / count
    found["ratio"] = found["ours_rows_per_second"] / found["driver_rows_per_second"]
    return found


def describe(found: dict[str, float]) -> str:
    return (
        f"{found['ours_rows_per_second']:9,.0f} rows/s, the driver alone {found['driver_rows_per_second']:9,.0f};"
        f" ratio {found['ratio']:.2f}; processor seconds per million rows {found['ours_processor_seconds']:.2f}"
        f" and {found['driver_processor_seconds']:.2f}"
    )

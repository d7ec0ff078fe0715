"""Databases that compare text in unusual ways, and questions to one of their columns, asked in place and of one DuckDB."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify_columns import quote_identifiers

from agent.publication import source_column
from connectors.spi import Connector, PhysicalColumn
from sql.dialects import NotNative, render_native, render_scan

TEXTS = (
    "a",
    "A",
    "a ",
    "",
    " ",
    None,
    "á",
    "a\u0301",
    "ａ",
    "ss",
    "ß",
    "あ",
    "ア",
    "😀",
    "😁",
    "a",
    "z",
    "Z",
    "一",
)
"""What stands in the columns that hold Unicode."""

QUESTIONS = {
    "equality": "SELECT count(*) AS n FROM t WHERE t.{c} = 'a'",
    "difference": "SELECT count(*) AS n FROM t WHERE t.{c} <> 'a'",
    "membership": "SELECT count(*) AS n FROM t WHERE t.{c} IN ('a', 'ss', '😀', '')",
    "negated membership": "SELECT count(*) AS n FROM t WHERE NOT t.{c} IN ('a', 'ss')",
    "groups": "SELECT t.{c} AS c, count(*) AS n FROM t GROUP BY t.{c}",
    "distinct": "SELECT count(DISTINCT t.{c}) AS n FROM t",
    "extremes": "SELECT min(t.{c}) AS low, max(t.{c}) AS high FROM t",
    "order": "SELECT t.{c} AS c FROM t ORDER BY t.{c} NULLS LAST",
    "comparison": "SELECT count(*) AS n FROM t WHERE t.{c} > 'Z'",
    "LIKE": "SELECT count(*) AS n FROM t WHERE t.{c} LIKE 'a%'",
    "join": "SELECT count(*) AS n FROM t JOIN t AS u ON t.{c} = u.{c}",
    "subquery": "SELECT count(*) AS n FROM t WHERE t.{c} IN (SELECT u.{c} FROM t AS u WHERE u.{c} <> 'A')",
    "case": "SELECT CASE t.{c} WHEN 'a' THEN 1 WHEN 'A' THEN 2 END AS k, count(*) AS n FROM t GROUP BY 1",
}


def column_of(connector: Connector, table: tuple[str, ...], column: str) -> PhysicalColumn:
    (found,) = connector.describe([table])
    return next(each for each in found.columns if each.name == column)


def native_questions(connector: Connector, table: tuple[str, ...], column: str) -> frozenset[str]:
    """The questions that run in place; each of them has the answer of one DuckDB over the same rows."""
    (found,) = connector.describe([table])
    columns = {each.name: source_column(each) for each in found.columns}
    physical = column_of(connector, table, column)
    rows = read(connector, render_scan(table, [column], connector.dialect), {column: physical.type})
    native, answers = set(), connector.probe().names()
    with duckdb.connect(config={"temp_directory": ""}) as oracle:
        oracle.register("given", rows)
        oracle.execute("CREATE TABLE t AS FROM given")
        for name, template in QUESTIONS.items():
            sql = template.replace("{c}", column)
            relation = oracle.sql(sql)
            expected = relation.to_arrow_table()
            tree = quote_identifiers(
                sqlglot.parse_one(sql, dialect="duckdb"), dialect="duckdb", identify=True
            )
            for place in list(tree.find_all(exp.Table)):
                alias = place.alias_or_name
                physical_table = exp.table_(table[-1], db=table[0] if len(table) > 1 else None, quoted=True)
                physical_table.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
                if joins := place.args.get("joins"):
                    physical_table.set("joins", joins)
                place.replace(physical_table)
            assert isinstance(tree, exp.Query)
            try:
                text = render_native(tree, connector.dialect, answers, {table: columns})
            except NotNative:
                continue
            types = dict(zip(relation.columns, expected.schema.types, strict=True))
            answer = read(connector, text, types)
            ordered = tree.args.get("order") is not None
            assert _rows(answer, ordered=ordered) == _rows(expected, ordered=ordered), f"{name}\n{text}"
            native.add(name)
    return frozenset(native)


def read(connector: Connector, sql: str, types: dict[str, pa.DataType]) -> pa.Table:
    schema = pa.schema([pa.field(name, kind) for name, kind in types.items()])
    scan = connector.scan(sql, schema, deadline=60, ordered=True)
    try:
        return pa.Table.from_batches(list(scan), schema)
    finally:
        scan.close()


def _rows(table: pa.Table, *, ordered: bool) -> list[tuple[Any, ...]]:
    rows = list(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return rows if ordered else sorted(rows, key=repr)


def literal(text: str | None) -> str:
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def write_sqlite(file: Path, script: str) -> None:
    """In a process of its own: another SQLite that closes the file would take the connector's locks away."""
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.stdin.read()); c.close()"
    )
    subprocess.run([sys.executable, "-c", program, str(file)], input=script, text=True, check=True)


def postgresql_with_icu() -> Path | None:
    """The programs of an installed PostgreSQL that knows ICU's collations; the embedded one does not."""
    for config in sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_config"), reverse=True):
        said = subprocess.run([str(config), "--configure"], capture_output=True, text=True, check=False)
        if "--with-icu" in said.stdout:
            return config.parent
    return None


@contextmanager
def running_postgresql(programs: Path, statements: Sequence[str]) -> Iterator[str]:
    """A server of an installed PostgreSQL in a directory of its own, after `statements`: its URI."""
    home = Path(tempfile.mkdtemp(prefix="comity-odd-"))
    owner = "postgres" if os.getuid() == 0 else None
    if owner:
        shutil.chown(home, owner)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(programs / program), *arguments], user=owner, check=True, capture_output=True, cwd=home
        )

    try:
        run("initdb", "-D", str(home / "data"), "-E", "UTF8", "--locale=C", "-U", "postgres", "-A", "trust")
        run(
            "pg_ctl",
            "-D",
            str(home / "data"),
            "-w",
            "-o",
            f"-k {home} -h ''",
            "-l",
            str(home / "log"),
            "start",
        )
        try:
            for statement in statements:
                run("psql", "-h", str(home), "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", statement)
            yield f"postgresql://postgres@/postgres?host={home}"
        finally:
            run("pg_ctl", "-D", str(home / "data"), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)

"""Loads tables into PostgreSQL (COPY) and MariaDB (batched inserts)."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Mapping

import psycopg
import pyarrow as pa
import pyarrow.csv
import pymysql
from psycopg import sql

from connectors.servers import LocalServer

from .shape import native_types, primary_key

_POSTGRESQL_TYPES: Mapping[str, str] = {"double": "double precision"}
_MARIADB_TYPES: Mapping[str, str] = {"timestamp": "datetime", "boolean": "tinyint(1)"}
_BATCH = 2000


def load_postgresql(server: LocalServer, database: str, tables: Mapping[str, pa.Table]) -> None:
    """Makes `database` anew with `tables`, keys and statistics."""
    with psycopg.connect(server.uri("postgres"), autocommit=True) as connection:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
        connection.execute(drop)
    server.create_database(database)
    with psycopg.connect(server.uri(database)) as connection:
        for name, table in tables.items():
            columns = [
                sql.SQL("{} {}").format(sql.Identifier(c), sql.SQL(_POSTGRESQL_TYPES.get(t, t)))
                for c, t in native_types(table).items()
            ]
            key = sql.SQL(", ").join(map(sql.Identifier, primary_key(table)))
            create = sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))")
            connection.execute(create.format(sql.Identifier(name), sql.SQL(", ").join(columns), key))
            buffer = io.BytesIO()
            pyarrow.csv.write_csv(table, buffer, pyarrow.csv.WriteOptions(include_header=False))
            copy_in = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(sql.Identifier(name))
            with connection.cursor() as cursor, cursor.copy(copy_in) as copy:
                copy.write(buffer.getbuffer())
        connection.execute("ANALYZE")


def load_mariadb(server: LocalServer, database: str, tables: Mapping[str, pa.Table]) -> None:
    """Makes `database` anew with `tables`, keys and statistics."""
    connection = pymysql.connect(unix_socket=server.endpoint.socket, user="root", charset="utf8mb4")
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {_quoted(database)}")
            server.create_database(database)
            cursor.execute(f"USE {_quoted(database)}")
            for name, table in tables.items():
                types = native_types(table).items()
                columns = ", ".join(f"{_quoted(c)} {_MARIADB_TYPES.get(t, t)}" for c, t in types)
                key = ", ".join(map(_quoted, primary_key(table)))
                cursor.execute(f"CREATE TABLE {_quoted(name)} ({columns}, PRIMARY KEY ({key}))")
                places = ", ".join(["%s"] * table.num_columns)
                insert = f"INSERT INTO {_quoted(name)} VALUES ({places})"
                for batch in _batches(zip(*(c.to_pylist() for c in table.columns), strict=True)):
                    cursor.executemany(insert, batch)
                connection.commit()
                cursor.execute(f"ANALYZE TABLE {_quoted(name)}")
    finally:
        connection.close()


def _batches(rows: Iterable[tuple[object, ...]]) -> Iterable[list[tuple[object, ...]]]:
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, _BATCH)):
        yield batch


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"

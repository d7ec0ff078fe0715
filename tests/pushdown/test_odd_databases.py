"""Whatever a database does with text, it is asked, and what runs in it has DuckDB's answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pymysql
import pytest

from connectors import postgresql as postgresql_connector
from connectors import sqlite_session
from connectors.duckdb import DuckdbConnector
from connectors.mysql import MysqlConnector
from connectors.postgresql import PostgresqlConnector
from connectors.servers import LocalServer
from connectors.sqlite import SqliteConnector
from sql.dialects.behaviour import unproven
from tests.pushdown.odd_databases import (
    QUESTIONS,
    TEXTS,
    column_of,
    literal,
    native_questions,
    postgresql_with_icu,
    running_postgresql,
    write_sqlite,
)

ALL = frozenset(QUESTIONS)

# --- MariaDB ----------------------------------------------------------------------------------------------------

MARIADB = {
    "folds": (
        "varchar(20) character set utf8mb4 collate utf8mb4_general_ci",
        {"case", "accents", "trailing blanks"},
    ),
    "pads": ("varchar(20) character set utf8mb4 collate utf8mb4_bin", {"trailing blanks"}),
    "folds_nopad": (
        "varchar(20) character set utf8mb4 collate utf8mb4_unicode_nopad_ci",
        {"case", "accents", "kana"},
    ),
    "nearly": ("varchar(20) character set utf8mb4 collate utf8mb4_uca1400_nopad_as_cs", {"normal forms"}),
    "exact": ("varchar(20) character set utf8mb4 collate utf8mb4_nopad_bin", set()),
    "long_text": ("text character set utf8mb4 collate utf8mb4_general_ci", {"case"}),
}
NARROW = {
    "latin": ("varchar(20) character set latin1 collate latin1_swedish_ci", "aAáß "),
    "latin_bin": ("varchar(20) character set latin1 collate latin1_nopad_bin", "aAáß "),
    "chinese": ("varchar(20) character set gbk collate gbk_chinese_ci", "aA张章一"),
}


@pytest.fixture(scope="module")
def mariadb_source(mariadb: LocalServer) -> Iterator[MysqlConnector]:
    mariadb.create_database("odd")
    with (
        pymysql.connect(
            unix_socket=mariadb.endpoint.socket,
            user="root",
            charset="utf8mb4",
            database="odd",
            autocommit=True,
        ) as connection,
        connection.cursor() as cursor,
    ):
        for name, (kind, _) in MARIADB.items():
            cursor.execute(f"CREATE TABLE {name} (c {kind})")
            cursor.executemany(f"INSERT INTO {name} VALUES (%s)", [(text,) for text in TEXTS])
        for name, (kind, texts) in NARROW.items():
            cursor.execute(f"CREATE TABLE {name} (c {kind})")
            cursor.executemany(f"INSERT INTO {name} VALUES (%s)", [(text,) for text in texts])
    source = MysqlConnector.open(mariadb.uri("odd"))
    yield source
    source.close()


@pytest.mark.parametrize("table", MARIADB)
def test_a_collation_of_mariadb_says_what_it_merges_and_is_read_in_a_binary_form(
    table: str, mariadb_source: MysqlConnector
) -> None:
    text = column_of(mariadb_source, (table,), "c").text
    assert text is not None
    assert set(text.merges) >= MARIADB[table][1]
    assert text.is_exact == (table == "exact")
    # Long texts are not sorted beyond their first bytes.
    sorting = {"groups", "distinct", "order", "case"} if table == "long_text" else set()
    assert native_questions(mariadb_source, (table,), "c") >= ALL - sorting - {"join", "subquery"}


@pytest.mark.parametrize("table", NARROW)
def test_a_character_set_without_room_for_the_traps_is_known_for_ascii_only(
    table: str, mariadb_source: MysqlConnector
) -> None:
    text = column_of(mariadb_source, (table,), "c").text
    assert text is not None
    assert not text.beyond_ascii
    assert not text.is_exact
    assert native_questions(mariadb_source, (table,), "c") >= ALL - {"join", "subquery"}


def test_a_changed_collation_is_seen_by_the_next_start(mariadb: LocalServer) -> None:
    mariadb.create_database("changing")
    found = []
    for collation in ("utf8mb4_nopad_bin", "utf8mb4_general_ci"):
        with pymysql.connect(
            unix_socket=mariadb.endpoint.socket,
            user="root",
            charset="utf8mb4",
            database="changing",
            autocommit=True,
        ) as connection:
            cursor = connection.cursor()
            cursor.execute("DROP TABLE IF EXISTS people")
            cursor.execute(f"CREATE TABLE people (c varchar(20) character set utf8mb4 collate {collation})")
            cursor.executemany("INSERT INTO people VALUES (%s)", [(text,) for text in TEXTS])
        source = MysqlConnector.open(mariadb.uri("changing"))
        text = column_of(source, ("people",), "c").text
        assert text is not None
        assert "equality" in native_questions(source, ("people",), "c")
        found.append(text.is_exact)
        source.close()
    assert found == [True, False]


# --- PostgreSQL -------------------------------------------------------------------------------------------------

POSTGRESQL = {
    "plain": "text",
    "varying": "varchar(20)",
    "with_c": 'text COLLATE "C"',
    "with_unicode": 'text COLLATE "pg_c_utf8"',
}


@pytest.fixture(scope="module")
def postgresql_uri(postgresql: LocalServer) -> str:
    postgresql.create_database("odd")
    with psycopg.connect(postgresql.uri("odd"), autocommit=True) as connection:
        for name, kind in POSTGRESQL.items():
            connection.execute(f"CREATE TABLE {name} (c {kind})")  # type: ignore[arg-type]
            with connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {name} VALUES (%s)", [(text,) for text in TEXTS])  # type: ignore[arg-type]
        connection.execute("CREATE TABLE moments (c timestamptz)")
        connection.execute("INSERT INTO moments VALUES ('2026-01-01 23:30:00+00'), (NULL)")
        connection.execute("ALTER DATABASE odd SET timezone = 'Asia/Shanghai'")
    return postgresql.uri("odd")


@pytest.mark.parametrize("table", POSTGRESQL)
def test_deterministic_collations_of_postgresql_are_read_as_they_are(table: str, postgresql_uri: str) -> None:
    source = PostgresqlConnector.open(postgresql_uri)
    text = column_of(source, ("public", table), "c").text
    assert text is not None
    assert text.merges == ()
    assert native_questions(source, ("public", table), "c") == ALL
    source.close()


def test_the_session_is_in_utc_whatever_the_database_says(postgresql_uri: str) -> None:
    source = PostgresqlConnector.open(postgresql_uri)
    assert "time zone: UTC" in source.probe().names()
    assert unproven("postgres", source.probe().names()) == ()
    source.close()


def test_a_session_in_another_time_zone_keeps_moments_beside(
    postgresql_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgresql_connector.SETTINGS, "TimeZone", "Asia/Shanghai")
    source = PostgresqlConnector.open(postgresql_uri)
    assert "time zone: Asia/Shanghai" in source.probe().names()
    assert unproven("postgres", source.probe().names()) == ("timestamptz",)
    source.close()


@pytest.mark.skipif(postgresql_with_icu() is None, reason="no installed PostgreSQL knows ICU's collations")
def test_a_collation_that_merges_texts_is_found_and_read_otherwise() -> None:
    programs = postgresql_with_icu()
    assert programs is not None
    values = ", ".join(f"({literal(text)})" for text in TEXTS)
    statements = [
        "CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
        "CREATE COLLATION chinese (provider = icu, locale = 'zh-u-co-stroke')",
        "CREATE TABLE folded (c text COLLATE folding)",
        "CREATE TABLE by_stroke (c text COLLATE chinese)",
        f"INSERT INTO folded VALUES {values}",
        f"INSERT INTO by_stroke VALUES {values}",
    ]
    with running_postgresql(programs, statements) as uri:
        source = PostgresqlConnector.open(uri)
        folded = column_of(source, ("public", "folded"), "c").text
        assert folded is not None
        assert {"case", "accents", "normal forms"} <= set(folded.merges)
        assert native_questions(source, ("public", "folded"), "c") == ALL
        by_stroke = column_of(source, ("public", "by_stroke"), "c").text
        assert by_stroke is not None
        assert by_stroke.merges == ()
        assert not by_stroke.by_code_point
        assert native_questions(source, ("public", "by_stroke"), "c") == ALL
        source.close()


# --- SQLite and DuckDB ------------------------------------------------------------------------------------------


def _sqlite(file: Path, encoding: str) -> SqliteConnector:
    rows = ", ".join(f"({literal(t)}, {literal(t)}, {literal(t)})" for t in TEXTS)
    write_sqlite(
        file,
        f"PRAGMA encoding = '{encoding}'; CREATE TABLE t (plain TEXT, nocase TEXT COLLATE NOCASE, "
        f"rtrim TEXT COLLATE RTRIM); INSERT INTO t VALUES {rows};",
    )
    return SqliteConnector.open(str(file))


@pytest.mark.parametrize(
    ("column", "merges"), [("plain", ()), ("nocase", ("case",)), ("rtrim", ("trailing blanks",))]
)
def test_a_collation_of_sqlite_plays_no_part_in_what_runs_there(
    column: str, merges: tuple[str, ...], tmp_path: Path
) -> None:
    source = _sqlite(tmp_path / "odd.sqlite", "UTF-8")
    text = column_of(source, ("t",), column).text
    assert text is not None
    assert text.merges == merges
    assert native_questions(source, ("t",), column) == ALL
    source.close()


def test_a_sqlite_file_in_utf_16_orders_text_otherwise_and_computes_none(tmp_path: Path) -> None:
    source = _sqlite(tmp_path / "wide.sqlite", "UTF-16le")
    assert "text in a binary form: orders otherwise than by code point" in source.probe().names()
    assert unproven("sqlite", source.probe().names()) == ("text",)
    assert native_questions(source, ("t",), "plain") == frozenset()
    source.close()


def test_like_that_ignores_case_changes_nothing_in_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tuple(setting for setting in sqlite_session._SETTINGS if "case_sensitive_like" not in setting)
    monkeypatch.setattr(sqlite_session, "_SETTINGS", settings)
    source = _sqlite(tmp_path / "like.sqlite", "UTF-8")
    assert native_questions(source, ("t",), "nocase") == ALL
    source.close()


def test_a_column_of_duckdb_with_a_collation_is_computed_with_beside(tmp_path: Path) -> None:
    file = tmp_path / "odd.duckdb"
    with duckdb.connect(str(file), config={"temp_directory": ""}) as connection:
        connection.execute(
            "CREATE TABLE t (plain VARCHAR, nocase VARCHAR COLLATE NOCASE, nfc VARCHAR COLLATE NFC, "
            "noaccent VARCHAR COLLATE NOACCENT)"
        )
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", [[text] * 4 for text in TEXTS])
        connection.execute("CREATE VIEW v AS SELECT nocase AS hidden FROM t")
    source = DuckdbConnector.open(str(file))
    found = {column.name: column.text for table in source.describe() for column in table.columns}
    merges = {name: text.merges for name, text in found.items() if text is not None}
    assert merges["plain"] == ()
    assert "case" in merges["nocase"]
    assert "case" in merges["hidden"]
    assert merges["nfc"] == ("normal forms",)
    assert "accents" in merges["noaccent"]
    assert native_questions(source, ("t",), "plain") == ALL
    for column in ("nocase", "nfc", "noaccent"):
        assert native_questions(source, ("t",), column) == frozenset()
    assert native_questions(source, ("v",), "hidden") == frozenset()
    source.close()

"""What SQLite's columns are found to hold, and what happens when that changes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest

from comity.errors import SourceError
from connectors.spi import TABLES_CHANGED
from connectors.sqlite import SqliteConnector

SCHEMA = pa.schema([("id", pa.int64()), ("name", pa.string())])
QUESTION = 'SELECT "id", "name" FROM "residents" ORDER BY "id"'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "town.sqlite"
    with sqlite3.connect(path) as writer:
        writer.executescript("""
            CREATE TABLE residents (id BIGINT, name VARCHAR(20), nick TEXT COLLATE NOCASE, born DATE, mixed INTEGER);
            INSERT INTO residents VALUES (1, '张三', 'a', '1990-01-01', 7), (2, NULL, 'b', '1991-01-01', 'seven');
            CREATE VIEW grown AS SELECT id FROM residents;
        """)
    writer.close()
    return path


def write(path: Path, statement: str) -> None:
    # A process of its own would do the same; only here nothing else has the file open at that moment.
    with sqlite3.connect(path) as writer:
        writer.execute(statement)
    writer.close()


def test_integers_and_binary_text_are_uniform_where_every_value_is(path: Path) -> None:
    connector = SqliteConnector.open(str(path))
    table, view = connector.describe([("residents",), ("grown",)])
    connector.close()
    assert {column.name for column in table.columns if column.uniform} == {"id", "name"}
    assert not any(column.uniform for column in view.columns)


def test_a_change_that_keeps_the_types_is_read_on(path: Path) -> None:
    connector = SqliteConnector.open(str(path))
    connector.describe([("residents",)])
    assert sum(batch.num_rows for batch in connector.scan(QUESTION, SCHEMA)) == 2
    write(path, "INSERT INTO residents (id, name) VALUES (3, '李四')")
    assert sum(batch.num_rows for batch in connector.scan(QUESTION, SCHEMA)) == 3
    connector.close()


def test_a_value_of_another_type_ends_what_was_said_of_the_table(path: Path) -> None:
    connector = SqliteConnector.open(str(path))
    connector.describe([("residents",)])
    write(path, "INSERT INTO residents (id, name) VALUES ('none', 'x')")
    with pytest.raises(SourceError) as caught:
        list(connector.scan(QUESTION, SCHEMA))
    assert caught.value.metadata == TABLES_CHANGED
    (table,) = connector.describe([("residents",)])
    assert {column.name for column in table.columns if column.uniform} == {"name"}
    names = pa.schema([("name", pa.string())])
    found = list(connector.scan('SELECT "name" FROM "residents"', names))
    assert sum(batch.num_rows for batch in found) == 3
    connector.close()


def test_columns_that_a_question_does_not_read_do_not_matter_to_it(path: Path) -> None:
    connector = SqliteConnector.open(str(path))
    connector.describe([("residents",)])
    born = pa.schema([("born", pa.date32())])
    write(path, "UPDATE residents SET id = 'none'")
    assert sum(b.num_rows for b in connector.scan('SELECT "born" FROM "residents"', born)) == 2
    connector.close()

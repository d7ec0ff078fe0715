"""`comity check` shows how each source behaves, and what is computed beside because of it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from gateway.commands.check import check
from tests.pushdown.odd_databases import write_sqlite

POLICY = """\
table: person
grants:
  - id: all
    reason: 试验
    principals: {departments: [asker]}
    purposes: [test]
    columns: {name: {use: [read]}}
"""


@pytest.fixture
def federation(tmp_path: Path) -> Path:
    """Two SQLite files, one of them in UTF-16, and a DuckDB column that folds case."""
    root = tmp_path / "federation"
    for name, connector in {"plain": "sqlite", "wide": "sqlite", "folding": "duckdb"}.items():
        home = root / "departments" / name
        (home / "policies").mkdir(parents=True)
        (home / "policies" / "person.yaml").write_text(POLICY, "utf-8")
        (home / "department.yaml").write_text(
            f"name: {name}\ntitle: {name}\nsource: {{connector: {connector}, uri: data.db}}\n"
            "tables:\n  person:\n    from: person\n    columns:\n      name: {type: VARCHAR}\n",
            "utf-8",
        )
        if connector == "sqlite":
            encoding = "UTF-16le" if name == "wide" else "UTF-8"
            write_sqlite(
                home / "data.db", f"PRAGMA encoding = '{encoding}'; CREATE TABLE person (name TEXT);"
            )
        else:
            with duckdb.connect(str(home / "data.db"), config={"temp_directory": ""}) as connection:
                connection.execute("CREATE TABLE person (name VARCHAR COLLATE NOCASE)")
    (root / "federation.yaml").write_text(
        "name: small\nlisten: 127.0.0.1:50051\nidentity: {tokens: identity.yaml}\n"
        "purposes: {test: {title: 试验}}\ndepartments: departments/*\naudit: {path: audit/}\n",
        "utf-8",
    )
    (root / "identity.yaml").write_text("tokens: {t: {subject: asker, department: asker}}\n", "utf-8")
    return root


def run(*arguments: str) -> str:
    app = typer.Typer()
    app.command()(check)
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_json_says_of_each_source_what_it_answered_and_what_stays_beside(federation: Path) -> None:
    found = json.loads(run("--federation", str(federation), "--format", "json"))
    profiles = {each["department"]: each["profile"] for each in found["departments"]}
    assert profiles["plain"]["beside"] == []
    assert profiles["plain"]["answers"]["text in a binary form"] == "exact"
    assert profiles["wide"]["beside"] == ["text"]
    (column,) = profiles["folding"]["columns"]
    assert column["compares"].startswith("merges case")
    assert column["merges"][0] == "case"
    assert column["computed"] == "beside"


def test_sources_that_answered_alike_share_a_column(federation: Path) -> None:
    text = run("--federation", str(federation))
    (header,) = [line for line in text.splitlines() if line.startswith(" answers")]
    assert header.count("SQLite") == 2
    assert header.count("DuckDB") == 1
    (beside,) = [line for line in text.splitlines() if line.startswith(" beside for it")]
    assert [cell.strip() for cell in beside.split("│")[1:]] == ["nothing", "nothing", "text"]


def test_what_columns_of_text_do_by_themselves_is_counted(federation: Path) -> None:
    text = run("--federation", str(federation))
    lines = {
        line.split("│")[0].strip(): [cell.strip() for cell in line.split("│")[1:]]
        for line in text.splitlines()
    }
    folding = [name.startswith("DuckDB") for name in lines["answers"]].index(True)
    assert lines["case of text"][folding] == "ignored in 1 of 1 columns"
    assert lines["PAD SPACE"][folding] == "no"
    assert {lines["GROUP BY on text"][place] for place in range(3) if place != folding} == {"as it compares"}


def test_verbose_shows_each_column_of_text(federation: Path) -> None:
    text = run("--federation", str(federation), "--verbose")
    (line,) = [line for line in text.splitlines() if "folding.person.name" in line]
    assert "merges case" in line
    assert line.rstrip().endswith("beside")
    assert "folding.person.name" not in run("--federation", str(federation))

"""Limits of a day reach the caller as errors with a code, and a restart of the gateway does not reset them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from comity.errors import ComityError, LimitError

QUESTION = "SELECT id, balance FROM north.person WHERE id <= 12"


def limit(federation: Path, limits: str) -> None:
    path = federation / "departments/north/policies/person.yaml"
    text = path.read_text("utf-8")
    place = "    purposes: [statistics]\n"
    path.write_text(text.replace(place, f"{place}    limits: {limits}\n", 1), "utf-8")


def refused(connection: Any, sql: str = QUESTION) -> ComityError:
    with pytest.raises(ComityError) as caught:
        connection.query(sql).to_arrow()
    return caught.value


def test_the_rows_of_a_day_are_counted_over_questions_and_restarts(federation: Path, start: Any) -> None:
    limit(federation, "{rows_per_day: 30}")
    with start(federation) as gateway, gateway.connect() as connection:
        for _ in range(2):
            assert connection.query(QUESTION).to_arrow().num_rows == 12
    with start(federation) as gateway, gateway.connect() as connection:
        error = refused(connection)
        assert isinstance(error, LimitError)
        assert (error.code, error.department) == ("LIMIT_ROWS_PER_DAY", "north")
        assert "statistics-all" in str(error)
        assert connection.query("SELECT count(*) FROM north.person").to_arrow().num_rows == 1
        assert connection.query("SELECT id FROM south.person").to_arrow().num_rows == 30
        assert any("LIMIT_ROWS_PER_DAY" in str(record) for record in gateway.records())


def test_a_merge_is_refused_when_one_department_is_used_up(federation: Path, start: Any) -> None:
    limit(federation, "{bytes_per_day: 40}")
    with start(federation) as gateway, gateway.connect() as connection:
        sql = "SELECT n.id, s.id FROM north.person n JOIN south.person s ON n.balance = s.balance"
        assert refused(connection, sql).code == "LIMIT_BYTES_PER_DAY"


def test_without_its_ledger_a_department_answers_nothing_under_limits(federation: Path, start: Any) -> None:
    limit(federation, "{rows: 100}")
    (federation / "departments/north/state").write_text("no directory", "utf-8")
    with start(federation) as gateway, gateway.connect() as connection:
        error = refused(connection)
        assert (error.code, error.department) == ("LIMIT_UNCOUNTED", "north")
        assert str(federation) not in str(error)
        assert connection.query("SELECT id FROM south.person").to_arrow().num_rows == 30


def test_a_department_keeps_its_counts_beside_its_files(federation: Path, start: Any) -> None:
    limit(federation, "{rows: 100}")
    with start(federation) as gateway, gateway.connect() as connection:
        connection.query(QUESTION).to_arrow()
        connection.query("SELECT id FROM south.person").to_arrow()
    assert (federation / "departments/north/state/ledger.sqlite").is_file()
    assert not (federation / "departments/south/state").exists()
    shutil.rmtree(federation / "departments/north/state")

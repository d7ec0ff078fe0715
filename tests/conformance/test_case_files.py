"""The case files themselves: complete, readable, and able to fail."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from comity.errors import ConfigurationError
from comity.settings import resolve_settings
from conformance.canaries import load_canaries
from conformance.case import ENGINES
from conformance.case_files import CLASSES, load_classes
from conformance.fragments import HostileGateway
from conformance.prepare import prepare
from conformance.suite import Suite
from conformance.target import find_missing_canaries, principals
from conformance.wire import Gateway
from gateway.embedded import serve

SECRET = "conformance-tests"


def test_every_class_has_a_file_that_tries_it_or_says_why_not() -> None:
    classes = load_classes()
    assert [attack.number for attack in classes] == list(range(1, CLASSES + 1))
    assert sum(len(attack.cases) for attack in classes) >= 400
    for attack in classes:
        assert attack.cases or len(attack.not_applicable) > 60, attack.title


def test_every_case_says_what_an_attacker_gains() -> None:
    for attack in load_classes():
        for case in attack.cases:
            assert len(case.gains) > 20, case.id


def test_most_cases_run_on_every_engine() -> None:
    cases = [case for attack in load_classes() for case in attack.cases]
    assert sum(case.places == ENGINES for case in cases) > 0.8 * len(cases)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_planted_value_is_seen_by_those_who_may(suite: Suite, engine: str) -> None:
    assert find_missing_canaries(suite, engine) == []


@contextmanager
def weakened(federation: Path, old: str, new: str) -> Iterator[Suite]:
    """The suite on a federation of two engines whose policy of residents was changed."""
    prepare(federation, ("sqlite", "duckdb"), secret=SECRET)
    for policy in federation.glob("departments/*/policies/resident.yaml"):
        text = policy.read_text("utf-8")
        assert old in text
        policy.write_text(text.replace(old, new, 1), "utf-8")
    with serve(federation) as server:
        hostile = HostileGateway(server.gateway.agents, principals(server.gateway.federation, SECRET))
        absent = {f"proof_{engine}": "left out" for engine in ("postgresql", "mysql")} | {
            "proof_all": "left out"
        }
        with Gateway(resolve_settings(server=server.address, token=SECRET), SECRET) as gateway:
            yield Suite(gateway, load_canaries(), hostile, absent)
        hostile.close()


@pytest.mark.parametrize(
    ("old", "new", "attack"),
    [
        ('    rows: "sealed = 0"\n', "", 43),
        ("name: {mask: person_name}", "name: {use: [read]}", 43),
        (
            "level: {use: [read]}\n      visited",
            "level: {use: [read]}\n      income: {use: [read]}\n      visited",
            44,
        ),
        ('rows: "town = principal.town AND sealed = 0"', 'rows: "sealed = 0"', 62),
    ],
)
def test_the_suite_notices_a_policy_that_lets_more_through(
    tmp_path: Path, old: str, new: str, attack: int
) -> None:
    (chosen,) = (found for found in load_classes() if found.number == attack)
    with weakened(tmp_path / "federation", old, new) as suite:
        outcomes = [suite.run(case) for case in chosen.cases]
    assert any(outcome.status == "failed" for outcome in outcomes)


def test_a_case_that_expects_nothing_is_refused(tmp_path: Path) -> None:
    text = "class: 1\ntitle: t\ngains: something or other\ncases:\n  - {id: a, ask: SELECT 1}\n"
    (tmp_path / "01.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match="expect exactly one"):
        load_classes(tmp_path)


@pytest.mark.parametrize("word", ["110", "beef", "123456"])
def test_a_word_that_query_ids_hold_by_chance_is_refused(tmp_path: Path, word: str) -> None:
    case = f"{{id: a, ask: SELECT 1, answered: true, says_not: ['{word}']}}"
    (tmp_path / "01.yaml").write_text(
        f"class: 1\ntitle: t\ngains: something or other\ncases:\n  - {case}\n", "utf-8"
    )
    with pytest.raises(ConfigurationError, match=f"{word} can stand in a query id by chance"):
        load_classes(tmp_path)


def test_a_class_without_cases_has_to_say_why(tmp_path: Path) -> None:
    (tmp_path / "01.yaml").write_text("class: 1\ntitle: t\n", "utf-8")
    with pytest.raises(ConfigurationError, match="why there are none"):
        load_classes(tmp_path)


def test_departments_that_are_there_are_not_written_over(tmp_path: Path) -> None:
    prepare(tmp_path / "federation", ("sqlite",), secret=SECRET)
    with pytest.raises(ConfigurationError, match="already"):
        prepare(tmp_path / "federation", ("sqlite",), secret=SECRET)
    shutil.rmtree(tmp_path / "federation")

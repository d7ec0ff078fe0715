"""Reads the scenario questions of the example city: `-- key: value` lines, then one SELECT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from examples.city.generate import CITY
from tests.city.question_files import departments_of

FILES = sorted((CITY / "scenarios").glob("*.sql"))


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario; `header` has title, principal, purpose, why and expect."""

    name: str
    header: dict[str, str]
    sql: str
    departments: frozenset[str]

    @property
    def principal(self) -> str:
        return self.header["principal"]

    @property
    def purpose(self) -> str:
        return self.header["purpose"]

    @property
    def is_refused(self) -> bool:
        return self.header["expect"] == "refused"


def read_scenario(path: Path) -> Scenario:
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("--")]
    header = dict(line.removeprefix("-- ").split(": ", 1) for line in head)
    sql = "\n".join(lines[len(head) :])
    return Scenario(path.stem, header, sql, frozenset(departments_of(sql)))


def read_scenarios() -> list[Scenario]:
    return [read_scenario(path) for path in FILES]

"""The plan that the documentation shows is the plan that the city makes."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.city.conftest import City
from tests.city.scenarios import read_scenarios

PAGE = Path(__file__).parents[2] / "docs/reference/plan.md"
WIDTH = 105
SOON = 30.0


def without_sizes(lines: list[str]) -> list[str]:
    """The lines of a tree without numbers of rows, bytes, keys and milliseconds, which follow the size of the city."""
    return [re.sub(r"(\d[\d,.]* → )?\d[\d,.]* (rows?|keys?|m?s|[kM]?B)\b", "#", line) for line in lines]


def test_the_documented_plan_is_the_scenarios_plan(city: City) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"Scenario 03 of the .*?```text\n(.*?)\n```", page, re.DOTALL)
    scenario = next(each for each in read_scenarios() if each.name.startswith("03-"))
    documented = without_sizes(block.splitlines())
    connection, patience = city.connect(scenario.principal), time.monotonic() + SOON
    while True:
        explained = connection.explain(scenario.sql, purpose=scenario.purpose, analyze=True)
        drawn = without_sizes(explained.tree(WIDTH).splitlines())
        # It is chosen by statistics, which a source may still be asked for.
        if drawn == documented or time.monotonic() > patience:
            break
        time.sleep(0.2)
    assert drawn == documented

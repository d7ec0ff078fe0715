"""What docs/reference/policies.md shows is what the code reads."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from policies.department import load_department
from policies.rehearse import rehearse
from policies.stage import Sandbox
from tests.policies.conftest import DEPARTMENT

Write = Callable[..., Path]

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "policies.md").read_text("utf-8")
BLOCKS: list[str] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
MASKS: list[str] = re.findall(r"`mask: ([^`]+)`", PAGE)


def block(beginning: str) -> str:
    return next(b for b in BLOCKS if b.startswith(beginning))


def test_the_example_files_load_and_the_example_test_passes(write_department: Write) -> None:
    directory = write_department(
        block("name: health"), block("table: patients\ngrants"), patients_test=block("table: patients\ndate")
    )
    department = load_department(directory, {"HEALTH_URI": "postgresql://db/health"})
    with Sandbox() as sandbox:
        rehearsal = rehearse(
            department, directory / "policies" / "patients_test.yaml", sandbox, today=date(2026, 6, 1)
        )
    assert [o.problems for o in rehearsal.outcomes] == [(), (), ()]
    assert rehearsal.passed


def test_the_example_row_filter_loads(write_department: Write) -> None:
    line = block("rows: ").strip()
    policy = f"""\
table: patients
grants:
  - id: g
    reason: r
    principals: {{roles: [a]}}
    purposes: [p]
    columns: {{}}
    {line.replace(" AND NOT cancelled", " AND cost > 0")}
"""
    assert load_department(write_department(policy=policy), {}).policies["patients"].grants[0].row_filter


def test_every_mask_is_shown() -> None:
    assert len(MASKS) == 15


@pytest.mark.parametrize("mask", MASKS)
def test_every_mask_that_is_shown_loads(write_department: Write, mask: str) -> None:
    column = "born" if mask in {"year", "month"} else "cost" if "bucket" in mask else "name"
    policy = f"""\
table: patients
grants:
  - id: g
    reason: r
    principals: {{roles: [a]}}
    purposes: [p]
    columns: {{{column}: {{mask: {mask}}}}}
"""
    keyed = DEPARTMENT.replace("tables:", 'tokens: {key: "${TOKEN_KEY}"}\ntables:', 1)
    grant = load_department(write_department(keyed, policy), None).policies["patients"].grants[0]
    assert grant.shown[column].mask is not None

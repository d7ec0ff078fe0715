"""A small city to read, and ways to write a department of one's own."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from comity.errors import ConfigurationError
from policies.department import Department, load_department

# The machine that runs the tests may be busy: how long an example takes says nothing.
settings.register_profile("policies", deadline=None)
settings.load_profile("policies")

CITY = Path(__file__).parent / "data" / "city"

DEPARTMENT = """\
name: health
title: 卫生健康局
source: {connector: sqlite, uri: health.sqlite}
tables:
  patients:
    from: t_hzjbxx
    columns:
      person_id: {from: sfzh, type: VARCHAR}
      name: {from: xm, type: VARCHAR}
      born: {from: csrq, type: DATE}
      town_code: {type: VARCHAR}
      cost: {from: fy, type: "DECIMAL(15,2)"}
"""

POLICY = """\
table: patients
grants:
  - id: review
    reason: 数据共享协议 2026-07
    principals: {departments: [civil_affairs], roles: [analyst]}
    purposes: [benefit_review]
    columns:
      person_id: {use: [read]}
      name: {mask: person_name}
"""

WriteDepartment = Callable[..., Path]
LoadError = Callable[..., ConfigurationError]


@pytest.fixture
def city() -> Path:
    """The directory of the fixture federation: health and civil_affairs."""
    return CITY


@pytest.fixture
def health() -> Department:
    """The fixture federation's health department."""
    return load_department(CITY / "departments" / "health", {"HEALTH_URI": "postgresql://localhost/health"})


@pytest.fixture
def write_department(tmp_path: Path) -> WriteDepartment:
    """Writes a department with one policy, patients.yaml, and returns its directory."""

    def write(department: str = DEPARTMENT, policy: str | None = POLICY, **others: str) -> Path:
        directory = tmp_path / "health"
        (directory / "policies").mkdir(parents=True, exist_ok=True)
        (directory / "department.yaml").write_text(textwrap.dedent(department), encoding="utf-8")
        files = others | ({"patients": policy} if policy is not None else {})
        for name, text in files.items():
            (directory / "policies" / f"{name}.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
        return directory

    return write


@pytest.fixture
def load_error(write_department: WriteDepartment) -> LoadError:
    """Writes a department that must not load, and returns the error."""

    def load(department: str = DEPARTMENT, policy: str | None = POLICY, **others: str) -> ConfigurationError:
        with pytest.raises(ConfigurationError) as caught:
            load_department(write_department(department, policy, **others), {})
        return caught.value

    return load

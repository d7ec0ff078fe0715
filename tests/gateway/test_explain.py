"""What a plan tells of sizes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.assembly import Gateway, open_gateway
from gateway.explain import describe_plan
from gateway.stages import Lifetime, QueryRequest
from tests.oracle.small_federation import FEDERATION, write_databases


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    directory = tmp_path / "federation"
    shutil.copytree(FEDERATION, directory)
    write_databases(directory)
    gateway = open_gateway(directory)
    yield gateway
    gateway.close()


@pytest.mark.parametrize(
    ("token", "table", "told"),
    [("nurse", "clinic.patient", 30), ("clerk", "bureau.benefit", None)],
    ids=["who sees every row", "who is shown some rows"],
)
def test_an_estimate_is_told_to_who_sees_every_row(
    gateway: Gateway, token: str, table: str, told: int | None
) -> None:
    who = gateway.federation.principals[token]
    lifetime = Lifetime(time.monotonic() + 60)
    sql = f"SELECT id FROM {table}"
    asked = QueryRequest("q", "", who, "", sql, (), {}, "statistics", allow_partial=False, lifetime=lifetime)
    plan = gateway.pipeline.explain(asked)
    estimated = replace(plan, fragments=tuple(replace(f, row_estimate=30) for f in plan.fragments))
    assert [fragment["estimated_rows"] for fragment in describe_plan(estimated)["fragments"]] == [told]

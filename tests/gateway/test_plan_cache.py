"""A plan is used again for the same caller in the same words, and for nobody else."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from audit.reader import AuditReader
from comity.errors import PolicyError
from comity.values import ParameterValue
from gateway.assembly import Gateway, open_gateway
from gateway.plan_cache import plan_key
from gateway.stages import FederatedPlan, Lifetime, QueryRequest
from policies.principal import Principal
from tests.oracle.small_federation import FEDERATION, write_databases

WHO = Principal("nurse", "clinic", frozenset({"analyst"}), {"area": "east"})
SQL = "SELECT count(*) AS n FROM clinic.patient WHERE cost > ?"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    directory = tmp_path / "federation"
    shutil.copytree(FEDERATION, directory)
    write_databases(directory)
    gateway = open_gateway(directory)
    yield gateway
    gateway.close()


def request(
    sql: str = SQL, who: Principal = WHO, purpose: str = "statistics", value: ParameterValue = 1
) -> QueryRequest:
    lifetime = Lifetime(time.monotonic() + 60)
    return QueryRequest("q", "", who, "", sql, (value,), {}, purpose, allow_partial=False, lifetime=lifetime)


def plan(gateway: Gateway, asked: QueryRequest) -> FederatedPlan:
    return gateway.pipeline.explain(asked)


def test_the_same_question_of_the_same_caller_is_planned_once(gateway: Gateway) -> None:
    first, again = plan(gateway, request()), plan(gateway, other := request())
    assert again.fragments is first.fragments
    assert again.authorized.request is other


def test_the_record_of_a_known_plan_says_as_much_as_the_first(gateway: Gateway) -> None:
    plan(gateway, request())
    plan(gateway, request())
    records = list(AuditReader(gateway.federation.audit_path).records())
    authorized = [record.event for record in records if record.type == "query.authorized"]
    assert len(authorized) == 2
    assert authorized[0] == authorized[1]
    texts = [record.event["text"] for record in records if record.type == "query.received"]
    assert len(texts) == 2
    # Salt and commitment are each question's own.
    assert texts[0].keys() == texts[1].keys()
    assert texts[0]["fingerprint"] == texts[1]["fingerprint"]
    assert texts[0]["commitment"] != texts[1]["commitment"]


@pytest.mark.parametrize(
    "other",
    [
        replace(WHO, subject="other"),
        replace(WHO, roles=frozenset({"analyst", "chief"})),
        replace(WHO, attributes={"area": "west"}),
        replace(WHO, attributes={}),
        replace(WHO, ceiling="general"),
        replace(WHO, department="bureau"),
    ],
)
def test_no_plan_is_shared_by_two_callers(gateway: Gateway, other: Principal) -> None:
    first = plan(gateway, request())
    assert plan(gateway, request(who=other, sql=SQL)).fragments is not first.fragments


def test_no_plan_opens_what_a_purpose_closes(gateway: Gateway) -> None:
    plan(gateway, request())
    with pytest.raises(PolicyError):
        plan(gateway, request(purpose="nothing"))


def test_values_count_with_their_types() -> None:
    today = date(2026, 11, 22)
    keys = {plan_key(request(value=value), today, 1) for value in (1, True, "1", 1.0, None, 2)}
    assert len(keys) == 6


def test_day_and_catalogue_make_another_plan() -> None:
    asked = request()
    assert plan_key(asked, date(2026, 11, 22), 1) != plan_key(asked, date(2026, 11, 23), 1)
    assert plan_key(asked, date(2026, 11, 22), 1) != plan_key(asked, date(2026, 11, 22), 2)


def test_what_names_the_present_is_planned_anew(gateway: Gateway) -> None:
    sql = "SELECT count(*) AS n FROM clinic.patient WHERE born < current_date AND cost > ?"
    first = plan(gateway, request(sql))
    assert plan(gateway, request(sql)).fragments is not first.fragments


def test_a_refusal_is_not_kept(gateway: Gateway) -> None:
    sql = "SELECT xm FROM bureau.benefit WHERE 1 = ?"
    for _ in range(2):
        with pytest.raises(Exception, match=r"xm|benefit"):
            plan(gateway, request(sql))

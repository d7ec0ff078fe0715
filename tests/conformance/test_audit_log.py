"""Attack class 68: every question of the suite is on record with its end, and no planted value is."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from audit.reader import AuditReader
from comity.settings import resolve_settings
from conformance.canaries import load_canaries
from conformance.case_files import load_classes
from conformance.fragments import HostileGateway
from conformance.prepare import prepare
from conformance.suite import Suite
from conformance.target import principals
from conformance.wire import Gateway
from gateway.embedded import serve

SECRET = "conformance-tests"
ASKED = (9, 12, 43, 45, 52, 60, 62, 64, 66)
ENDS = {"query.completed", "query.denied"}


def test_every_attack_is_on_record_and_no_planted_value_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    directory = tmp_path / "federation"
    prepare(directory, ("sqlite",), secret=SECRET)
    absent = {f"proof_{engine}": "left out" for engine in ("postgresql", "mysql", "duckdb")} | {
        "proof_all": "left out"
    }
    words: list[str] = []
    with serve(directory) as server:
        hostile = HostileGateway(server.gateway.agents, principals(server.gateway.federation, SECRET))
        with Gateway(resolve_settings(server=server.address, token=SECRET), SECRET) as gateway:
            suite = Suite(gateway, load_canaries(), hostile, absent)
            for attack in load_classes():
                for case in attack.cases if attack.number in ASKED else ():
                    suite.run(case)
                    words += [q.own_words for q in (case.question, *case.before)]
        hostile.close()
    records = list(AuditReader(directory / "audit").records())
    received = [r.query_id for r in records if r.type == "query.received"]
    ended = [r.query_id for r in records if r.type in ENDS]
    explained = {
        r.query_id for r in records if r.type == "query.received" and r.event["operation"] == "explain"
    }
    assert len(received) == len(set(received)) > 200
    assert sorted(ended) == sorted(set(ended))
    assert set(received) - set(ended) <= explained
    asked = "\n".join(words)
    logged = "\n".join([*(r.leaf.decode() for r in records), *(r.getMessage() for r in caplog.records)])
    found = [c for c in load_canaries() if c.value in logged and c.value not in asked]
    assert found == []

"""A federation with something wrong does not start: it says what, where, and with which code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from comity.errors import AuditError, ComityError, ConfigurationError
from gateway.assembly import open_gateway

# Each: the file, what to replace by what, the code, and words of the message.
MISTAKES = [
    ("federation.yaml", "limits:", "limit:", "CONFIG_INVALID", "limits"),
    ("federation.yaml", "name: small", "name: [small]", "CONFIG_INVALID", "name"),
    ("federation.yaml", "127.0.0.1:0", "0.0.0.0:50051", "CONFIG_TLS", "tls"),
    ("federation.yaml", "127.0.0.1:0", "nowhere", "CONFIG_INVALID", "listen"),
    ("federation.yaml", "departments/*", "department/*", "CONFIG_REFERENCE", "department/*"),
    ("federation.yaml", "*th.person", "*th.nobody", "CONFIG_REFERENCE", "shared.person"),
    ("federation.yaml", "identity.yaml", "missing.yaml", "CONFIG_MISSING", "missing.yaml"),
    ("federation.yaml", "  review: {title: 核查}\n", "", "CONFIG_REFERENCE", "review"),
    ("identity.yaml", "subject: li.wei", "name: li.wei", "CONFIG_INVALID", "name"),
    (
        "departments/north/department.yaml",
        "connector: sqlite",
        "connector: sqlit",
        "CONFIG_REFERENCE",
        "sqlit",
    ),
    (
        "departments/north/department.yaml",
        "{connector: sqlite, uri: ../../data/north.sqlite}",
        "{connector: mysql, uri: 'mysql://reader:hunter2@db.example/north'}",
        "CONFIG_SECRET",
        "password",
    ),
    (
        "departments/north/department.yaml",
        "../../data/north.sqlite",
        '"${NORTH_URI}"',
        "CONFIG_MISSING",
        "NORTH_URI",
    ),
    ("departments/north/department.yaml", "INTEGER", "INTEGR", "CONFIG_", "INTEGR"),
    ("departments/north/policies/person.yaml", "statistics]", "statistic]", "CONFIG_REFERENCE", "statistic"),
    ("departments/north/policies/person.yaml", "[centre]", "[center]", "CONFIG_REFERENCE", "center"),
    (
        "departments/north/policies/person.yaml",
        "mask: person_name",
        "mask: person_nam",
        "CONFIG_",
        "person_nam",
    ),
    ("departments/north/policies/person.yaml", "      area:", "      aera:", "CONFIG_REFERENCE", "aera"),
    ("departments/north/policies/person.yaml", "table: person", "table: persons", "CONFIG_", "persons"),
    ("departments/north/policies/person.yaml", "principal.area", "(SELECT 1)", "CONFIG_POLICY", "rows"),
    ("departments/north/policies/person.yaml", "grants:", "grants: [", "CONFIG_", "person.yaml"),
]


@pytest.mark.parametrize(("name", "old", "new", "code", "words"), MISTAKES, ids=lambda v: str(v)[:24])
def test_a_mistake_is_named_with_its_file_and_code(
    federation: Path, name: str, old: str, new: str, code: str, words: str
) -> None:
    path = federation / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        open_gateway(federation, {})
    error = caught.value
    assert re.match(code, error.code), f"{error.code}: {error}"
    assert words in str(error)
    assert "hunter2" not in str(error)


def test_two_gateways_do_not_write_one_log(gateway: Any) -> None:
    with pytest.raises(AuditError):
        open_gateway(gateway.directory)


def test_a_port_in_use_is_said_and_nothing_stays_open(gateway: Any, federation: Path, tmp_path: Path) -> None:
    import shutil

    from gateway.server import Server

    other = tmp_path / "other"
    shutil.copytree(federation, other, ignore=shutil.ignore_patterns("audit"))
    with pytest.raises(ComityError) as caught:
        Server(open_gateway(other), gateway.server.address)
    assert caught.value.code == "GATEWAY_UNAVAILABLE"
    reopened = open_gateway(other)
    reopened.close()

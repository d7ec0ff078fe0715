"""The oracle's tokens and the agent's are the same, though written twice."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.decide import decide
from policies.principal import Principal
from policies.token_keys import TokenKey
from policies.tokens import Tokens
from sql.catalog import ColumnUse, TableUse
from tests.oracle.tokens import normal_form, token_function
from tests.oracle.views import Views

SECRET = hashlib.sha256(b"the oracle's").digest()
ELEMENTS = ("citizen_number", "credit_code", "text", "text:person.phone")
CITIZENS = ("11010519491231002X", "440305199003074218", "110105491231002", "110105491231997")
CREDIT = ("91350100M000100Y43",)


def _wide(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


CHANGES = [
    str.lower,
    _wide,
    lambda text: f" {text}\u3000",
    lambda text: f"{text[:6]}-{text[6:14]} {text[14:]}",
    lambda text: text[:-1],
    lambda text: text[:-1] + "0",
    lambda text: text[:8] + "99" + text[10:],
    lambda text: text + "\u200b",
]
WRITINGS = st.tuples(
    st.sampled_from(CITIZENS + CREDIT), st.lists(st.sampled_from(CHANGES), max_size=3, unique=True)
).map(lambda pair: _changed(*pair))


def _changed(text: str, changes: list[object]) -> str:
    for change in changes:
        text = change(text)  # type: ignore[operator]
    return text


@settings(deadline=None, max_examples=400)
@given(
    values=st.lists(
        st.none() | WRITINGS | st.text(max_size=20) | st.text("0123456789Xx -", max_size=20), max_size=8
    ),
    element=st.sampled_from(ELEMENTS),
    purpose=st.sampled_from(["statistics", "review"]),
)
@example(
    values=["①②③", "ß", "ﬀ", "\x1c", "１１０１０５４９１２３１００２"], element="citizen_number", purpose="p"
)
def test_the_two_agree(values: list[str | None], element: str, purpose: str) -> None:
    columns = [pa.chunked_array([pa.array(c, pa.string())]) for c in (values, [element] * len(values))]
    ours = Tokens(TokenKey("hmac-sha256", SECRET), purpose)(*columns)
    assert token_function("sha256", SECRET, purpose)(*columns).to_pylist() == ours.to_pylist()


def test_the_writings_above_are_not_all_of_one_kind() -> None:
    assert normal_form(_wide(CITIZENS[0]).lower(), "citizen_number") == CITIZENS[0]
    assert normal_form(CITIZENS[2], "citizen_number") == CITIZENS[0]
    assert normal_form(CITIZENS[0][:-1] + "1 ", "citizen_number") == CITIZENS[0][:-1] + "1"
    assert normal_form(f" {CREDIT[0].lower()}", "credit_code") == CREDIT[0]


DEPARTMENT = """\
name: clinic
source: {connector: sqlite, uri: clinic.sqlite}
tokens: {key: "${CLINIC_KEY}"}
tables:
  patient:
    columns: {person_id: {type: VARCHAR, element: person.citizen_number}}
"""
POLICY = """\
table: patient
grants:
  - {id: g, reason: r, principals: {roles: [analyst]}, purposes: [statistics, review], columns: {person_id: {mask: token}}}
"""
FEDERATION = """\
name: one
listen: 127.0.0.1:0
identity: {tokens: identity.yaml}
purposes: {statistics: {title: 统计}, review: {title: 核查}}
departments: departments/*
"""


def test_the_oracles_views_show_tokens_of_the_purpose(tmp_path: Path) -> None:
    home = tmp_path / "departments/clinic"
    (home / "policies").mkdir(parents=True)
    (home / "department.yaml").write_text(DEPARTMENT, encoding="utf-8")
    (home / "policies/patient.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "federation.yaml").write_text(FEDERATION, encoding="utf-8")
    token = "tokens: {analyst: {subject: li.wei, department: clinic, roles: [analyst]}}\n"
    (tmp_path / "identity.yaml").write_text(token, encoding="utf-8")
    rows = {("clinic", "patient"): pa.table({"person_id": [CITIZENS[0], CITIZENS[2], None]})}
    views = Views(tmp_path, rows, {"clinic": SECRET})
    principal = Principal("li.wei", "clinic", frozenset({"analyst"}))
    use = TableUse(
        "clinic", "patient", frozenset({"person_id"}), uses=(ColumnUse("person_id", "read", "shows it"),)
    )
    for purpose in ("statistics", "review"):
        decision = decide(views.departments["clinic"], use, principal, purpose, date(2026, 11, 1))
        assert decision.allowed, decision.reasons
        views.show([decision], principal, purpose)
        found = views.connection.execute("SELECT person_id FROM clinic.patient").fetchall()
        expected = Tokens(TokenKey("hmac-sha256", SECRET), purpose).token(CITIZENS[0], "citizen_number")
        assert found == [(expected,), (expected,), (None,)]
    views.close()

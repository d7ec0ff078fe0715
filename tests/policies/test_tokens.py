"""Tokens: equal where they should meet, unlike everywhere else, and made nowhere but where they may be."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import ConfigurationError, SqlError
from policies.decision import ColumnDecision, Decision
from policies.department import load_department
from policies.masks import check_mask
from policies.model import Mask
from policies.rehearse import rehearse
from policies.stage import Sandbox
from policies.token_keys import DIGESTS, TokenKey, supports
from policies.tokens import TOKEN_FUNCTION, Tokens, token_element, tokens_for
from sql.parse import parse_query
from tests.policies.token_reference import reference_token

SECRET = hashlib.sha256(b"a key for tests").digest()
KEY = TokenKey("hmac-sha256", SECRET)
ALGORITHMS = [name for name in DIGESTS if supports(name)]

DEPARTMENT = """\
name: health
source: {connector: sqlite, uri: health.sqlite}
tokens: {key: "${TOKEN_KEY}"}
tables:
  patients:
    columns:
      person_id: {type: VARCHAR, element: person.citizen_number}
      employer: {type: VARCHAR, element: enterprise.credit_code}
      phone: {type: VARCHAR, element: person.phone}
      remark: {type: VARCHAR}
      age: {type: INTEGER}
"""

POLICY = """\
table: patients
grants:
  - id: research
    reason: 科研协议
    principals: {{roles: [analyst]}}
    purposes: [research]
    columns:
      {columns}
"""


def column(
    values: list[str | None], purpose: str = "p", element: str = "text", key: TokenKey = KEY
) -> list[str | None]:
    array = pa.chunked_array([pa.array(values, pa.string())])
    found = Tokens(key, purpose)(array, pa.chunked_array([pa.array([element] * len(values))]))
    assert found.type == pa.string()
    found.validate(full=True)
    return list(found.to_pylist())


def test_tokens_of_a_column_are_those_of_its_values() -> None:
    values = ["张三", None, "", "b" * 1000, None, "张三"]
    tokens = Tokens(KEY, "p")
    assert column(values) == [None if v is None else tokens.token(v, "text") for v in values]
    assert column([]) == []
    assert column([None, None]) == [None, None]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(
    value=st.text(max_size=40),
    purpose=st.text(max_size=12),
    element=st.sampled_from(["text", "text:person.name"]),
)
def test_a_token_is_what_an_independent_reading_of_the_standards_computes(
    algorithm: str, value: str, purpose: str, element: str
) -> None:
    found = Tokens(TokenKey(algorithm, SECRET), purpose).token(value, element)
    assert found == reference_token(DIGESTS[algorithm], SECRET, purpose, element, value)


@pytest.mark.parametrize(
    ("element", "value", "token"),
    [
        ("citizen_number", "11010519491231002X", "I4H6URXYTT57RTZXDYPHLIQUO5"),
        ("citizen_number", "110105 491231 002", "I4H6URXYTT57RTZXDYPHLIQUO5"),
        ("credit_code", "91350100M000100Y43", "MC7J5WVNRUOYTPFBPOJZ6MONCB"),
        ("text", "张三", "C7GEI6CILPCQYJMTYEAL6SDK5K"),
    ],
)
def test_tokens_do_not_change_from_one_version_to_the_next(element: str, value: str, token: str) -> None:
    assert Tokens(TokenKey("hmac-sha256", bytes(range(32))), "statistics").token(value, element) == token


def test_a_token_has_26_letters_and_digits() -> None:
    found = {Tokens(KEY, "p").token(str(i), "text") for i in range(3000)}
    assert len(found) == 3000
    assert {len(token) for token in found} == {26}
    assert set().union(*found) == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def test_numbers_written_differently_meet_and_texts_do_not() -> None:
    assert (
        len(
            set(
                column(
                    ["11010519491231002X", "110105491231002", "１１０１０５１９４９１２３１００２ｘ"],
                    element="citizen_number",
                )
            )
        )
        == 1
    )
    assert (
        len(
            set(column(["91350100M000100Y43", "９１３５０１００ｍ０００１００ｙ４３"], element="credit_code"))
        )
        == 1
    )
    assert len(set(column(["a", "A", "a ", " a", "ａ", "é", "e\u0301"]))) == 7


def test_tokens_mean_nothing_under_another_purpose_element_key_or_algorithm() -> None:
    number = "11010519491231002X"
    found = [
        column([number], "statistics", "citizen_number"),
        column([number], "review", "citizen_number"),
        column([number], "statistics", "credit_code"),
        column([number], "statistics", "text"),
        column([number], "statistics", "text:person.citizen_number"),
        column([number], "statistics", "citizen_number", TokenKey("hmac-sha256", SECRET[::-1])),
    ]
    if "hmac-sm3" in ALGORITHMS:
        found.append(column([number], "statistics", "citizen_number", TokenKey("hmac-sm3", SECRET)))
    assert len({tokens[0] for tokens in found}) == len(found)
    hashed = {hashlib.sha256(number.encode()).digest(), hmac.digest(SECRET, number.encode(), "sha256")}
    assert not {tokens[0] for tokens in found} & {_written(digest) for digest in hashed}


def _written(digest: bytes) -> str:
    return "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte % 32] for byte in digest[:26])


def test_more_values_than_are_remembered_keep_their_tokens() -> None:
    values: list[str | None] = [str(i) for i in range(70_000)]
    tokens = Tokens(KEY, "p")
    array, elements = pa.chunked_array([pa.array(values)]), pa.chunked_array([pa.array(["text"])])
    first, again = tokens(array, elements), tokens(array, elements)
    assert first.equals(again)
    assert first[0].as_py() == Tokens(KEY, "p").token("0", "text")


@pytest.mark.parametrize(
    ("argument", "element", "found"),
    [
        (None, "person.citizen_number", "citizen_number"),
        (None, "enterprise.credit_code", "credit_code"),
        (None, "legal_person.citizen_number", "citizen_number"),
        (None, "citizen_number", "citizen_number"),
        (None, "person.phone", "text:person.phone"),
        (None, "remark.text", "text:remark.text"),
        (None, None, "text"),
        ("text", "person.citizen_number", "text"),
        ("citizen_number", None, "citizen_number"),
        ("citizen_number", "person.phone", "citizen_number"),
    ],
)
def test_the_mask_or_the_data_element_says_what_a_value_is(
    argument: str | None, element: str | None, found: str
) -> None:
    assert token_element(argument, element) == found


def write(tmp_path: Path, columns: str, department: str = DEPARTMENT) -> Path:
    (tmp_path / "policies").mkdir(exist_ok=True)
    (tmp_path / "department.yaml").write_text(department, encoding="utf-8")
    (tmp_path / "policies/patients.yaml").write_text(POLICY.format(columns=columns), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("rule", "element"),
    [
        ("person_id: {mask: token}", "citizen_number"),
        ("employer: {mask: token}", "credit_code"),
        ("phone: {mask: token}", "text:person.phone"),
        ("remark: {mask: token}", "text"),
        ("phone: {mask: {token: citizen_number}}", "citizen_number"),
        ("person_id: {mask: {token: text}}", "text"),
    ],
)
def test_policies_say_token_and_what_the_value_is(tmp_path: Path, rule: str, element: str) -> None:
    department = load_department(write(tmp_path, rule), None)
    (found,) = department.policies["patients"].grants[0].columns.values()
    assert found.mask == Mask("token", element)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("person_id: {mask: {token: phone}}", "phone"),
        ("person_id: {mask: {token: null}}", "token"),
        ("age: {mask: token}", "for text"),
    ],
)
def test_a_token_mask_that_fits_nothing_is_refused(tmp_path: Path, rule: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_department(write(tmp_path, rule), None)
    assert caught.value.code == "CONFIG_POLICY"


def test_a_token_mask_without_a_key_is_refused_with_its_line(tmp_path: Path) -> None:
    keyless = DEPARTMENT.replace('tokens: {key: "${TOKEN_KEY}"}\n', "")
    directory = write(tmp_path, "remark: {use: [read]}\n      person_id: {mask: token}", keyless)
    with pytest.raises(ConfigurationError, match="tokens") as caught:
        load_department(directory, None)
    assert caught.value.code == "CONFIG_POLICY"
    assert "patients.yaml:9" in str(caught.value)


@pytest.mark.parametrize(
    "sql",
    [
        "md5(remark)",
        "MD5 (remark)",
        '"md5"(remark)',
        "sha1(remark)",
        "sha256(remark)",
        "left(sha256(remark || 'pepper'), 20)",
        "upper(md5(trim(remark)))",
        "CAST(hash(remark) AS VARCHAR)",
        "CAST(md5_number(remark) AS VARCHAR)",
        "sha512(remark)",
        "CAST(crc32(remark) AS VARCHAR)",
    ],
)
def test_a_hash_without_a_key_is_refused_as_a_mask_with_the_reason(tmp_path: Path, sql: str) -> None:
    with pytest.raises(ConfigurationError, match=r"36\.5 million") as caught:
        load_department(
            write(tmp_path, f"remark: {{mask: {{sql: '{sql.replace(chr(39), chr(39) * 2)}'}}}}"), None
        )
    assert caught.value.code == "CONFIG_POLICY"
    assert "mask: token" in str(caught.value)


def test_other_sql_masks_stay_allowed() -> None:
    for sql in ("left(remark, 1) || '*'", "replace(remark, 'hash', '#')", "upper(remark)"):
        check_mask(Mask("sql", sql), "remark", "VARCHAR")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT comity_token(remark, 'text') FROM health.patients",
        "SELECT COMITY_TOKEN('11010519491231002X', 'citizen_number')",
        "SELECT \"comity_token\"(remark, 'text') FROM health.patients",
        "SELECT main.comity_token(remark, 'text') FROM health.patients",
        "SELECT remark.comity_token('text') FROM health.patients",
        "SELECT count(*) FILTER (comity_token(remark, 'text') = 'A') FROM health.patients",
    ],
)
def test_no_question_can_call_the_function(sql: str) -> None:
    with pytest.raises(SqlError) as caught:
        parse_query(sql)
    assert caught.value.code in {"SQL_FUNCTION_REFUSED", "SQL_CONSTRUCT_REFUSED"}


def test_no_policy_can_call_the_function() -> None:
    with pytest.raises(SqlError):
        check_mask(Mask("sql", "comity_token(remark, 'text')"), "remark", "VARCHAR")


def decision(mask: str | None) -> Decision:
    columns = {"person_id": ColumnDecision(frozenset({"read"}), mask, "citizen_number")}
    return Decision("health", "patients", True, True, "g", (), columns, None, None, "")


def test_only_decisions_with_a_token_need_a_key() -> None:
    assert tokens_for(None, [decision(None), decision("year")], "p") is None
    assert tokens_for(KEY, [decision(None), decision("token")], "p") is not None
    for keyless in (None, TokenKey("hmac-sha256", None)):
        with pytest.raises(ConfigurationError):
            tokens_for(keyless, [decision("token")], "p")


def test_tokens_print_no_key() -> None:
    tokens = Tokens(KEY, "p")
    tokens.token("a", "text")
    assert SECRET.hex() not in repr(tokens)
    assert repr(SECRET)[2:12] not in repr(tokens)


def test_policy_tests_compute_tokens_with_a_key_of_their_own() -> None:
    with Sandbox() as sandbox:
        sql = f"SELECT {TOKEN_FUNCTION}(v, 'citizen_number') FROM (VALUES ('110105491231002'), ('11010519491231002x')) t(v)"
        found = {row[0] for row in sandbox.connection.execute(sql).fetchall()}
    assert len(found) == 1


REHEARSAL = """\
table: patients
principals: {li: {subject: li.wei, department: civil_affairs, roles: [analyst]}}
rows:
  - {person_id: 11010519491231002X}
  - {person_id: "110105491231002"}
  - {}
questions:
  - name: one person, written in two ways, has one pseudonym
    principal: li
    purpose: research
    sql: SELECT person_id, count(*) FROM patients GROUP BY person_id
    expect: {decision: allow, rows: [[TOKEN, 2], [null, 1]]}
"""


def test_policy_tests_say_which_tokens_they_expect(tmp_path: Path) -> None:
    directory = write(tmp_path, "person_id: {mask: token}")
    secret = b"the key of policy tests, no secret"
    token = reference_token("sha256", secret, "", "citizen_number", "11010519491231002X")
    path = directory / "policies/patients_test.yaml"
    department = load_department(directory, None)
    for expected, passes in ((token, True), ("A" * 26, False)):
        path.write_text(REHEARSAL.replace("TOKEN", expected), encoding="utf-8")
        with Sandbox() as sandbox:
            rehearsal = rehearse(department, path, sandbox, today=date(2026, 6, 1))
        assert rehearsal.passed is passes, rehearsal
        assert passes or token in str(rehearsal.outcomes[0].problems)

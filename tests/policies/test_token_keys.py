"""The arithmetic of tokens against published vectors, and what a token key must be."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest
import yaml

from comity.errors import ConfigurationError
from policies.department import load_department
from policies.token_keys import DIGESTS, TokenKey, decode_key, hkdf, supports

VECTORS: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (Path(__file__).parent / "token_vectors.yaml").read_text(encoding="utf-8")
)
SECRET = hashlib.sha256(b"a key for tests").digest()
needs_sm3 = pytest.mark.skipif(not supports("hmac-sm3"), reason="this Python's OpenSSL has no SM3")

DEPARTMENT = """\
name: health
source: {{connector: sqlite, uri: health.sqlite}}
tokens: {tokens}
tables:
  patients:
    columns:
      person_id: {{type: VARCHAR, element: person.citizen_number}}
      phone: {{type: VARCHAR, element: person.phone}}
      remark: {{type: VARCHAR}}
      age: {{type: INTEGER}}
"""


@pytest.mark.parametrize("vector", VECTORS["hmac"], ids=lambda v: f"{v['digest']}-{v['mac'][:8]}")
def test_hmac_agrees_with_its_standards(vector: dict[str, str]) -> None:
    if vector["digest"] == "sm3" and not supports("hmac-sm3"):
        pytest.skip("this Python's OpenSSL has no SM3")
    found = hmac.digest(bytes.fromhex(vector["key"]), bytes.fromhex(vector["data"]), vector["digest"])
    assert found.hex() == vector["mac"]


@needs_sm3
@pytest.mark.parametrize("vector", VECTORS["sm3"], ids=lambda v: v["digest"][:8])
def test_sm3_agrees_with_its_standard(vector: dict[str, str]) -> None:
    assert hashlib.new("sm3", bytes.fromhex(vector["data"])).hexdigest() == vector["digest"]


@pytest.mark.parametrize("vector", VECTORS["hkdf"], ids=["basic", "long", "empty"])
def test_hkdf_agrees_with_its_standard(vector: dict[str, str]) -> None:
    key, salt, info, okm = (bytes.fromhex(vector[name]) for name in ("key", "salt", "info", "okm"))
    assert hkdf("sha256", key, salt, info, len(okm)) == okm


def test_no_two_purposes_and_elements_share_a_key() -> None:
    key = TokenKey("hmac-sha256", SECRET)
    pairs = [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc"), ("a\0", "b"), ("a", "\0b"), ("统计", "text")]
    assert len({key.derive(*pair) for pair in pairs}) == len(pairs)
    assert all(len(key.derive(*pair)) == 32 for pair in pairs)


def test_a_key_is_read_as_hex_or_as_base64() -> None:
    assert decode_key(SECRET.hex()) == SECRET
    assert decode_key(SECRET.hex().upper()) == SECRET
    assert decode_key(base64.b64encode(SECRET).decode()) == SECRET
    assert decode_key(base64.urlsafe_b64encode(SECRET).decode().rstrip("=")) == SECRET
    assert decode_key("not a key") is None
    assert decode_key("密钥") is None


def load(tmp_path: Path, tokens: str, environ: dict[str, str] | None) -> TokenKey | None:
    (tmp_path / "department.yaml").write_text(DEPARTMENT.format(tokens=tokens), encoding="utf-8")
    return load_department(tmp_path, environ).tokens


def test_a_key_comes_from_a_variable_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "token.key").write_text(f"{SECRET.hex()}\n", encoding="utf-8")
    for reference in ("{key: '${TOKEN_KEY}'}", "{key: file:token.key, algorithm: hmac-sha256}"):
        key = load(tmp_path, reference, {"TOKEN_KEY": SECRET.hex()})
        assert key is not None
        assert (key.algorithm, key.secret) == ("hmac-sha256", SECRET)


def test_files_can_be_checked_without_the_key(tmp_path: Path) -> None:
    key = load(tmp_path, "{key: '${TOKEN_KEY}'}", None)
    assert key is not None
    with pytest.raises(ConfigurationError):
        key.derive("statistics", "text")


@pytest.mark.parametrize(
    ("tokens", "value", "code"),
    [
        (f"{{key: {SECRET.hex()}}}", "", "CONFIG_SECRET"),
        (f"{{key: 'x${{TOKEN_KEY}}{SECRET.hex()}'}}", SECRET.hex(), "CONFIG_SECRET"),
        ("{key: '${TOKEN_KEY}'}", "", "CONFIG_MISSING"),
        ("{key: file:nowhere.key}", "", "CONFIG_MISSING"),
        ("{key: '${TOKEN_KEY}'}", SECRET.hex()[:62], "CONFIG_SECRET"),
        ("{key: '${TOKEN_KEY}'}", "correct horse battery staple, a password", "CONFIG_SECRET"),
        ("{key: '${TOKEN_KEY}'}", "00" * 32, "CONFIG_SECRET"),
        ("{key: '${TOKEN_KEY}'}", "0123456789abcdef" * 4, "CONFIG_SECRET"),
        ("{key: '${TOKEN_KEY}', algorithm: md5}", SECRET.hex(), "CONFIG_INVALID"),
        ("{key: ['a', 'b']}", "", "CONFIG_INVALID"),
        ("{algorithm: hmac-sm3}", "", "CONFIG_INVALID"),
    ],
)
def test_a_key_that_stands_in_the_file_is_weak_or_is_missing_is_an_error_that_does_not_show_it(
    tmp_path: Path, tokens: str, value: str, code: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, tokens, {"TOKEN_KEY": value} if value else {})
    assert caught.value.code == code
    assert "department.yaml" in str(caught.value)
    for part in (SECRET.hex()[:12], "0123456789abcdef", "horse", "0000"):
        assert part not in str(caught.value)


def test_a_key_is_never_printed(tmp_path: Path) -> None:
    key = load(tmp_path, "{key: '${TOKEN_KEY}'}", {"TOKEN_KEY": SECRET.hex()})
    department = load_department(tmp_path, {"TOKEN_KEY": SECRET.hex()})
    for shown in (repr(key), str(key), repr(department), str(department)):
        assert SECRET.hex() not in shown
        assert repr(SECRET)[2:12] not in shown


def test_the_algorithms_have_digests_of_one_shape() -> None:
    for name in DIGESTS.values():
        if name in hashlib.algorithms_available:
            assert (hashlib.new(name).digest_size, hashlib.new(name).block_size) == (32, 64)

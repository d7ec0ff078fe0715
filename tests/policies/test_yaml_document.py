from __future__ import annotations

from pathlib import Path

import pytest

from comity.errors import ConfigurationError
from policies.yaml_document import YamlValue, load_yaml, parse_yaml

PATH = Path("some.yaml")


def value(text: str) -> YamlValue:
    return parse_yaml(PATH, text.encode()).value


def error(text: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        value(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 12", 12),
        ("a: -3", -3),
        ("a: 1.50", 1.5),
        ("a: true", True),
        ("a: null", None),
        ("a: ~", None),
        ("a:", None),
        ("a: 440605", 440605),
        ("a: '440605'", "440605"),
        ("a: 广东", "广东"),
    ],
)
def test_plain_scalars_follow_the_core_schema(text: str, expected: YamlValue) -> None:
    found = value(text)
    assert isinstance(found, dict)
    assert found["a"] == expected
    assert type(found["a"]) is type(expected)


@pytest.mark.parametrize(
    "word", ["no", "NO", "yes", "on", "off", "2026-01-01", "010203", "0x1F", "1e3", "1:30"]
)
def test_what_other_yaml_versions_would_convert_stays_text(word: str) -> None:
    assert value(f"a: {word}") == {"a": word}


def test_lists_become_tuples_so_that_values_cannot_change() -> None:
    assert value("a: [x, {b: 1}]") == {"a": ("x", {"b": 1})}


def test_numeric_keys_are_their_digits() -> None:
    assert value("codes: {1: male, 02: female}") == {"codes": {"1": "male", "02": "female"}}


@pytest.mark.parametrize("key", ["true", "null", "1.5"])
def test_a_key_that_would_be_converted_must_be_quoted(key: str) -> None:
    assert "put it in quotes" in error(f"a: 1\n{key}: x").message


def test_a_key_given_twice_is_refused_with_both_lines() -> None:
    message = error("a: 1\nb: 2\na: 3").message
    assert message.startswith("some.yaml:3: ")
    assert "`a` is given twice (first on line 1)" in message


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\nb: *x",
        "a: !!python/object:os.system x",
        "a: !secret x",
        "<<: {a: 1}\nb: {<<: {c: 1}}\n? [k]\n: v",
    ],
)
def test_anchors_tags_and_complex_keys_are_refused(text: str) -> None:
    assert error(text).code == "CONFIG_INVALID"


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1\nb: 2", 2), ("a: 1\n  b: 2", 2), ("a: 1\n---\nb: 2", 2), ("a: '", 1)],
)
def test_broken_yaml_names_a_line(text: str, line: int) -> None:
    caught = error(text)
    assert caught.code == "CONFIG_INVALID"
    assert f"some.yaml:{line}:" in caught.message
    assert caught.metadata == {"file": "some.yaml", "line": str(line)}


def test_an_empty_file_a_huge_file_and_another_encoding_are_refused() -> None:
    assert "is empty" in error("# nothing\n").message
    assert "larger" in error("a: " + "x" * (1 << 20)).message
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        parse_yaml(PATH, "a: 广东".encode("gb18030"))


def test_a_missing_file_is_missing_and_not_invalid(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_yaml(tmp_path / "none.yaml")
    assert caught.value.code == "CONFIG_MISSING"


def test_every_key_and_item_has_its_line() -> None:
    document = parse_yaml(PATH, b"a:\n  - x\n  - b: 1\n    c: 2\n")
    assert document.line_of(("a", 1, "c")) == 4
    assert document.line_of(("a", 0)) == 2
    assert document.line_of(("a", 1, "nothing", "deeper")) == 3


def test_deep_nesting_ends_in_an_error_and_not_in_a_crash() -> None:
    assert error("[" * 100_000).code == "CONFIG_INVALID"

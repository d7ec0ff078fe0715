"""Canonical JSON: RFC 8785 for the values an audit record may hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.canonical import LARGEST_INTEGER, Json, canonical_json

text = st.text(st.characters(exclude_categories=["Cs"]))
integers = st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)
values = st.recursive(
    st.none() | st.booleans() | integers | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_reads_back_as_the_same_value(value: Json) -> None:
    assert json.loads(canonical_json(value)) == value


@given(values)
def test_is_a_fixed_point(value: Json) -> None:
    once = canonical_json(value)
    assert canonical_json(json.loads(once)) == once


@given(st.dictionaries(text, integers))
def test_the_order_of_insertion_does_not_matter(value: dict[str, Json]) -> None:
    backwards = dict(reversed(value.items()))
    assert canonical_json(backwards) == canonical_json(value)


@given(values)
def test_is_one_line(value: Json) -> None:
    assert b"\n" not in canonical_json(value)


def test_keys_are_in_the_order_of_utf16_units() -> None:
    # RFC 8785, 3.2.3: an emoji's surrogates come before U+FB33, though its code point is larger.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    found = list(json.loads(canonical_json(dict.fromkeys(keys))))
    assert found == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_strings_are_escaped_as_in_the_rfc() -> None:
    # RFC 8785, 3.2.2.2, with its own example.
    assert canonical_json('\u20ac$\u000f\nA\'B"\\\\"/') == '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()


@pytest.mark.parametrize("value", [1.5, float("nan"), b"bytes", {1: "a"}, {"a": object()}])
def test_what_has_no_canonical_form_is_refused(value: Json) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)


@pytest.mark.parametrize("value", [LARGEST_INTEGER + 1, -LARGEST_INTEGER - 1, "\ud800"])
def test_what_cannot_be_exact_is_refused(value: Json) -> None:
    with pytest.raises(ValueError):
        canonical_json(value)

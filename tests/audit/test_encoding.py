"""What an event becomes on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import events
from audit.canonical import canonical_json
from audit.encoding import EncodedEvent, encode_event, encode_leaf
from audit.events import (
    AdminEvent,
    Event,
    QueryAuthorized,
    QueryReceived,
    QueryText,
    ReleaseGranted,
    TableDecision,
)

LifeOf = Callable[..., Sequence[Event]]


def leaf_of(encoded: EncodedEvent) -> bytes:
    time = "2026-11-22T00:00:00.000000Z"
    return encode_leaf(encoded, origin="城市/gateway", leaf_index=7, event_id="e", time=time)


def body_of(event: Event) -> Any:
    return json.loads(encode_event(event).body)


def test_a_leaf_is_canonical_as_a_whole(query_life: LifeOf) -> None:
    for event in query_life():
        leaf = leaf_of(encode_event(event))
        assert canonical_json(json.loads(leaf)) == leaf


def test_the_envelope_carries_the_ids_and_the_body_does_not(query_life: LifeOf) -> None:
    leaf = json.loads(leaf_of(encode_event(query_life("q-9")[0])))
    assert leaf["envelope"]["query_id"] == "q-9"
    assert leaf["envelope"]["trace_id"] == "trace"
    assert leaf["envelope"]["leaf_index"] == 7
    assert leaf["envelope"]["schema_version"] == events.SCHEMA_VERSION
    assert not {"query_id", "trace_id"} & leaf["event"].keys()


def test_an_event_of_the_system_has_no_query_id() -> None:
    envelope = json.loads(leaf_of(encode_event(AdminEvent("server_started"))))["envelope"]
    assert "query_id" not in envelope


def test_literals_stand_beside_the_leaf_and_not_in_it(query_life: LifeOf) -> None:
    for event in query_life():
        encoded = encode_event(event)
        assert "张三" not in leaf_of(encoded).decode()
    received = encode_event(query_life()[0])
    assert [("张三" in payload.sql) for payload in received.payloads] == [True]


def test_the_commitment_is_the_hash_of_salt_and_text() -> None:
    text = QueryText.of("SELECT '密'", normalized="SELECT ?", fingerprint="f")
    assert text.payload is not None
    salted = bytes.fromhex(text.payload.salt) + "SELECT '密'".encode()
    assert text.commitment == sha256(salted).hexdigest()
    assert text.payload.is_genuine()


def test_equal_texts_have_different_commitments() -> None:
    texts = [QueryText.of("SELECT 1", normalized="SELECT ?", fingerprint="f") for _ in range(2)]
    assert texts[0].commitment != texts[1].commitment


def test_a_text_that_is_no_sql_is_set_apart_whole() -> None:
    text = QueryText.unparsed("SELEKT 440605")
    assert (text.sql, text.fingerprint) == ("", "")
    assert text.payload is not None
    assert text.payload.sql == "SELEKT 440605"


def test_durations_become_integers_of_microseconds(query_life: LifeOf) -> None:
    outcome = body_of(query_life()[-1])["outcome"]
    assert outcome["microseconds"] == 1_500_000
    assert outcome["timings_microseconds"] == {"merge": 1_250_000, "parse": 1_000}


def test_roles_are_sorted(query_life: LifeOf) -> None:
    assert body_of(query_life()[0])["actor"]["roles"] == ["analyst", "auditor"]


def test_none_is_left_out_and_an_empty_list_is_not(query_life: LifeOf) -> None:
    decision = body_of(query_life(status="denied")[1])["decisions"][0]
    assert "grant_id" not in decision
    assert body_of(query_life()[1])["decisions"][0]["uses"] == {}


@given(st.text(), st.text())
def test_any_text_can_be_recorded(sql: str, parameter: str) -> None:
    text = QueryText.of(sql, normalized=sql, fingerprint="", parameters=[parameter])
    actor = events.Actor(sql, parameter)
    encoded = encode_event(QueryReceived("q", "t", actor, sql, text))
    assert json.loads(leaf_of(encoded))["type"] == "query.received"
    assert all(payload.is_genuine() for payload in encoded.payloads)


def test_a_float_that_is_not_a_duration_is_refused() -> None:
    with pytest.raises(TypeError):
        encode_event(ReleaseGranted("q", "t", 1.5))  # type: ignore[arg-type]


def test_every_event_of_the_module_is_in_the_union() -> None:
    defined = {
        value
        for value in vars(events).values()
        if isinstance(value, type) and value.__module__ == events.__name__
    }
    assert defined == set(get_args(events.Event))


def test_types_are_named_area_and_happening(query_life: LifeOf) -> None:
    names = {
        str(event.type) for kind in get_args(events.Event) for event in [kind] if isinstance(event.type, str)
    }
    assert len(names) == len(get_args(events.Event)) - 1
    assert AdminEvent("server_stopped").type == "admin.server_stopped"
    assert all(name.count(".") == 1 for name in names)


def test_a_type_that_is_no_name_is_refused() -> None:
    with pytest.raises(ValueError, match="type"):
        encode_event(AdminEvent('x","y":"'))


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@given(st.dictionaries(NAMES, NAMES, max_size=5), st.lists(NAMES, max_size=4), st.integers(-(2**53), 2**53))
def test_whatever_names_and_numbers_there_are_a_leaf_is_canonical(
    masks: dict[str, str], columns: list[str], floor: int
) -> None:
    decision = TableDecision("市", "人口", True, "g", tuple(columns), "d", masks=masks, floor=floor)
    event = QueryAuthorized("q", "t", (decision, decision), "1")
    if abs(floor) == 2**53:
        with pytest.raises(ValueError, match="no canonical form"):
            encode_event(event)
        return
    first, again = encode_event(event), encode_event(event)
    assert first.body == again.body
    assert canonical_json(json.loads(leaf_of(first))) == leaf_of(first)
    other = encode_event(QueryAuthorized("q", "t", (replace(decision, floor=7),), "1"))
    assert json.loads(other.body)["decisions"][0]["floor"] == 7

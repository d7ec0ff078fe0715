"""From a typed event to the bytes of a leaf.

A leaf is one canonical JSON object with three keys: `envelope` (when and where), `event` (what), `type`.
The event's part is encoded by the thread that appends, before any lock is taken; the envelope, which
needs the leaf's index, by the thread that commits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, lru_cache
from typing import Any

from audit.canonical import Json, canonical_json, exact, in_order, written
from audit.events import SCHEMA_VERSION, Event
from audit.values import Payload, TableDecision, writable

_TYPE = re.compile(r"[a-z_]+\.[a-z_]+")
_IN_ENVELOPE = frozenset({"query_id", "trace_id"})


@dataclass(frozen=True, slots=True)
class EncodedEvent:
    """An event ready to become a leaf, and the payloads that go beside it."""

    type: str
    query_id: str | None
    trace_id: str | None
    body: bytes
    payloads: tuple[Payload, ...]


def encode_event(event: Event) -> EncodedEvent:
    """Encodes all of `event` except what the log adds.

    None is left out, sets are sorted, durations become integers of microseconds. Raises `TypeError` or
    `ValueError` for a value that has no place in a record.
    """
    payloads: list[Payload] = []
    body = _members(event, payloads, skip=_IN_ENVELOPE)
    if _TYPE.fullmatch(event.type) is None:
        raise ValueError("an event's type is words of letters joined by a dot")
    return EncodedEvent(
        event.type,
        getattr(event, "query_id", None),
        getattr(event, "trace_id", None) or None,
        written(body),
        tuple(payloads),
    )


def encode_leaf(event: EncodedEvent, *, origin: str, leaf_index: int, event_id: str, time: str) -> bytes:
    """The leaf's bytes: canonical JSON, with no line break in them.

    `event_id` and `time` are the log's own, ASCII without anything to escape.
    """
    # Written out in the keys' order, "envelope" < "event" < "type": canonical, because its parts are.
    query = b',"query_id":%s' % _text(event.query_id) if event.query_id is not None else b""
    trace = b',"trace_id":%s' % _text(event.trace_id) if event.trace_id is not None else b""
    return (
        b'{"envelope":{"event_id":"%s","leaf_index":%d,"log_origin":%s%s,"schema_version":%d,"time":"%s"%s},'
        b'"event":%s,"type":"%s"}'
    ) % (
        event_id.encode(),
        leaf_index,
        _text(origin),
        query,
        SCHEMA_VERSION,
        time.encode(),
        trace,
        event.body,
        event.type.encode(),
    )


@lru_cache(maxsize=256)
def _text(value: str) -> bytes:
    return canonical_json(value)


def encode_payload(payload: Payload) -> bytes:
    """One line of the payload file."""
    # In the keys' order.
    return written(
        {
            "commitment": payload.commitment,
            "parameters": list(payload.parameters),
            "salt": payload.salt,
            "sql": payload.sql,
        }
    )


def _members(value: Any, payloads: list[Payload], *, skip: frozenset[str] = frozenset()) -> dict[str, Json]:
    """A dataclass as an object, its keys in order."""
    members: dict[str, Json] = {}
    for key, name, erasable, scale in _parts(value.__class__):
        content = getattr(value, name)
        if content is None or name in skip:
            continue
        if content.__class__ is str:
            members[key] = writable(content)
        elif erasable:
            payloads.append(content)
        elif scale:
            members[key] = _scaled(content, scale)
        else:
            members[key] = _json(content, payloads)
    return members


@cache
def _parts(kind: type[Any]) -> tuple[tuple[str, str, bool, int], ...]:
    """The fields of a dataclass by key: the field's name, whether it is erasable, and the scale of a duration or 0."""
    named = {
        item.metadata.get("json", item.name): (
            item.name,
            bool(item.metadata.get("erasable")),
            int(item.metadata.get("scale", 0)),
        )
        for item in fields(kind)
    }
    return tuple((key, *named[key]) for key in in_order(named))


def _scaled(value: float | Mapping[str, float], scale: int) -> Json:
    if isinstance(value, Mapping):
        return {name: exact(round(value[name] * scale)) for name in in_order(value)}
    return exact(round(value * scale))


def _json(value: object, payloads: list[Payload]) -> Json:
    kind = type(value)
    # The tests by identity are several times faster, and hold for nearly all values.
    if kind is str:
        return writable(value)  # type: ignore[arg-type]  # it is one
    if kind is int:
        return exact(value)  # type: ignore[arg-type]  # it is one
    if kind is tuple:
        return [_json(part, payloads) for part in value]  # type: ignore[attr-defined]  # it is one
    if kind is TableDecision:
        return _decision(value)  # type: ignore[arg-type]  # it is one
    if value is None or kind is bool:
        return value  # type: ignore[return-value]  # it is one of these
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, int):
        return exact(value)
    if isinstance(value, Mapping):
        written_names = {writable(name): part for name, part in value.items()}
        return {name: _json(written_names[name], payloads) for name in in_order(written_names)}
    if isinstance(value, tuple | list):
        return [_json(part, payloads) for part in value]
    if isinstance(value, frozenset | set):
        return [_json(part, payloads) for part in sorted(value)]
    if is_dataclass(value):
        return _members(value, payloads)
    raise TypeError(f"{type(value).__name__} has no place in an audit record")


_REMEMBERED = 2048
_decisions: dict[int, tuple[TableDecision, dict[str, Json]]] = {}


def _decision(value: TableDecision) -> dict[str, Json]:
    """As `_members`. A question that is asked again brings the very decisions of the first time, of every department."""
    known = _decisions.get(id(value))
    if known is not None and known[0] is value:
        return known[1]
    made = _members(value, [])
    if len(_decisions) >= _REMEMBERED:
        _decisions.clear()
    _decisions[id(value)] = (value, made)
    return made

"""From a typed event to the bytes of a leaf.

A leaf is one canonical JSON object with three keys: `envelope` (when and where), `event` (what), `type`.
The event's part is encoded by the thread that appends, before any lock is taken; the envelope, which
needs the leaf's index, by the thread that commits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

from audit.canonical import Json, canonical_json
from audit.events import SCHEMA_VERSION, Event
from audit.values import Payload, writable

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
        canonical_json(body),
        tuple(payloads),
    )


def encode_leaf(event: EncodedEvent, *, origin: str, leaf_index: int, event_id: str, time: str) -> bytes:
    """The leaf's bytes: canonical JSON, with no line break in them.

    `event_id` and `time` are the log's own, ASCII without anything to escape.
    """
    # Written out in the keys' order, "envelope" < "event" < "type": canonical, because its parts are.
    query = b',"query_id":%s' % canonical_json(event.query_id) if event.query_id is not None else b""
    trace = b',"trace_id":%s' % canonical_json(event.trace_id) if event.trace_id is not None else b""
    return (
        b'{"envelope":{"event_id":"%s","leaf_index":%d,"log_origin":%s%s,"schema_version":%d,"time":"%s"%s},'
        b'"event":%s,"type":"%s"}'
    ) % (
        event_id.encode(),
        leaf_index,
        canonical_json(origin),
        query,
        SCHEMA_VERSION,
        time.encode(),
        trace,
        event.body,
        event.type.encode(),
    )


def encode_payload(payload: Payload) -> bytes:
    """One line of the payload file."""
    return canonical_json(
        {
            "commitment": payload.commitment,
            "parameters": list(payload.parameters),
            "salt": payload.salt,
            "sql": payload.sql,
        }
    )


def _members(value: Any, payloads: list[Payload], *, skip: frozenset[str] = frozenset()) -> dict[str, Json]:
    members: dict[str, Json] = {}
    for name, erasable, scale, scaled_name in _parts(value.__class__):
        if name in skip:
            continue
        content = getattr(value, name)
        if content is None:
            continue
        if erasable:
            payloads.append(content)
        elif scaled_name:
            members[scaled_name] = _scaled(content, scale)
        else:
            members[name] = _json(content, payloads)
    return members


@cache
def _parts(kind: type[Any]) -> tuple[tuple[str, bool, int, str], ...]:
    """Each field of a dataclass: its name, whether it is erasable, and the scale and name of a duration."""
    return tuple(
        (
            item.name,
            bool(item.metadata.get("erasable")),
            item.metadata.get("scale", 1),
            item.metadata["json"] if "scale" in item.metadata else "",
        )
        for item in fields(kind)
    )


def _scaled(value: float | Mapping[str, float], scale: int) -> Json:
    if isinstance(value, Mapping):
        return {name: round(part * scale) for name, part in value.items()}
    return round(value * scale)


def _json(value: object, payloads: list[Payload]) -> Json:
    kind = type(value)
    if kind is str:
        return writable(value)  # type: ignore[arg-type]  # the test by identity is several times faster
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, Mapping):
        return {writable(name): _json(part, payloads) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_json(part, payloads) for part in value]
    if isinstance(value, frozenset | set):
        return [_json(part, payloads) for part in sorted(value)]
    if is_dataclass(value):
        return _members(value, payloads)  # type: ignore[unreachable,unused-ignore]
    raise TypeError(f"{type(value).__name__} has no place in an audit record")

"""What changes of a grant's conditions open and close: floor, limits, validity, joins, what may leave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import date
from typing import Literal, TypeVar

from policies.diff_words import before, name_who
from policies.model import Grant

Effect = Literal["opened", "closed", "changed"]

C = TypeVar("C")

MakeNote = Callable[[Effect, str, str, str | None, str | None], C]
"""Makes a change: effect, key, text, before, after."""


def compare_conditions(note: MakeNote[C], old: Grant, new: Grant) -> Iterator[C]:
    """The changes of everything that a grant says besides callers, purposes, columns and rows."""
    yield from _floor(note, old, new)
    yield from _limits(note, old, new)
    yield from _validity(note, old, new)
    yield from _leaving(note, old, new)
    yield from _joins(note, old, new)


def _floor(note: MakeNote[C], old: Grant, new: Grant) -> Iterator[C]:
    if old.floor == new.floor:
        return
    was, now = (f"{g.floor.entities} {g.floor.column}" if g.floor else None for g in (old, new))
    if old.floor is None or new.floor is None or old.floor.column == new.floor.column:
        more = (new.floor.entities if new.floor else 0) > (old.floor.entities if old.floor else 0)
        effect: Effect = "closed" if more else "opened"
    else:
        effect = "changed"
    text = f"no group may rest on fewer than {now}" if now else "a group may rest on any number of entities"
    yield note(effect, "floor", f"{text}{before(was)}", was, now)


def _limits(note: MakeNote[C], old: Grant, new: Grant) -> Iterator[C]:
    for item in fields(old.limits):
        was, now = getattr(old.limits, item.name), getattr(new.limits, item.name)
        if was == now:
            continue
        opened = now is None or (was is not None and now > was)
        text = f"limit {item.name.replace('_', ' ')}: {_number(now)}{before(_number(was))}"
        yield note("opened" if opened else "closed", f"limits.{item.name}", text, _text(was), _text(now))


def _validity(note: MakeNote[C], old: Grant, new: Grant) -> Iterator[C]:
    for key, word, open_end in (("valid_from", "from", date.min), ("valid_until", "until", date.max)):
        was, now = getattr(old, key), getattr(new, key)
        if was == now:
            continue
        later = (now or open_end) > (was or open_end)
        effect: Effect = "opened" if later == (key == "valid_until") else "closed"
        shown = (
            f"applies {word} {now}"
            if now
            else f"applies without {'a first' if word == 'from' else 'an end'} day"
        )
        yield note(effect, f"valid.{word}", f"the grant {shown}{before(was)}", _text(was), _text(now))


def _leaving(note: MakeNote[C], old: Grant, new: Grant) -> Iterator[C]:
    who = name_who(new.principals)
    if old.crossing != new.crossing:
        raw = new.crossing == "raw"
        text = "row values" if raw else "aggregates alone"
        text = f"{text} may leave the department for questions of {who}{before(old.crossing)}"
        yield note("opened" if raw else "closed", "crossing", text, old.crossing, new.crossing)
    for name in new.key_exchange:
        if name not in old.key_exchange:
            yield note("opened", "key_exchange", f"join keys may be sent to {name}", None, name)
    for name in old.key_exchange:
        if name not in new.key_exchange:
            yield note("closed", "key_exchange", f"join keys are no longer sent to {name}", name, None)


def _joins(note: MakeNote[C], old: Grant, new: Grant) -> Iterator[C]:
    was, now = old.joins.required, new.joins.required
    if was != now:
        effect: Effect = "changed"
        if was is None or now is None or set(was) <= set(now) or set(now) <= set(was):
            effect = "opened" if now is None or (was is not None and set(was) <= set(now)) else "closed"
        text = (
            f"rows count only where joined with {_listed(now)}" if now is not None else "no join is required"
        )
        yield note(effect, "joins.required", f"{text}{before(_listed(was))}", _listed(was), _listed(now))
    for name in dict.fromkeys([*old.joins.allowed, *new.joins.allowed]):
        first, second = old.joins.allowed.get(name), new.joins.allowed.get(name)
        if first != second:
            yield _pairs(note, name, first, second, "allowed")
    for name in dict.fromkeys([*old.joins.blocked, *new.joins.blocked]):
        first, second = old.joins.blocked.get(name), new.joins.blocked.get(name)
        if first != second:
            yield _pairs(note, name, first, second, "blocked")


def _pairs(
    note: MakeNote[C], name: str, was: tuple[str, ...] | None, now: tuple[str, ...] | None, key: str
) -> C:
    """Allowed pairs open as they grow, blocked ones close; without allowed pairs every partner is allowed."""
    effect: Effect = "changed"
    if key == "allowed":
        if now is None or (was is not None and set(was) < set(now)):
            effect = "opened"
        elif was is None or set(now) < set(was):
            effect = "closed"
        text = "with any column" if now is None else f"with {_listed(now)} only"
        past = "with any column" if was is None else f"with {_listed(was)} only"
    else:
        if set(was or ()) < set(now or ()):
            effect = "closed"
        elif set(now or ()) < set(was or ()):
            effect = "opened"
        text, past = f"but not with {_listed(now) or 'nothing'}", f"but not with {_listed(was) or 'nothing'}"
        text = "with any column" if not now else text
        past = "with any column" if not was else past
    return note(
        effect, f"joins.{key}", f"{name} may be joined {text}{before(past)}", _listed(was), _listed(now)
    )


def _listed(names: tuple[str, ...] | None) -> str | None:
    return None if names is None else (", ".join(names) or "nothing")


def _number(value: int | None) -> str:
    return "none" if value is None else f"{value:,}"


def _text(value: object) -> str | None:
    return None if value is None else str(value)

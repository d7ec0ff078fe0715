"""What a change of federation.yaml and identity.yaml opens and closes: ceilings, purposes, who may call as what."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.configuration import Federation
from policies.diff import Change
from policies.diff_conditions import Effect
from policies.diff_words import before
from policies.grades import exceeds, highest
from policies.principal import Principal

NOBODY = ""


def compare_federations(old: Federation | None, new: Federation | None) -> Iterator[Change]:
    """The changes of two federations' own files; none where a side is no whole federation."""
    if old is None or new is None:
        return
    yield from _purposes(old, new)
    yield from _ceilings(old, new)
    was, now = _callers(old), _callers(new)
    for name in dict.fromkeys([*was, *now]):
        yield from _caller(name, was.get(name), now.get(name))


def _purposes(old: Federation, new: Federation) -> Iterator[Change]:
    for name in sorted(new.purposes - old.purposes):
        yield _change("changed", "purposes", f"there is a purpose {name} now", None, name)
    for name in sorted(old.purposes - new.purposes):
        yield _change("closed", "purposes", f"nothing may be asked for {name} any more", name, None)


def _ceilings(old: Federation, new: Federation) -> Iterator[Change]:
    was, now = old.settings.ceilings, new.settings.ceilings
    for channel in type(now).model_fields:
        first, second = getattr(was, channel), getattr(now, channel)
        if first != second:
            text = f"up to {second} may be given out by the channel {channel}{before(first)}"
            yield _change(_raised(first, second), "ceilings", text, first, second)


def _callers(federation: Federation) -> dict[str, Principal]:
    """By who they are: a token is a secret, and its change is none of a policy."""
    return {f"{p.subject} of {p.department}": p for p in federation.principals.values()}


def _caller(name: str, old: Principal | None, new: Principal | None) -> Iterator[Change]:
    if old is None or new is None:
        effect: Effect = "opened" if old is None else "closed"
        text = f"{name} may call now" if old is None else f"{name} may call no longer"
        yield _change(effect, "tokens", text, None, None)
        return
    for role in sorted(new.roles - old.roles):
        yield _change("opened", "roles", f"{name} has the role {role}", None, role)
    for role in sorted(old.roles - new.roles):
        yield _change("closed", "roles", f"{name} has the role {role} no longer", role, None)
    for key in sorted({*old.attributes, *new.attributes}):
        was, now = old.attributes.get(key), new.attributes.get(key)
        if was != now:
            first, second = (None if value is None else str(value) for value in (was, now))
            text = f"the {key} of {name} is {second or 'not set'}{before(first)}"
            yield _change("changed", "attributes", text, first, second)
    if old.ceiling != new.ceiling:
        text = f"up to {new.ceiling} may reach {name}{before(old.ceiling)}"
        yield _change(_raised(old.ceiling, new.ceiling), "ceiling", text, old.ceiling, new.ceiling)


def _raised(old: str, new: str) -> Effect:
    return "opened" if exceeds(highest([new]), old) else "closed"


def _change(effect: Effect, about: str, text: str, was: str | None, now: str | None) -> Change:
    return Change(effect, NOBODY, NOBODY, None, about, text, was, now)

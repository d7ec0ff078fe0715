"""What a change of policies opens and closes, in words.

Grants are paired by id. A grant that is gone, or new, is compared with those for the same callers and purposes,
so that a grant that only moved or was split does not read as a door opened and another closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from policies.department import Department
from policies.diff_conditions import Effect, compare_conditions
from policies.diff_rules import allows_no_more, covers, covers_grade, may_meet
from policies.diff_words import before, columns_phrase, name_purposes, name_who, rows_phrase, validity_phrase
from policies.model import ColumnRule, Grant
from policies.published import PublishedTable
from policies.who import describe_conditions


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a change of files does. `about` is the key of the files that it comes from."""

    effect: Effect
    department: str
    table: str
    grant: str | None
    about: str
    text: str
    before: str | None = None
    after: str | None = None


def compare(old: Iterable[Department], new: Iterable[Department]) -> tuple[Change, ...]:
    """Every change from the old departments' files to the new ones', by department and table."""
    olds, news = {d.name: d for d in old}, {d.name: d for d in new}
    found: list[Change] = []
    for name in sorted({*olds, *news}):
        found += _departments(name, olds.get(name), news.get(name))
    return tuple(found)


def _departments(name: str, old: Department | None, new: Department | None) -> Iterator[Change]:
    tables = dict.fromkeys([*(old.tables if old else ()), *(new.tables if new else ())])
    for table in tables:
        was, now = old.tables.get(table) if old else None, new.tables.get(table) if new else None
        note = _Note(name, table)
        if was is not None and now is not None:
            yield from _published(note, was, now)
        elif was is None:
            yield note("changed", "table", "is published now")
        else:
            yield note("closed", "table", "is published no longer")
        yield from _grants(note, _policy(old, table), _policy(new, table))


def _policy(department: Department | None, table: str) -> tuple[Grant, ...]:
    policy = department.policies.get(table) if department is not None and table in department.tables else None
    return policy.grants if policy is not None else ()


@dataclass(frozen=True, slots=True)
class _Note:
    """Makes changes of one table, and of one grant once there is one."""

    department: str
    table: str
    grant: str | None = None

    def __call__(
        self, effect: Effect, about: str, text: str, was: str | None = None, now: str | None = None
    ) -> Change:
        return Change(effect, self.department, self.table, self.grant, about, text, was, now)


# --- what is published -----------------------------------------------------------------------------


def _published(note: _Note, old: PublishedTable, new: PublishedTable) -> Iterator[Change]:
    if old.catalogue != new.catalogue:
        text = (
            "every caller may know that it exists"
            if new.catalogue
            else "only who has a grant knows that it exists"
        )
        yield note("opened" if new.catalogue else "closed", "catalogue", text)
    for key in ("sharing", "legal_basis", "entity"):
        was, now = getattr(old, key), getattr(new, key)
        if was != now:
            shown = key.replace("_", " ")
            yield note("changed", key, f"its {shown} is {now or 'not given'}{before(was)}", was, now)
    if old.physical != new.physical:
        was, now = ".".join(old.physical), ".".join(new.physical)
        yield note("changed", "from", f"its rows come from {now}{before(was)}", was, now)
    names = dict.fromkeys([*(c.name for c in old.columns or ()), *(c.name for c in new.columns or ())])
    for name in names:
        yield from _published_column(note, name, old, new)
    if old.grade != new.grade and not names:
        yield _grade(note, "the table", old.grade, new.grade)


def _published_column(note: _Note, name: str, old: PublishedTable, new: PublishedTable) -> Iterator[Change]:
    was, now = old.column(name), new.column(name)
    if was is None or now is None:
        text = f"{name} is published now" if was is None else f"{name} is published no longer"
        yield note("changed" if was is None else "closed", "columns", text)
        return
    if old.grade_of(name) != new.grade_of(name):
        yield _grade(note, name, old.grade_of(name), new.grade_of(name))
    if (was.source, was.expr, was.type, was.codes) != (now.source, now.expr, now.type, now.codes):
        yield note(
            "changed", "columns", f"{name} is read from the source in another way: from, expr, type or codes"
        )


def _grade(note: _Note, what: str, was: str, now: str) -> Change:
    effect: Effect = "closed" if covers_grade(now, was) else "opened"
    verb = "no longer reaches callers" if effect == "closed" else "now reaches callers"
    return note(effect, "grade", f"{what} is graded {now} and {verb} below that{before(was)}", was, now)


# --- grants ----------------------------------------------------------------------------------------


def _grants(note: _Note, old: Sequence[Grant], new: Sequence[Grant]) -> Iterator[Change]:
    olds, news = {g.id: g for g in old}, {g.id: g for g in new}
    renamed = dict(_renamed(olds, news))
    for was, now in renamed.items():
        yield replace(note, grant=now)("changed", "id", f"the grant was called {was}", was, now)
    for grant in new:
        named = replace(note, grant=grant.id)
        if grant.id in olds:
            yield from _paired(named, olds[grant.id], grant)
        elif grant.id not in renamed.values():
            yield from _added(named, grant, old)
            yield from _before_others(named, grant, new, olds)
    for grant in old:
        if grant.id not in news and grant.id not in renamed:
            yield from _removed(replace(note, grant=grant.id), grant, new)
    kept_old = [g.id for g in old if g.id in news]
    kept_new = [g.id for g in new if g.id in olds]
    if kept_old != kept_new:
        text = f"the grants are tried in the order {', '.join(kept_new)}{before(', '.join(kept_old))}"
        yield note("changed", "grants", text, ", ".join(kept_old), ", ".join(kept_new))


def _renamed(olds: Mapping[str, Grant], news: Mapping[str, Grant]) -> Iterator[tuple[str, str]]:
    """Grants that differ in their id alone."""
    fresh = {name: grant for name, grant in news.items() if name not in olds}
    for name, grant in olds.items():
        if name in news:
            continue
        twin = next((other for other, each in fresh.items() if replace(each, id=name) == grant), None)
        if twin is not None:
            del fresh[twin]
            yield name, twin


def _added(note: _Note, grant: Grant, others: Sequence[Grant]) -> Iterator[Change]:
    yield from _door(note, grant, others, "opened", "before")


def _removed(note: _Note, grant: Grant, others: Sequence[Grant]) -> Iterator[Change]:
    yield from _door(note, grant, others, "closed", "now")


def _door(note: _Note, grant: Grant, others: Sequence[Grant], effect: Effect, then: str) -> Iterator[Change]:
    """A grant that stands on one side only, against what the other side gives the same callers."""
    beside = [
        other
        for other in others
        if covers(other.principals, grant.principals) and not set(grant.purposes).isdisjoint(other.purposes)
    ]
    conditions = "".join(f"; {condition}" for condition in describe_conditions(grant)) + validity_phrase(
        grant
    )
    for names, given in _alike({name: _given(name, grant, beside) for name in grant.columns}).items():
        rule = grant.columns[names[0]]
        whole = any(_gives_no_less(other, grant, names[0]) for other in beside)
        phrase = columns_phrase(rule, names)
        text = f"{name_who(grant.principals)} {phrase} for {name_purposes(grant.purposes)}{conditions}"
        shown = given or "nothing"
        yield note(
            "changed" if whole else effect,
            "grants",
            f"{text} ({then}: {shown}{', so nothing more' if whole and effect == 'opened' else ''})",
            shown if effect == "opened" else phrase,
            phrase if effect == "opened" else shown,
        )


def _given(name: str, grant: Grant, beside: Sequence[Grant]) -> tuple[str, str]:
    """The rule of a column as text, and what other grants give of it: columns alike share a line."""
    rules = [
        f"{columns_phrase(other.columns[name], ())} under {other.id}"
        for other in beside
        if name in other.columns and other.columns[name].uses
    ]
    return columns_phrase(grant.columns[name], ()), "; ".join(rules)


def _alike(found: Mapping[str, tuple[str, str]]) -> dict[tuple[str, ...], str]:
    groups: dict[tuple[str, str], list[str]] = {}
    for name, key in found.items():
        groups.setdefault(key, []).append(name)
    return {tuple(names): key[1] for key, names in groups.items()}


def _gives_no_less(other: Grant, grant: Grant, name: str) -> bool:
    """Whether `other` allows all that `grant` allows of a column, on the same conditions."""
    rule = other.columns.get(name)
    return (
        rule is not None
        and set(grant.purposes) <= set(other.purposes)
        and allows_no_more(grant.columns[name], rule)
        and other.row_filter in {None, grant.row_filter}
        and other.floor in {None, grant.floor}
        and (other.valid_from, other.valid_until) == (grant.valid_from, grant.valid_until)
        and other.limits == grant.limits
        and other.joins == grant.joins
    )


def _before_others(
    note: _Note, grant: Grant, new: Sequence[Grant], olds: Mapping[str, Grant]
) -> Iterator[Change]:
    """A new grant that is tried before others takes over questions that they answered."""
    later = [
        other.id
        for other in new[[g.id for g in new].index(grant.id) + 1 :]
        if other.id in olds
        and not set(other.purposes).isdisjoint(grant.purposes)
        and may_meet(other.principals, grant.principals)
    ]
    if later:
        text = f"is tried before {', '.join(later)}: what both allow is answered by this grant now"
        yield note("changed", "grants", text)


# --- one grant, before and after -------------------------------------------------------------------


def _paired(note: _Note, old: Grant, new: Grant) -> Iterator[Change]:
    yield from _whom(note, old, new)
    yield from _columns(note, old, new)
    if old.row_filter != new.row_filter:
        effect: Effect = "changed"
        if old.row_filter is None or new.row_filter is None:
            effect = "opened" if new.row_filter is None else "closed"
        text = f"{name_who(new.principals)} may use {rows_phrase(new.row_filter)}{before(rows_phrase(old.row_filter))}"
        yield note(effect, "rows", text, old.row_filter, new.row_filter)
    yield from compare_conditions(note, old, new)
    for key in ("reason", "request"):
        was, now = getattr(old, key), getattr(new, key)
        if was != now:
            yield note("changed", key, f"the grant's {key} is {now or 'not given'}{before(was)}", was, now)


def _whom(note: _Note, old: Grant, new: Grant) -> Iterator[Change]:
    if old.principals != new.principals:
        wider, narrower = covers(new.principals, old.principals), covers(old.principals, new.principals)
        effect: Effect = "opened" if wider else "closed" if narrower else "changed"
        was, now = name_who(old.principals), name_who(new.principals)
        yield note(effect, "principals", f"the grant is for {now}{before(was)}", was, now)
    who = name_who(new.principals)
    for purpose in new.purposes:
        if purpose not in old.purposes:
            yield note("opened", "purposes", f"{who} may use the grant for {purpose} too", None, purpose)
    for purpose in old.purposes:
        if purpose not in new.purposes:
            yield note(
                "closed", "purposes", f"{who} may no longer use the grant for {purpose}", purpose, None
            )


def _columns(note: _Note, old: Grant, new: Grant) -> Iterator[Change]:
    nothing = ColumnRule(frozenset())
    found: dict[str, tuple[str, str]] = {}
    effects: dict[str, Effect] = {}
    for name in dict.fromkeys([*new.columns, *old.columns]):
        was, now = old.columns.get(name), new.columns.get(name)
        first, second = was or nothing, now or nothing
        if (first.uses, first.mask, first.functions) == (second.uses, second.mask, second.functions):
            if (was is None) != (now is None):
                effects[name] = "opened" if was is None else "closed"
                found[name] = (_rule(now), _rule(was))
            continue
        fewer, more = allows_no_more(second, first), allows_no_more(first, second)
        effects[name] = "changed" if fewer == more else "opened" if more else "closed"
        found[name] = (_rule(now), _rule(was))
    for names, was_text in _alike(found).items():
        rule = new.columns.get(names[0])
        phrase = columns_phrase(rule, names)
        if effects[names[0]] == "closed" and rule is not None:
            phrase = phrase.replace("may ", "may only ", 1).replace("only only", "only")
        text = f"{name_who(new.principals)} {phrase} for {name_purposes(new.purposes)} (before: {was_text})"
        yield note(effects[names[0]], "columns", text, was_text, found[names[0]][0])


def _rule(rule: ColumnRule | None) -> str:
    return columns_phrase(rule, ())

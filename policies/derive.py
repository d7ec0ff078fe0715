"""The least that a question needs of a table: a draft grant, from how the question uses it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from comity.shell.tables import wrap
from policies.decision import Floor
from policies.functions import family
from policies.joins import JoinRules
from policies.model import ALL_USES, USES, ColumnRule, Grant, Limits, PrincipalRule
from policies.published import PublishedTable
from sql.catalog import ColumnUse, TableUse

REASON = "REVIEW: cite the agreement or the law that this rests on"
"""What stands for the reason until a reviewer writes one."""

REQUEST = "REVIEW: the number of the request"

SUGGESTED_FLOOR = 10
SUGGESTED_MATCHES = 100

_PLAIN = re.compile(r"[^\W\d][\w.-]*")
_WORDS = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom and for what a draft is written. None stands for what the reviewer has to fill in."""

    principals: PrincipalRule | None
    purpose: str | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A grant to be reviewed. `notes` say by column what the question does with it; `remarks` concern all of it."""

    department: str
    table: PublishedTable
    grant: Grant
    notes: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def draft_grant(
    department: str, table: PublishedTable, use: TableUse, grant_id: str, reason: str, request: str
) -> Draft:
    """The draft for one use of one table, before anything that is implied by the rest is left out.

    It names nobody and no purpose yet.
    """
    columns: dict[str, ColumnRule] = {}
    notes: dict[str, str] = {}
    for name in table.in_order(use.columns):
        own = [u for u in use.uses if u.column == name]
        columns[name] = _rule(own)
        notes[name] = _note(own)
    remarks: list[str] = []
    if not columns:
        name = table.entity or next((c.name for c in table.columns or ()), "")
        columns = {name: ColumnRule(frozenset({"aggregate"}), functions=frozenset({"count"}))} if name else {}
        remarks.append("The question counts rows and uses no column; a grant has to open one.")
    grant = Grant(
        id=grant_id,
        reason=reason,
        request=request,
        principals=PrincipalRule(),
        purposes=(),
        valid_from=None,
        valid_until=None,
        columns=columns,
        joins=JoinRules(allowed=_pairs(columns, use)),
        limits=_limits(columns, use),
    )
    return Draft(department, table, grant, notes, tuple(remarks))


def group_join_keys(draft: Draft) -> Draft:
    """The draft in which what is joined may be grouped by as well."""
    columns, notes = dict(draft.grant.columns), dict(draft.notes)
    for name, rule in draft.grant.columns.items():
        if "join" in rule.uses and "group" not in rule.uses:
            columns[name] = replace(rule, uses=rule.uses | {"group"})
            notes[name] = f"{notes.get(name, '')}; is grouped by before the join".removeprefix("; ")
    return replace(draft, grant=replace(draft.grant, columns=columns), notes=notes)


def read_all(draft: Draft) -> Draft:
    """The draft in which every column is read: `*` stands for what may be read, and the question uses it by name."""
    columns = {name: ColumnRule(ALL_USES) for name in draft.grant.columns}
    notes = {
        name: note if draft.grant.columns[name].uses == ALL_USES else f"{note}; is named through *"
        for name, note in draft.notes.items()
    }
    return replace(draft, grant=replace(draft.grant, columns=columns), notes=notes)


def tighten(draft: Draft, strict: Draft, allows: Callable[[Grant], bool]) -> Draft:
    """The draft with each column as `strict` has it, where that is enough."""
    grant, notes = draft.grant, dict(draft.notes)
    for name, rule in strict.grant.columns.items():
        if grant.columns.get(name) != rule:
            smaller = replace(grant, columns={**grant.columns, name: rule})
            if allows(smaller):
                grant, notes[name] = smaller, strict.notes.get(name, "")
    return replace(draft, grant=grant, notes=notes)


def minimise(draft: Draft, allows: Callable[[Grant], bool]) -> Draft:
    """The draft without every use and column that `allows` does not miss."""
    grant = draft.grant
    for name, rule in draft.grant.columns.items():
        for use in USES if rule.uses != ALL_USES else ():
            if name in grant.columns and use in grant.columns[name].uses:
                smaller = _without(grant, name, use)
                grant = smaller if allows(smaller) else grant
    return replace(draft, grant=grant)


def _without(grant: Grant, name: str, use: str) -> Grant:
    """The grant without one use of one column, and without the column when nothing is left of it."""
    rule = grant.columns[name]
    uses = rule.uses - {use}
    functions = rule.functions if "aggregate" in uses else frozenset[str]()
    columns = {**grant.columns, name: replace(rule, uses=uses, functions=functions)}
    if not uses:
        del columns[name]
    allowed = {c: p for c, p in grant.joins.allowed.items() if c in columns and "join" in columns[c].uses}
    return replace(grant, columns=columns, joins=replace(grant.joins, allowed=allowed))


def fewer_uses(grant: Grant) -> Iterator[tuple[str, str, Grant]]:
    """Every grant with one use less, and which: what shows that a draft is minimal."""
    for name, rule in grant.columns.items():
        for use in ("read",) if rule.uses == ALL_USES else sorted(rule.uses):
            if use == "read":
                # Everything short of reading: the other uses stay.
                weaker = replace(rule, uses=ALL_USES - {"read"})
                yield name, use, replace(grant, columns={**grant.columns, name: weaker})
            else:
                yield name, use, _without(grant, name, use)


def aggregates(drafts: Iterable[Draft], uses: Iterable[TableUse]) -> bool:
    """Whether the question shows no single row of any table, and counts or sums up instead."""
    shows_rows = any(rule.uses == ALL_USES for draft in drafts for rule in draft.grant.columns.values())
    return not shows_rows and any(
        not use.columns or any(u.use in {"aggregate", "group"} for u in use.uses) for use in uses
    )


def suggest_floor(draft: Draft) -> Floor | None:
    """The floor to try for an aggregated table, where the table says whom to count."""
    entity = draft.table.entity
    return Floor(SUGGESTED_FLOOR, entity) if entity is not None else None


def write_policy(draft: Draft, asker: Asker, *, schema: str, question: str) -> str:
    """The draft as a policy file. `question` is the SQL without its literals; `schema` is for the editor."""
    return "\n".join(_lines(draft, asker, schema, question)) + "\n"


def _lines(draft: Draft, asker: Asker, schema: str, question: str) -> Iterator[str]:
    grant = draft.grant
    yield f"# yaml-language-server: $schema={schema}"
    yield f"table: {draft.table.name}"
    yield "grants:"
    yield "  # The least that this question needs of the table. Review every line; REVIEW marks what only you know."
    yield from (f"  #   {line}" for line in wrap(_printable(" ".join(question.split())), 100))
    yield from (f"  # {remark}" for remark in draft.remarks)
    yield f"  - id: {quote(grant.id)}"
    yield f"    reason: {quote(grant.reason)}" + ("  # REVIEW" if grant.reason == REASON else "")
    if grant.request is not None:
        yield f"    request: {quote(grant.request)}" + ("  # REVIEW" if grant.request == REQUEST else "")
    yield f"    principals: {_principals(asker.principals)}"
    yield (
        f"    purposes: [{quote(asker.purpose)}]" if asker.purpose else "    purposes: []  # REVIEW: for what"
    )
    if not grant.columns:
        yield "    columns: {}  # REVIEW: open a column"
        return
    yield "    columns:"
    width = max(len(_column(name, rule)) for name, rule in grant.columns.items())
    for name, rule in grant.columns.items():
        text, note = _column(name, rule), draft.notes.get(name, "")
        yield f"      {text:<{width}}  # {_printable(note)}" if note else f"      {text}"
    if grant.floor is not None:
        yield f"    floor: {{entities: {grant.floor.entities}}}  # suggested: counts {grant.floor.column}"
    if grant.limits.matches_per_day is not None:
        yield f"    limits: {{matches_per_day: {grant.limits.matches_per_day}}}  # suggested: values asked about in a day"
    if grant.joins.allowed:
        yield "    joins:"
        yield "      allowed:"
        for name, partners in grant.joins.allowed.items():
            yield f"        {name}: [{', '.join(map(quote, partners))}]"
    if grant.crossing != "aggregate":
        yield f"    crossing: {grant.crossing}  # values leave the department to be worked on at the merge"


def _column(name: str, rule: ColumnRule) -> str:
    uses = "read" if rule.uses == ALL_USES else ", ".join(use for use in USES if use in rule.uses)
    functions = f", functions: [{', '.join(sorted(rule.functions))}]" if rule.functions else ""
    return f"{name}: {{use: [{uses}]{functions}}}"


def _principals(rule: PrincipalRule | None) -> str:
    if rule is None:
        return "{departments: []}  # REVIEW: who; an empty list is nobody"
    parts = [
        f"{key}: [{', '.join(quote(name) for name in sorted(names))}]"
        for key, names in (
            ("departments", rule.departments),
            ("roles", rule.roles),
            ("subjects", rule.subjects),
        )
        if names is not None
    ]
    if rule.attributes:
        held = ", ".join(
            f"{quote(name)}: [{', '.join(map(_scalar, values))}]" for name, values in rule.attributes.items()
        )
        parts.append(f"attributes: {{{held}}}")
    return f"{{{', '.join(parts)}}}"


def quote(text: str) -> str:
    """A text as YAML reads it back, quoted where it would read as something else.

    >>> quote("civil_affairs"), quote("440605"), quote("true")
    ('civil_affairs', '"440605"', '"true"')
    """
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


def _scalar(value: object) -> str:
    return quote(value) if isinstance(value, str) else json.dumps(value)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _rule(uses: Iterable[ColumnUse]) -> ColumnRule:
    """The rule that allows these uses; a column about which nothing is known more closely is read."""
    found = {use.use for use in uses} - {"cross"}
    if not found or "read" in found or any(use.fails for use in uses):
        return ColumnRule(ALL_USES)
    functions = frozenset(family(use.function) for use in uses if use.use == "aggregate" and use.function)
    return ColumnRule(frozenset(found), functions=functions)


def _limits(columns: Mapping[str, ColumnRule], use: TableUse) -> Limits:
    """How many values may be asked about, where a column is for matching and not for filtering."""
    matched = {name for name, r in columns.items() if "match" in r.uses and not r.uses & {"filter", "read"}}
    values = sum(u.values for u in use.uses if u.column in matched and u.use == "match")
    return Limits(matches_per_day=max(SUGGESTED_MATCHES, values)) if matched else Limits()


def _note(uses: Iterable[ColumnUse]) -> str:
    """What the question does with a column, with the line where it first does each."""
    found: dict[str, int | None] = {}
    for use in uses:
        text = f"{use.how}, which can fail on some values" if use.fails else use.how
        found.setdefault(text, use.line)
    return "; ".join(f"{how} (line {line})" if line else how for how, line in found.items() if how)


def _pairs(columns: Mapping[str, ColumnRule], use: TableUse) -> dict[str, tuple[str, ...]]:
    """The partners of each column that is joined, where every one of them is a published column."""
    pairs: dict[str, tuple[str, ...]] = {}
    for name in columns:
        partners = [u.partner for u in use.uses if u.column == name and u.use == "join"]
        if partners and all(partner is not None for partner in partners):
            pairs[name] = tuple(dict.fromkeys(".".join(p) for p in partners if p is not None))
    return pairs

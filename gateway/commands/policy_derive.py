"""`comity policy derive`: the least that a question needs of each department, as policies to review."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sqlglot import exp

import policies
from comity.errors import ComityError, ConfigurationError, PolicyError, SqlError
from comity.values import Parameters, ParameterValue
from gateway.commands.paper import Asked, PaperGateway, published_columns
from gateway.commands.policy_directory import PolicyDirectory
from policies.decide import decide
from policies.decision import Floor
from policies.department import Department
from policies.derive import (
    Asker,
    Draft,
    aggregates,
    draft_grant,
    group_join_keys,
    minimise,
    read_all,
    suggest_floor,
    tighten,
    write_policy,
)
from policies.model import Grant, PrincipalRule, TablePolicy
from policies.principal import Principal
from policies.read_file import nearest
from policies.stage import declared_type
from sql.catalog import TableUse
from sql.parameters import bind_parameters
from sql.parse import ParsedQuery, parse_query
from sql.resolve import resolve_query
from sql.uses import infer_uses

Key = tuple[str, str]
Allows = Callable[[Grant], bool]

_NO_FLOOR = "A floor would refuse this question as it is asked; an aggregate in one block could have one."


@dataclass(frozen=True, slots=True)
class Derived:
    """One policy file to review: whose, of which table, its text, and where it belongs.

    `allowed_by` is the grant under which the asker may ask already, None when there is none.
    """

    department: str
    table: str
    text: str
    path: Path
    allowed_by: str | None
    draft: Draft


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked, by whom if that is known, and for what. `names` give the grants an id and a reason."""

    sql: str
    parameters: Parameters | None
    principal: Principal | None
    rule: PrincipalRule | None
    purpose: str | None
    grant_id: str | None
    reason: str
    request: str


def derive(directory: PolicyDirectory, wish: Wish, today: date) -> tuple[Derived, ...]:
    """The grants that the question needs, by department and table.

    Every draft is tried on paper: the question is allowed under all of them together, and not when any lacks
    one use. Raises `SqlError` for a question that is none, `PolicyError` where no grant could allow it.
    """
    departments = {d.name: d for d in directory.departments}
    purpose = wish.purpose or min(directory.purposes or {"any"})
    asker = wish.principal or Principal("asker", "asker")
    with PaperGateway(directory, directory.departments, lambda: today) as paper:
        parsed = _parsed(wish)
        uses = _uses(paper, parsed, departments)
        _refuse_unshared(uses, departments)
        starred = any(not isinstance(star.parent, exp.Count) for star in parsed.tree.find_all(exp.Star))
        trial = _Trial(paper, departments, asker, purpose, wish, today, starred)
        if starred:
            # What `*` stands for and nothing uses is not there once no grant opens it.
            uses = {key: _without_unused(use) for key, use in uses.items()}
        drafts = {key: _drafted(use, departments, wish, parsed) for key, use in uses.items()}
        drafts = {key: minimise(draft, trial.alone(uses[key])) for key, draft in drafts.items()}
        already = {key: trial.existing(use) for key, use in uses.items()}
        settled = _settle(drafts, uses, trial)
    question = parsed.normalized
    shown = Asker(wish.rule, wish.purpose)
    return tuple(
        _written(draft, departments[key[0]], shown, question, already[key]) for key, draft in settled.items()
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    """Asks the question on paper, under drafts in place of the departments' own policies."""

    paper: PaperGateway
    departments: Mapping[str, Department]
    asker: Principal
    purpose: str
    wish: Wish
    today: date
    starred: bool

    def opened(self, grant: Grant) -> Grant:
        """The grant for whoever tries it, since the asker may not be known yet."""
        rule = PrincipalRule(subjects=frozenset({self.asker.subject}))
        return replace(grant, principals=rule, purposes=(self.purpose,))

    def alone(self, use: TableUse) -> Allows:
        """Whether a grant allows one table's use, whatever the others say."""
        department = self.departments[use.department]

        def allows(grant: Grant) -> bool:
            given = TablePolicy(use.name, (self.opened(grant),), "")
            single = replace(department, policies={use.name: given})
            return decide(single, use, self.asker, self.purpose, self.today).allowed

        return allows

    def existing(self, use: TableUse) -> str | None:
        """The grant of the department's own policy that allows this use already."""
        if self.wish.principal is None or self.wish.purpose is None:
            return None
        department = self.departments[use.department]
        return decide(department, use, self.asker, self.purpose, self.today).grant_id

    def beside(self, others: Mapping[Key, Draft], key: Key) -> Allows:
        """Whether the whole question is allowed with a grant in the place of the draft `key`."""

        def allows(grant: Grant) -> bool:
            return self.together({**others, key: replace(others[key], grant=grant)}) is None

        return allows

    def together(self, drafts: Mapping[Key, Draft]) -> ComityError | None:
        """What refuses the whole question under these drafts alone, None when nothing does."""
        replaced = []
        for department in self.departments.values():
            own = {
                table: TablePolicy(table, (self.opened(draft.grant),), "")
                for (name, table), draft in drafts.items()
                if name == department.name
            }
            replaced.append(replace(department, policies=own))
        self.paper.replace(replaced)
        positional, named = split_parameters(self.wish.parameters)
        asked = Asked(self.asker, self.purpose, self.wish.sql, positional, named)
        try:
            self.paper.plan(asked)
        except ComityError as error:
            return error
        return None


def _settle(drafts: Mapping[Key, Draft], uses: Mapping[Key, TableUse], trial: _Trial) -> dict[Key, Draft]:
    """The strictest floor and crossing of each draft under which the whole question is allowed.

    All begin with what refuses least; each table in turn takes the strictest that still passes. Where nothing
    passes, join keys may be grouped by too, since a department then sums up before its rows are joined.
    """
    keyed = {key: group_join_keys(draft) for key, draft in drafts.items()}
    wider = [drafts, keyed]
    if trial.starred:
        wider.append({key: read_all(draft) for key, draft in drafts.items()})
    settled: dict[Key, Draft] = {}
    refused: ComityError | None = None
    for widest in wider:
        settled = {key: _variant(draft, "raw", None) for key, draft in widest.items()}
        found = trial.together(settled)
        refused = refused or found
        if found is None:
            break
    else:
        assert refused is not None
        raise refused
    aggregated = aggregates(drafts.values(), uses.values())
    for key, draft in drafts.items():
        floor = suggest_floor(draft) if aggregated else None
        for variant in _variants([each[key] for each in wider], floor):
            if trial.together({**settled, key: variant}) is None:
                lacks_floor = floor is not None and variant.grant.floor is None
                remarks = (*variant.remarks, _NO_FLOOR) if lacks_floor else variant.remarks
                settled[key] = replace(variant, remarks=remarks)
                break
        if settled[key].grant.columns != draft.grant.columns:
            settled[key] = tighten(settled[key], draft, trial.beside(settled, key))
    return settled


def _variants(forms: Sequence[Draft], floor: Floor | None) -> Iterator[Draft]:
    """The forms of a draft, from the strictest."""
    for each in (form for number, form in enumerate(forms) if form not in forms[:number]):
        for crossing in ("aggregate", "raw"):
            for least in (floor, None) if floor is not None else (None,):
                yield _variant(each, crossing, least)


def _variant(draft: Draft, crossing: str, floor: Floor | None) -> Draft:
    return replace(draft, grant=replace(draft.grant, crossing=crossing, floor=floor))


def _parsed(wish: Wish) -> ParsedQuery:
    parsed = parse_query(wish.sql)
    positional, named = split_parameters(wish.parameters)
    return bind_parameters(parsed, positional, named)


def _uses(
    paper: PaperGateway, parsed: ParsedQuery, departments: Mapping[str, Department]
) -> dict[Key, TableUse]:
    """How the question uses each table that a department owns; members stand for a federated one."""
    try:
        resolved = resolve_query(parsed, paper.catalogs.published, paper.catalogs.binder)
    except SqlError as error:
        error.hint = _hint(error, departments) or error.hint
        raise
    influence = infer_uses(resolved.tree, resolved.tables, parsed.text)
    members = [member for use in influence.tables for member in paper.catalogs.members(use)]
    return {(use.department, use.name): use for use in members}


def _without_unused(use: TableUse) -> TableUse:
    return replace(use, columns=frozenset(each.column for each in use.uses))


def _hint(error: SqlError, departments: Mapping[str, Department]) -> str | None:
    """What the files do not say, where that may be why a question cannot be understood."""
    tables = [(d, table) for d in departments.values() for table in d.tables.values()]
    if error.code == "SQL_TYPE":
        untyped = [
            f"{d.name}.{table.name}.{column.name}"
            for d, table in tables
            for column in table.columns or ()
            if declared_type(column) is None
        ]
        return (
            f"Without a type in department.yaml these are taken for text: {_few(untyped)}"
            if untyped
            else None
        )
    if error.code == "SQL_TABLE_UNKNOWN":
        bare = [f"{d.name}.{table.name}" for d, table in tables if not published_columns(d, table)]
        return f"These list no columns in department.yaml, which derive needs: {_few(bare)}" if bare else None
    return None


def _few(names: Sequence[str]) -> str:
    return ", ".join(names if len(names) <= 5 else [*names[:5], "…"])


def _refuse_unshared(uses: Mapping[Key, TableUse], departments: Mapping[str, Department]) -> None:
    """No grant may open what the law keeps closed."""
    for (name, table), use in uses.items():
        published = departments[name].tables[table]
        if published.sharing == "none":
            raise PolicyError(
                f"{name}.{table} is not to be shared: {published.legal_basis}",
                hint=f"No grant can allow this. Ask {departments[name].title} what may be answered without it.",
                department=name,
                line=use.line,
                column=use.column,
            )


def _drafted(use: TableUse, departments: Mapping[str, Department], wish: Wish, parsed: ParsedQuery) -> Draft:
    grant_id = wish.grant_id or f"{wish.purpose or 'draft'}-{parsed.fingerprint[:8]}"
    table = departments[use.department].tables[use.name]
    return draft_grant(use.department, table, use, grant_id, wish.reason, wish.request)


def _written(
    draft: Draft, department: Department, asker: Asker, question: str, allowed_by: str | None
) -> Derived:
    folder = department.directory / "policies"
    schema = Path(policies.__path__[0]) / "schemas" / "policy.json"
    shown = os.path.relpath(schema, folder).replace(os.sep, "/")
    text = write_policy(draft, asker, schema=shown, question=question)
    table = draft.table.name
    return Derived(department.name, table, text, folder / f"{table}.yaml", allowed_by, draft)


def split_parameters(
    parameters: Parameters | None,
) -> tuple[tuple[ParameterValue, ...], Mapping[str, ParameterValue]]:
    """Values for `?` and `$1`, and values for `$name`."""
    if parameters is None:
        return (), {}
    if isinstance(parameters, Mapping):
        return (), dict(parameters)
    return tuple(parameters), {}


def caller(
    directory: PolicyDirectory, subject: str | None, department: str | None, roles: Sequence[str]
) -> tuple[Principal | None, PrincipalRule | None]:
    """Who the grants are for: somebody of identity.yaml, or callers of a department or with roles, or nobody yet."""
    if subject is not None and (department is not None or roles):
        raise ConfigurationError("give --as, or --department and --role, not both", code="CONFIG_INVALID")
    if subject is not None:
        principal = _known_caller(directory, subject)
        rule = PrincipalRule(
            frozenset({principal.department}),
            principal.roles or None,
            None if principal.roles else frozenset({principal.subject}),
        )
        return principal, rule
    if department is None and not roles:
        return None, None
    principal = Principal("asker", department or "asker", frozenset(roles))
    departments = frozenset({department}) if department is not None else None
    return principal, PrincipalRule(departments, principal.roles or None)


def _known_caller(directory: PolicyDirectory, subject: str) -> Principal:
    known = directory.federation.principals if directory.federation is not None else {}
    found = next((p for p in known.values() if p.subject == subject), None)
    if found is None:
        names = dict.fromkeys(principal.subject for principal in known.values())
        message = f"identity.yaml has no caller `{subject}`{nearest(subject, names)}"
        hint = "Describe the callers with --department and --role."
        raise ConfigurationError(message, code="CONFIG_REFERENCE", hint=hint)
    return found


def write_derived(found: Sequence[Derived], output: Path | None) -> Iterator[str]:
    """Writes the files below `output` and yields their names; without it, yields the text of each."""
    for number, each in enumerate(found):
        if output is None:
            if number:
                yield "---"
            yield f"# {each.department}.{each.table}: for {each.path}"
            yield each.text.rstrip("\n")
            continue
        path = output / each.department / f"{each.table}.yaml"
        if path.exists():
            raise ConfigurationError(f"{path} is there already", code="CONFIG_INVALID")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(each.text, "utf-8")
        yield str(path)

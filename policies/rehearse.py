"""Runs `policies/<table>_test.yaml`: asks its questions of a real DuckDB, through the table's own policy.

A rule that no question exercises is a failure: a grant must allow some question (or, where it opens no column,
say so in a denial), each of its masks must be used, its row filter must let one row pass and hide another, and
its floor show one group and leave another out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from comity.errors import ComityError, PolicyError, SqlError
from policies.decide import decide, visible
from policies.decision import Decision
from policies.department import TEST_SUFFIX, Department
from policies.fit import check_policy_fit
from policies.joins import JoinRules
from policies.principal import Principal
from policies.read_file import nearest, read_model
from policies.rehearsal_file import PolicyTestFile, TestPrincipal, TestQuestion
from policies.stage import Sandbox, Stage
from policies.yaml_document import YamlDocument, load_yaml
from sql.catalog import TableUse
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.uses import infer_uses

_HIDDEN = frozenset({"SQL_TABLE_UNKNOWN", "SQL_COLUMN_UNKNOWN"})
_PASSES = "lets a row pass"
_HIDES = "hides a row"
_SHOWS = "shows a group"
_LEAVES_OUT = "leaves a group out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question. `problems` is empty when it is what the file expects."""

    question: str
    line: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of one file. `unexercised` are the rules that no question reaches, by grant."""

    path: Path
    outcomes: tuple[Outcome, ...]
    unexercised: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.unexercised and not any(o.problems for o in self.outcomes)


@dataclass(slots=True)
class _Exercised:
    """Rules that questions reached so far."""

    grants: set[str] = field(default_factory=set)
    masks: set[tuple[str, str]] = field(default_factory=set)
    row_filters: dict[str, set[str]] = field(default_factory=dict)
    floors: dict[str, set[str]] = field(default_factory=dict)
    joins: set[str] = field(default_factory=set)


def rehearse(
    department: Department,
    path: Path,
    sandbox: Sandbox,
    *,
    today: date,
    purposes: Iterable[str] | None = None,
) -> Rehearsal:
    """Runs one test file of `department`. `purposes` are those of the federation, when known.

    Raises `ConfigurationError` when the file itself is wrong: a key, a name, a value of another type.
    """
    document = load_yaml(path)
    form = read_model(document, PolicyTestFile, code="CONFIG_POLICY")
    _check_names(department, document, form, purposes)
    stage = Stage(sandbox, department, document, form)
    policy = department.policies.get(form.table)
    if policy is not None:
        check_policy_fit(department, policy, stage.types)
    run = _Run(department, form, stage, today, _Exercised())
    outcomes = tuple(
        Outcome(question.name, document.line_of(("questions", index)), run.ask(question))
        for index, question in enumerate(form.questions)
    )
    return Rehearsal(path, outcomes, _unexercised(department, form.table, run.exercised))


def untested(department: Department, table: str) -> Rehearsal:
    """The failure of a policy that has no test file."""
    path = department.directory / "policies" / f"{table}{TEST_SUFFIX}.yaml"
    return Rehearsal(path, (), _unexercised(department, table, _Exercised()))


def _check_names(
    department: Department, document: YamlDocument, form: PolicyTestFile, purposes: Iterable[str] | None
) -> None:
    if f"{form.table}{TEST_SUFFIX}" != document.path.stem:
        message = f"`table: {form.table}` must be the file's name without {TEST_SUFFIX}"
        raise document.error(("table",), message, code="CONFIG_POLICY")
    if form.table not in department.tables:
        message = (
            f"{department.name} publishes no table `{form.table}`{nearest(form.table, department.tables)}"
        )
        raise document.error(("table",), message, code="CONFIG_REFERENCE")
    known = None if purposes is None else frozenset(purposes)
    for index, question in enumerate(form.questions):
        if question.principal not in form.principals:
            hint = nearest(question.principal, form.principals)
            message = f"there is no principal `{question.principal}` in this file{hint}"
            raise document.error(("questions", index, "principal"), message, code="CONFIG_REFERENCE")
        if known is not None and question.purpose not in known:
            message = f"there is no purpose `{question.purpose}` in this federation{nearest(question.purpose, known)}"
            raise document.error(("questions", index, "purpose"), message, code="CONFIG_REFERENCE")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of a question: the decision, when it came to one, and the SQL that answers it.

    `unfloored` is what would answer it without the floor that it has.
    """

    reasons: tuple[str, ...]
    decision: Decision | None = None
    sql: str | None = None
    unfloored: str | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """One file's questions, asked one by one."""

    department: Department
    form: PolicyTestFile
    stage: Stage
    today: date
    exercised: _Exercised

    def ask(self, question: TestQuestion) -> tuple[str, ...]:
        """The problems with what came of `question`."""
        principal = _principal(self.form.principals[question.principal])
        try:
            answer = self._answer(principal, question)
        except ComityError as error:
            return (f"could not be asked: {error.code}: {error.message}",)
        self._note(principal, answer)

        expect = question.expect
        reasons = "; ".join(answer.reasons)
        got = "deny" if answer.sql is None else "allow"
        if expect.decision != got:
            return (f"expected {expect.decision}, got {got}: {reasons}",)
        problems: list[str] = []
        grant = answer.decision.grant_id if answer.decision else None
        if expect.grant is not None and expect.grant != grant:
            problems.append(f"expected the grant {expect.grant}, got {grant}")
        if expect.reason is not None and expect.reason not in reasons:
            problems.append(f"expected a reason with “{expect.reason}”, got: {reasons}")
        if expect.rows is not None and answer.sql is not None:
            ordered = parse_query(question.sql).tree.args.get("order") is not None
            problems += self.stage.compare(answer.sql, expect.rows, ordered=ordered)
        return tuple(problems)

    def _answer(self, principal: Principal, question: TestQuestion) -> _Answer:
        table, purpose = self.stage.table.name, question.purpose
        day = question.date or self.form.date or self.today
        parsed = parse_query(question.sql)
        # First as someone who may see everything, so that a misspelt name does not pass for a denial.
        if self.stage.own_use(self.stage.resolve_fully(parsed).tables) is None:
            raise SqlError(f"the question does not read {table}", code="SQL_TABLE_UNKNOWN")
        view = visible(self.department, table, principal, purpose, day)
        try:
            resolved = resolve_query(parsed, self.stage.catalog(view), self.stage.binder)
        except SqlError as error:
            if error.code not in _HIDDEN:
                raise
            rows = TableUse(self.department.name, table, frozenset())
            denied = decide(self.department, rows, principal, purpose, day)
            if view is None and denied.known:
                return _Answer(denied.reasons, denied)
            return _Answer((f"{error.code}: {error.message}",))
        use = self.stage.own_use(infer_uses(resolved.tree, resolved.tables, question.sql).tables)
        assert use is not None
        decision = decide(self.department, use, principal, purpose, day)
        if not decision.allowed:
            remedies = dict.fromkeys(r.remedy for r in decision.refusals if r.remedy)
            return _Answer((*decision.reasons, *remedies), decision)
        try:
            sql = self.stage.wrapped(resolved, decision, principal)
        except PolicyError as error:
            told = (f"grant {decision.grant_id}: {error.message}", *([error.hint] if error.hint else []))
            return _Answer(told, replace(decision, allowed=False))
        whole = self.stage.wrapped(resolved, decision, principal, floored=False)
        return _Answer(decision.reasons, decision, sql, whole if decision.floor is not None else None)

    def _note(self, principal: Principal, answer: _Answer) -> None:
        """Remembers which rules the question reached."""
        policy = self.department.policies.get(self.stage.table.name)
        for grant in policy.grants if policy else ():
            if not grant.usable and any(r.startswith(f"grant {grant.id}: ") for r in answer.reasons):
                self.exercised.grants.add(grant.id)
        decision = answer.decision
        if decision is not None:
            self.exercised.joins |= {r.grant_id for r in decision.refusals if r.use == "join"}
        if decision is None or decision.grant_id is None or answer.sql is None:
            return
        self.exercised.grants.add(decision.grant_id)
        masked = (name for name, column in decision.columns.items() if column.mask is not None)
        self.exercised.masks |= {(decision.grant_id, name) for name in masked}
        if decision.row_filter is not None:
            passed, total = self.stage.count(decision, principal)
            seen = self.exercised.row_filters.setdefault(decision.grant_id, set())
            seen |= {_PASSES} if passed else set()
            seen |= {_HIDES} if passed < total else set()
        if answer.unfloored is not None:
            kept, all_groups = self.stage.rows_of(answer.sql), self.stage.rows_of(answer.unfloored)
            told = self.exercised.floors.setdefault(decision.grant_id, set())
            told |= {_SHOWS} if kept > 0 else set()
            told |= {_LEAVES_OUT} if kept < all_groups else set()


def _unexercised(department: Department, table: str, exercised: _Exercised) -> tuple[str, ...]:
    policy = department.policies.get(table)
    missing: list[str] = []
    for grant in policy.grants if policy else ():
        if grant.id not in exercised.grants:
            missing.append(
                f"grant {grant.id}: no question is {'allowed' if grant.usable else 'denied'} by it"
            )
            continue
        if not grant.usable:
            continue
        for name, rule in grant.columns.items():
            if rule.mask is not None and rule.uses and (grant.id, name) not in exercised.masks:
                missing.append(f"grant {grant.id}: no question reads {name}, masked by {rule.mask}")
        if grant.row_filter is not None:
            seen = exercised.row_filters.get(grant.id, set())
            for effect in (_PASSES, _HIDES):
                if effect not in seen:
                    missing.append(f"grant {grant.id}: in no question the row filter {effect}")
        if grant.joins != JoinRules() and grant.id not in exercised.joins:
            missing.append(f"grant {grant.id}: no question is refused for what it joins")
        if grant.floor is not None:
            seen = exercised.floors.get(grant.id, set())
            missing += [
                f"grant {grant.id}: in no question the floor {effect}"
                for effect in (_SHOWS, _LEAVES_OUT)
                if effect not in seen
            ]
    return tuple(missing)


def _principal(form: TestPrincipal) -> Principal:
    return Principal(
        form.subject, form.department, frozenset(form.roles), dict(form.attributes), form.ceiling
    )

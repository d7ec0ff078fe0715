"""Reads the case files: YAML, one file per class of attacks, with defaults at the top.

::

    class: 17
    title: a read that shares the name of a WITH query
    gains: the rows of a table nobody may read, because the checker took it for the WITH query
    cases:
      - id: qualified
        ask: WITH secret AS (SELECT 1 AS id) SELECT id FROM proof.secret
        refused: SQL_TABLE_UNKNOWN
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from pydantic import Field

from comity.errors import CODES, ConfigurationError
from conformance.case import ENGINES, WAYS, AttackClass, Case, Cell, Expectation, Keys, Parameter, Question
from policies.file_models import FileModel, Text
from policies.read_file import read_model
from policies.yaml_document import YamlDocument, load_yaml

CLASSES = 68
"""The classes of attacks that are known; each has a file."""

_BY_CHANCE = re.compile("[0-9a-f]{1,6}")
"""Words that stand in some query id, time or size sooner or later, and would accuse a gateway that leaks nothing."""


class _KeysFile(FileModel):
    of: Text = Field(description="The column that they are said to be of: department.table.column.")
    type: Text = "VARCHAR"
    values: tuple[Cell, ...] = ()
    up_to: int = Field(0, description="All whole numbers below this one, in place of values.")


class _QuestionFile(FileModel):
    ask: str | None = Field(None, description="The text: SQL, a table, a method or a policy, by way.")
    caller: Text | None = None
    purpose: str | None = None
    parameters: tuple[Parameter, ...] | dict[str, Parameter] = ()
    metadata: dict[str, str] = Field(default_factory=dict)
    token: str | None = None
    grants: dict[str, str] = Field(default_factory=dict)
    keys: dict[str, _KeysFile] = Field(default_factory=dict)


class _CaseFile(_QuestionFile):
    may_be_empty = frozenset({"same_as"})

    id: Text
    gains: Text | None = None
    ways: tuple[Text, ...] | None = None
    engines: tuple[Text, ...] | None = None
    before: tuple[_QuestionFile, ...] = ()
    refused: Text | tuple[Text, ...] = ()
    fragment_refused: Text | tuple[Text, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] | None = None
    ordered: bool = False
    same_as: Text | _QuestionFile | None = None
    absent: Text | None = None
    answered: bool = False
    says: Text | tuple[Text, ...] = ()
    says_not: Text | tuple[Text, ...] = ()
    notices: Text | tuple[Text, ...] = ()


class _ClassFile(FileModel):
    number: int = Field(alias="class", ge=1, le=CLASSES)
    title: Text
    gains: Text | None = None
    caller: Text = "analyst"
    purpose: str = "proof_statistics"
    ways: tuple[Text, ...] | None = None
    not_applicable: Text | None = None
    beyond: Text | None = Field(None, description="What of the class these cases cannot show, and what does.")
    cases: tuple[_CaseFile, ...] = ()


def load_classes(directory: Path | None = None) -> tuple[AttackClass, ...]:
    """Every class by number, from `directory` or from the installed files. Raises `ConfigurationError`."""
    place = directory or Path(str(files("conformance") / "cases"))
    classes = sorted((_load(path) for path in place.glob("*.yaml")), key=lambda found: found.number)
    seen: dict[int | str, str] = {}
    for found in classes:
        names: tuple[int | str, ...] = (found.number, *(case.id for case in found.cases))
        for name in names:
            if name in seen:
                raise ConfigurationError(f"{place}: {name} stands in two places", code="CONFIG_REFERENCE")
            seen[name] = found.title
    return tuple(classes)


def _load(path: Path) -> AttackClass:
    document = load_yaml(path)
    form = read_model(document, _ClassFile, code="CONFIG_INVALID")
    cases = tuple(_case(document, index, case, form) for index, case in enumerate(form.cases))
    if bool(cases) == bool(form.not_applicable):
        raise document.error((), "give cases, or say in not_applicable why there are none")
    return AttackClass(form.number, form.title, cases, form.not_applicable or "", form.beyond or "")


def _case(document: YamlDocument, index: int, form: _CaseFile, whole: _ClassFile) -> Case:
    place = ("cases", index)
    expect = _expectation(document, place, form, whole)
    gains = form.gains or whole.gains
    if gains is None:
        raise document.error(place, f"{form.id}: say what an attacker gains, here or at the top")
    ways = form.ways or whole.ways or _default_ways(expect)
    for listed, known in ((ways, WAYS), (form.engines or (), ENGINES)):
        for name in listed:
            if name not in known:
                raise document.error(place, f"{form.id}: {name} is not one of {', '.join(known)}")
    question = _question(form, whole, whole.caller, whole.purpose)
    before = tuple(_question(q, whole, question.caller, question.purpose) for q in form.before)
    return Case(
        f"{whole.number:02}-{form.id}",
        whole.number,
        gains,
        question,
        ways,
        expect,
        before,
        form.engines or ENGINES,
    )


def _default_ways(expect: Expectation) -> tuple[str, ...]:
    if expect.refused or expect.absent:
        return ("query", "explain")
    return ("query", "explain", "analyze")


def _expectation(
    document: YamlDocument, place: tuple[str | int, ...], form: _CaseFile, whole: _ClassFile
) -> Expectation:
    refused = _texts(form.refused)
    given = [bool(refused), form.rows is not None, form.same_as is not None, bool(form.absent), form.answered]
    if sum(given) != 1:
        message = f"{form.id}: expect exactly one of refused, rows, same_as, absent, answered"
        raise document.error(place, message)
    for code in (*refused, *_texts(form.fragment_refused)):
        if code not in CODES and code != "UNIMPLEMENTED":
            raise document.error(place, f"{form.id}: there is no code {code}")
    for word in _texts(form.says_not):
        if _BY_CHANCE.fullmatch(word):
            message = (
                f"{form.id}: {word} can stand in a query id by chance; look for a longer or another text"
            )
            raise document.error((*place, "says_not"), message)
    same_as = None
    if form.same_as is not None:
        other = (
            form.same_as
            if isinstance(form.same_as, _QuestionFile)
            else _QuestionFile.model_validate({"ask": form.same_as})
        )
        same_as = _question(other, whole, form.caller or whole.caller, form.purpose or whole.purpose)
    return Expectation(
        refused=refused,
        fragment_refused=_texts(form.fragment_refused),
        rows=form.rows,
        ordered=form.ordered,
        same_as=same_as,
        absent=form.absent,
        answered=form.answered,
        says=_texts(form.says),
        says_not=_texts(form.says_not),
        notices=_texts(form.notices),
    )


def _question(form: _QuestionFile, whole: _ClassFile, caller: str, purpose: str) -> Question:
    del whole
    parameters: tuple[Parameter, ...] | Mapping[str, Parameter] = form.parameters
    return Question(
        form.ask or "",
        form.caller or caller,
        form.purpose if form.purpose is not None else purpose,
        parameters,
        form.metadata,
        form.token,
        form.grants,
        tuple(Keys(name, s.of, s.type, s.values, s.up_to) for name, s in form.keys.items()),
    )


def _texts(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value

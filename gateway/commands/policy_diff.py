"""`comity policy diff`: what a change of policies opens and closes, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from comity.errors import ConfigurationError
from comity.shell.tables import printable
from gateway.commands.policy_directory import PolicyDirectory, open_directory
from gateway.commands.policy_replay import Difference
from policies.department import Department, load_department
from policies.diff import Change
from policies.file_models import PolicyFile
from policies.load_policy import load_policy
from policies.read_file import read_model
from policies.yaml_document import load_yaml

SHOWN_SQL = 160


def open_sides(old: Path, new: Path) -> tuple[PolicyDirectory, PolicyDirectory]:
    """Both sides of a comparison: federations, departments, or two files of one table.

    A policy file that stands alone is read as one of the department of the other side. Raises
    `ConfigurationError`.
    """
    if old.is_file() != new.is_file():
        message = f"{old} and {new}: compare two directories, or two policy files"
        raise ConfigurationError(message, code="CONFIG_INVALID")
    if not old.is_file():
        return _sound(open_directory(old)), _sound(open_directory(new))
    home = next((home for path in (old, new) if (home := _home(path)) is not None), None)
    if home is None:
        message = f"neither {old} nor {new} stands in the policies/ of a department"
        raise ConfigurationError(message, code="CONFIG_MISSING")
    department = load_department(home, None)
    return _with_file(department, old), _with_file(department, new)


def diff_text(changes: Sequence[Change], answers: Sequence[Difference] | None, asked: int) -> str:
    """The changes by table, then the questions whose answers change, for a terminal."""
    lines: list[str] = []
    for table, group in groupby(changes, key=lambda change: (change.department, change.table)):
        lines.append(".".join(table) if all(table) else "the federation")
        lines += [_line(change) for change in group]
        lines.append("")
    counts = {effect: sum(c.effect == effect for c in changes) for effect in ("opened", "closed", "changed")}
    lines.append(", ".join(f"{count} {effect}" for effect, count in counts.items()))
    if answers is not None:
        lines += ["", *_answers(answers, asked)]
    return "\n".join(map(printable, lines))


def diff_json(changes: Sequence[Change], answers: Sequence[Difference] | None) -> str:
    """The same as one JSON object."""
    value: dict[str, object] = {"changes": [asdict(change) for change in changes]}
    if answers is not None:
        value["answers"] = [asdict(answer) for answer in answers]
    return json.dumps(value, ensure_ascii=False, indent=2)


def _line(change: Change) -> str:
    verb = {"opened": "opens:  ", "closed": "closes: ", "changed": "changes:"}[change.effect]
    where = f"  [{change.grant}]" if change.grant else ""
    return f"  {verb} {change.text}{where}"


def _answers(answers: Sequence[Difference], asked: int) -> Iterator[str]:
    for answer in answers:
        sql = " ".join(answer.sql.split())
        yield f"{answer.question}, {answer.who}, for {answer.purpose}"
        yield f"  {sql if len(sql) <= SHOWN_SQL else sql[: SHOWN_SQL - 1] + '…'}"
        yield from (f"    {change}" for change in answer.changes)
    yield f"{len(answers)} of {asked} answers would change"


def _sound(directory: PolicyDirectory) -> PolicyDirectory:
    if directory.errors:
        raise directory.errors[0]
    return directory


def _home(path: Path) -> Path | None:
    home = path.resolve().parent.parent
    return home if (home / "department.yaml").is_file() else None


def _with_file(department: Department, path: Path) -> PolicyDirectory:
    """The department with this file's policy and no other."""
    name = read_model(load_yaml(path), PolicyFile, code="CONFIG_POLICY").table
    table = department.tables.get(name)
    if table is None:
        message = f"{path}: {department.name} publishes no table `{name}`"
        raise ConfigurationError(message, code="CONFIG_REFERENCE")
    with TemporaryDirectory() as folder:
        # A policy is named after its table; a version of it may be called anything.
        copy = Path(folder) / f"{name}.yaml"
        copy.write_bytes(path.read_bytes())
        try:
            policy, _ = load_policy(copy, table, tokens=department.tokens is not None)
        except ConfigurationError as error:
            error.message = error.message.replace(str(copy), str(path))
            raise
    alone = replace(department, tables={name: table}, policies={name: policy})
    return PolicyDirectory(path, (alone,), None)

"""`comity policy`: validates policies and runs their tests; the commands that read them are registered here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from comity.errors import ConfigurationError
from comity.shell.tables import printable
from gateway.commands.policy_directory import PolicyDirectory
from gateway.commands.policy_reading import derive_command, diff_command, who_command
from gateway.commands.policy_reporting import open_or_exit, today
from policies.department import Department, policy_test_files
from policies.findings import find
from policies.model import Grant
from policies.rehearse import Rehearsal, rehearse, untested
from policies.stage import Sandbox
from policies.who import describe_principals, describe_validity

policy = typer.Typer(
    name="policy", help="Check, test, derive, compare and read departments' policies.", no_args_is_help=True
)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A federation, or one department.")]


@policy.command("check")
def check_command(directory: Directory) -> None:
    """Validate every department and policy file, without connecting to any database."""
    day = today()
    found = open_or_exit(directory)
    warnings: list[str] = []
    for department in found.departments:
        typer.echo("\n".join(map(printable, _summary(department, day))))
        for finding in find(department, day):
            place = f"{department.name}.{finding.table}"
            where = place if finding.grant is None else f"{place}, grant {finding.grant}"
            warnings.append(f"warning: {where}: {finding.message}")
    for warning in warnings:
        typer.echo(warning, err=True)
    for error in found.errors:
        typer.echo(f"{error.code}: {error}", err=True)
    tables = sum(len(d.tables) for d in found.departments)
    grants = sum(len(p.grants) for d in found.departments for p in d.policies.values())
    typer.echo(
        f"{_count(len(found.departments), 'department')}, {_count(tables, 'table')}, {_count(grants, 'grant')}: "
        f"{_count(len(found.errors), 'error')}, {_count(len(warnings), 'warning')}"
    )
    if found.errors:
        raise typer.Exit(found.errors[0].exit_status)


@policy.command("test")
def test_command(directory: Directory) -> None:
    """Run the policy tests beside the policies; a rule that no test exercises fails."""
    day = today()
    found = open_or_exit(directory)
    for error in found.errors:
        typer.echo(f"{error.code}: {error}", err=True)
    questions = failed = missing = files = 0
    with Sandbox() as sandbox:
        for department in found.departments:
            for rehearsal in _rehearsals(found, department, sandbox, day):
                files += 1
                questions += len(rehearsal.outcomes)
                failed += sum(1 for outcome in rehearsal.outcomes if outcome.problems)
                missing += len(rehearsal.unexercised)
                typer.echo("\n".join(_report(found.directory, rehearsal)))
    broken = failed + missing + len(found.errors)
    typer.echo(
        f"{_count(files, 'file')}, {_count(questions, 'question')}: "
        + (f"{failed} failed, {_count(missing, 'rule')} not exercised" if broken else "all as expected")
        + (f", {_count(len(found.errors), 'error')}" if found.errors else "")
    )
    if broken:
        raise typer.Exit(1)


policy.command("who")(who_command)
policy.command("derive")(derive_command)
policy.command("diff")(diff_command)


def _summary(department: Department, today: date) -> Iterator[str]:
    yield f"{department.name}  {department.title}"
    for name in department.tables:
        table_policy = department.policies.get(name)
        if table_policy is None or not table_policy.grants:
            yield f"  {name}: nobody"
            continue
        yield f"  {name}"
        for grant in table_policy.grants:
            yield (
                f"    {grant.id}: {describe_principals(grant.principals)}; for {' '.join(grant.purposes)}; "
                f"{describe_validity(grant, today)}; {', '.join(_opened(grant))}"
            )


def _opened(grant: Grant) -> Iterator[str]:
    """How much a grant opens, in few words."""
    masked = sum(1 for c in grant.shown.values() if c.mask is not None)
    confined = sum(1 for rule in grant.columns.values() if rule.uses and not rule.readable)
    if grant.shown or not confined:
        yield _count(len(grant.shown), "column")
    if masked:
        yield f"{masked} masked"
    if confined:
        yield f"{_count(confined, 'column')} for some uses"
    if grant.row_filter is not None:
        yield "rows filtered"
    if grant.floor is not None:
        yield f"floor of {grant.floor.entities} {grant.floor.column}"


def _rehearsals(
    found: PolicyDirectory, department: Department, sandbox: Sandbox, today: date
) -> Iterator[Rehearsal]:
    tested: set[str] = set()
    for path in policy_test_files(department.directory):
        tested.add(path.stem.removesuffix("_test"))
        try:
            yield rehearse(department, path, sandbox, today=today, purposes=found.purposes)
        except ConfigurationError as error:
            found.errors.append(error)
            typer.echo(f"{error.code}: {error}", err=True)
    for name, table_policy in department.policies.items():
        if name not in tested and table_policy.grants:
            yield untested(department, name)


def _report(directory: Path, rehearsal: Rehearsal) -> Iterator[str]:
    path = rehearsal.path
    shown = path.relative_to(directory) if path.is_relative_to(directory) else path
    if rehearsal.passed:
        yield f"ok    {shown}  {_count(len(rehearsal.outcomes), 'question')}"
        return
    if not rehearsal.outcomes and not path.exists():
        yield f"FAIL  {shown}  there is no such test"
    else:
        yield f"FAIL  {shown}"
    for outcome in rehearsal.outcomes:
        if outcome.problems:
            yield f"      line {outcome.line}, {outcome.question}"
            yield from (f"        {problem}" for problem in outcome.problems)
    if rehearsal.unexercised:
        yield "      not exercised"
        yield from (f"        {rule}" for rule in rehearsal.unexercised)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

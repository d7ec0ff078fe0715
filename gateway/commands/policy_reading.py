"""`comity policy who`, `derive` and `diff`: policies read backwards, written from a question, and compared."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from comity.errors import ConfigurationError
from comity.shell.inputs import parse_parameters, read_sql
from gateway.commands.policy_reporting import open_sound, reported, today

Federation = Annotated[
    Path, typer.Option("--federation", metavar="DIR", help="A federation, or one department.")
]


class Format(StrEnum):
    """How results are written."""

    text = "text"
    json = "json"


Shape = Annotated[Format, typer.Option("--format", help="text or json.")]


def who_command(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="department.table or department.table.column")
    ],
    *,
    federation: Federation = Path(),
    format_: Shape = Format.text,
) -> None:
    """Say who may do what with a table or a column: which callers, why, until when, which rows, how masked."""
    from gateway.commands.policy_who import find_table, who_json, who_text
    from policies.who import entitlements

    with reported():
        department, name, column = find_table(open_sound(federation), table)
        found = entitlements(department, name, column, today())
        shown = who_json(found) if format_ is Format.json else who_text(department, name, column, found)
    typer.echo(shown)


def derive_command(
    sql: Annotated[
        str | None, typer.Argument(metavar="SQL", help="The question; else from -f or a pipe.")
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="A file with the question; - is standard input.")
    ] = None,
    federation: Federation = Path(),
    subject: Annotated[
        str | None, typer.Option("--as", metavar="SUBJECT", help="For this caller of identity.yaml.")
    ] = None,
    department: Annotated[
        str | None, typer.Option("--department", metavar="D", help="For callers of this department.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", metavar="R", help="For holders of this role; repeatable.")
    ] = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", "-p", metavar="P", help="For this purpose.")
    ] = None,
    grant_id: Annotated[str | None, typer.Option("--id", metavar="ID", help="The id of the grants.")] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="The agreement or law they rest on.")
    ] = None,
    request: Annotated[
        str | None, typer.Option("--request", metavar="NUMBER", help="The request that asks for them.")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-P", metavar="NAME[:TYPE]=VALUE", help="A value for $name; repeatable."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write DIR/<department>/<table>.yaml instead."),
    ] = None,
) -> None:
    """Write the least that a question needs of each table, as policies ready for review.

    Works on the departments' files and reads no data. Nothing is opened until a department commits the grant.
    """
    from gateway.commands.policy_derive import Wish, caller, derive, write_derived
    from policies.derive import REASON, REQUEST

    text = read_sql(sql, file)
    if text is None:
        raise typer.BadParameter("there is no question: give it as an argument, with -f, or through a pipe")
    with reported():
        directory = open_sound(federation)
        principal, rule = caller(directory, subject, department, role or [])
        wish = Wish(
            text,
            parse_parameters(parameter or []),
            principal,
            rule,
            purpose,
            grant_id,
            reason or REASON,
            request or REQUEST,
        )
        found = derive(directory, wish, today())
        for line in write_derived(found, output):
            typer.echo(line)
    for each in found:
        if each.allowed_by is not None:
            name = f"{each.department}.{each.table}"
            typer.echo(f"{name}: the grant {each.allowed_by} allows this already", err=True)


def diff_command(
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="A federation, a department, or one policy file.")
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The same, as it is to become.")],
    *,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions", metavar="FILE", help="Past questions, as `comity audit search` exports them."
        ),
    ] = None,
    format_: Shape = Format.text,
) -> None:
    """Say what a change of policies opens and closes, and which past answers it would change.

    Exit status 0 when nothing changes, 1 when something does, 2 when a side cannot be read.
    """
    from gateway.commands.policy_diff import diff_json, diff_text, open_sides
    from gateway.commands.policy_diff_federation import compare_federations
    from gateway.commands.policy_replay import read_questions, replay
    from policies.diff import compare

    with reported():
        was, now = open_sides(old, new)
        if questions is not None and (old.is_file() or new.is_file()):
            message = "--questions needs whole departments or federations, not single policy files"
            raise ConfigurationError(message, code="CONFIG_INVALID")
        own = compare_federations(was.federation, now.federation)
        changes = (*own, *compare(was.departments, now.departments))
        asked = read_questions(questions) if questions is not None else ()
        answers = replay(was, now, asked, today()) if questions is not None else None
    if format_ is Format.json:
        typer.echo(diff_json(changes, answers))
    else:
        typer.echo(diff_text(changes, answers, len(asked)))
    if changes or answers:
        raise typer.Exit(1)

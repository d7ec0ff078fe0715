"""`comity sql`, `comity explain` and `comity catalog`: their options. What they do is imported when they run."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from comity.shell.opening import Where, open_connection
from comity.shell.outputs import BINARY, Format, PlanFormat, choose_format

Server = Annotated[
    str | None,
    typer.Option(help="The gateway: host:port, grpc://… or grpcs://… [COMITY_SERVER]", metavar="URL"),
]
Federation = Annotated[
    Path | None, typer.Option(help="Run a gateway for this federation during the command.", metavar="DIR")
]
Profile = Annotated[
    str | None, typer.Option(help="A profile of profiles.toml. [COMITY_PROFILE]", metavar="NAME")
]
TokenEnv = Annotated[
    str | None, typer.Option(help="The variable that holds the token (COMITY_TOKEN).", metavar="VAR")
]
PurposeName = Annotated[
    str | None,
    typer.Option("--purpose", "-p", help="Why the question is asked. [COMITY_PURPOSE]", metavar="P"),
]
Ca = Annotated[Path | None, typer.Option(help="Authorities that certify the gateway, PEM.", metavar="FILE")]
Certificate = Annotated[Path | None, typer.Option(help="The caller's own certificate, PEM.", metavar="FILE")]
Key = Annotated[Path | None, typer.Option(help="The certificate's key, PEM.", metavar="FILE")]
Plaintext = Annotated[bool, typer.Option("--plaintext", help="Speak to another machine without encryption.")]
Timeout = Annotated[
    float | None, typer.Option(help="Seconds for one question (300).", metavar="S", min=0.001)
]
ParameterTexts = Annotated[
    list[str] | None,
    typer.Option("--parameter", "-P", help="A value for $name; repeatable.", metavar="NAME[:TYPE]=VALUE"),
]


def sql(
    command: Annotated[
        str | None, typer.Option("-c", "--command", help="The question.", metavar="SQL")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="A file with the question; - is standard input.")
    ] = None,
    purpose: PurposeName = None,
    server: Server = None,
    federation: Federation = None,
    profile: Profile = None,
    token_env: TokenEnv = None,
    parameter: ParameterTexts = None,
    output_format: Annotated[
        Format | None, typer.Option("--format", help="How to write rows (table, or by the file's name).")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write rows to this file; - is standard output.")
    ] = None,
    allow_partial: Annotated[
        bool, typer.Option("--allow-partial", help="Answer without departments that fail (exit status 5).")
    ] = False,
    timeout: Timeout = None,
    max_width: Annotated[
        int | None, typer.Option(help="Columns a table may take; 0 is no limit.", metavar="N", min=0)
    ] = None,
    max_rows: Annotated[
        int | None, typer.Option(help="Rows a table shows; 0 is no limit.", metavar="N", min=0)
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    progress: Annotated[
        bool | None, typer.Option("--progress/--no-progress", help="Show how far each department has come.")
    ] = None,
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    plaintext: Plaintext = False,
) -> None:
    """Ask a question, or open an interactive shell.

    The question comes from -c, from -f or through a pipe; without one the shell opens. Rows go to standard output, everything else to standard error.
    """
    from comity.shell.ask import Presentation, Question, ask
    from comity.shell.inputs import parse_parameters, read_sql
    from comity.shell.plans import show_plan, view_as
    from comity.shell.statements import explained_statement

    text = read_sql(command, file)
    parameters = parse_parameters(parameter or [])
    target = None if output is None or str(output) == "-" else output
    how = Presentation(
        format=choose_format(output_format, target),
        output=target,
        max_width=max_width,
        max_rows=max_rows,
        quiet=quiet,
        progress=progress,
    )
    where = Where(server, federation, profile, token_env, purpose, ca, certificate, key, plaintext)
    if how.format in BINARY and target is None and sys.stdout.isatty():
        raise typer.BadParameter(f"{how.format} is not text: write it to a file with -o, or pipe it")
    with open_connection(where, timeout=timeout) as connection:
        if text is None:
            from comity.shell.interactive import interact

            raise typer.Exit(interact(connection, how, allow_partial=allow_partial))
        question = Question(text, parameters, allow_partial=allow_partial)
        known = explained_statement(text)
        if known is not None:
            question = replace(question, sql=known.sql)
            raise typer.Exit(show_plan(connection, question, view_as(how, analyze=known.analyze)))
        raise typer.Exit(ask(connection, question, how))


def explain(
    sql: Annotated[
        str | None, typer.Argument(help="The question; else from -f or a pipe.", metavar="SQL")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("-f", "--file", help="A file with the question; - is standard input.")
    ] = None,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Run the question, without its rows, and show what it took.")
    ] = False,
    purpose: PurposeName = None,
    server: Server = None,
    federation: Federation = None,
    profile: Profile = None,
    token_env: TokenEnv = None,
    parameter: ParameterTexts = None,
    plan_format: Annotated[
        PlanFormat, typer.Option("--format", help="The tree with its details, the tree alone, or the data.")
    ] = PlanFormat.TEXT,
    allow_partial: Annotated[
        bool,
        typer.Option(
            "--allow-partial", help="With --analyze: answer without departments that fail (exit status 5)."
        ),
    ] = False,
    timeout: Timeout = None,
    max_width: Annotated[
        int | None, typer.Option(help="Columns the tree may take; 0 is no limit.", metavar="N", min=0)
    ] = None,
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    plaintext: Plaintext = False,
) -> None:
    """Show how a question would be answered.

    The plan is a tree: the merge with the reason why each operation is left to it, and below the fragment that each department runs. With --analyze the question runs, and the tree says what came and how long it took.
    """
    from comity.shell.ask import Question
    from comity.shell.inputs import parse_parameters, read_sql
    from comity.shell.plans import PlanView, show_plan
    from comity.shell.statements import explained_statement

    text = read_sql(sql, file)
    if text is None:
        raise typer.BadParameter("there is no question: give it as an argument, with -f, or through a pipe")
    parameters = parse_parameters(parameter or [])
    known = explained_statement(text)
    if known is not None:
        text, analyze = known.sql, analyze or known.analyze
    where = Where(server, federation, profile, token_env, purpose, ca, certificate, key, plaintext)
    with open_connection(where, timeout=timeout) as connection:
        question = Question(text, parameters, allow_partial=allow_partial)
        raise typer.Exit(show_plan(connection, question, PlanView(plan_format, analyze, max_width)))


def catalog(
    table: Annotated[str | None, typer.Argument(help="One table, department.table.", metavar="TABLE")] = None,
    purpose: Annotated[
        str | None, typer.Option("--purpose", "-p", help="Only what this purpose allows.", metavar="P")
    ] = None,
    server: Server = None,
    federation: Federation = None,
    profile: Profile = None,
    token_env: TokenEnv = None,
    output_format: Annotated[
        str, typer.Option("--format", help="text or json.", metavar="text|json")
    ] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    max_width: Annotated[
        int | None, typer.Option(help="Columns the text may take; 0 is no limit.", metavar="N", min=0)
    ] = None,
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    plaintext: Plaintext = False,
) -> None:
    """Show what you may see and use, and why: what each column may be used for, under which grants and conditions."""
    from comity.shell.catalog import catalog_json, describe_table, list_tables
    from comity.shell.outputs import text_width

    if output_format not in ("text", "json"):
        raise typer.BadParameter(f"{output_format} is not a format of the catalog: text or json")
    where = Where(server, federation, profile, token_env, purpose, ca, certificate, key, plaintext)
    with open_connection(where) as connection:
        shown = (connection.table(table, purpose),) if table else connection.tables(purpose)
        purposes = {known.name: known.title for known in connection.purposes()}
    if as_json or output_format == "json":
        typer.echo(catalog_json(shown))
    elif table:
        typer.echo(describe_table(shown[0], purposes, max_width=text_width(max_width)))
    else:
        typer.echo(list_tables(shown, purposes, max_width=text_width(max_width)))

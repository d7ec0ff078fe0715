"""`comity conformance`: tries every known attack on a running gateway, and says which were held."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from comity.errors import ComityError, ConfigurationError
from comity.settings import Settings, resolve_settings
from conformance.case import ENGINES, AttackClass, department
from conformance.case_files import load_classes
from conformance.prepare import additions, prepare
from conformance.report import ClassResult, as_json, as_table, summary
from conformance.suite import Suite
from conformance.target import find_missing_canaries, open_target

Server = Annotated[str | None, typer.Option(help="The gateway to try: host:port, grpc://… or grpcs://…")]
Directory = Annotated[
    Path | None,
    typer.Option(
        help="The federation's directory, for forged fragments to its agents; without --server a gateway for it "
        "runs meanwhile."
    ),
]
TokenEnv = Annotated[str, typer.Option(help="The variable that holds the secret of the callers' tokens.")]
Numbers = Annotated[list[int] | None, typer.Option("--class", help="Only this class of attacks; repeatable.")]
Engines = Annotated[
    list[str] | None, typer.Option("--engine", help="With --prepare: only this engine; repeatable.")
]
Ca = Annotated[Path | None, typer.Option(help="Authorities that certify the gateway, PEM.")]
Certificate = Annotated[Path | None, typer.Option(help="The caller's own certificate, PEM.")]
Key = Annotated[Path | None, typer.Option(help="The certificate's key, PEM.")]


def conformance(
    server: Server = None,
    federation: Directory = None,
    token_env: TokenEnv = "COMITY_CONFORMANCE_SECRET",  # noqa: S107 - the name of a variable
    only: Numbers = None,
    output_format: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    prepare_into: Annotated[
        Path | None,
        typer.Option("--prepare", help="Write the conformance departments into this federation, and end."),
    ] = None,
    engine: Engines = None,
    ca: Ca = None,
    certificate: Certificate = None,
    key: Key = None,
    plaintext: Annotated[
        bool, typer.Option("--plaintext", help="Speak to another machine without encryption.")
    ] = False,
) -> None:
    """Try every known attack on a gateway, through every way in.

    Exit status 0: every attack that could be tried was held; 1: one succeeded; 2 and 3: nothing could be tried.
    """
    if output_format not in ("table", "json"):
        raise typer.BadParameter(f"{output_format} is not a format: table or json")
    if prepare_into is not None:
        _prepare(prepare_into, engine or list(ENGINES))
        return
    if server is None and federation is None:
        raise typer.BadParameter("name a gateway with --server, or a federation with --federation")
    secret = os.environ.get(token_env)
    if not secret:
        raise ConfigurationError(
            f"{token_env} is not set",
            code="CONFIG_MISSING",
            hint="It holds the secret that --prepare printed.",
        )
    classes = _chosen(only)

    def connect(address: str) -> Settings:
        return resolve_settings(
            server=address, token=secret, ca=ca, certificate=certificate, key=key, plaintext=plaintext
        )

    with open_target(server, federation, secret, connect) as suite:
        _check_canaries(suite)
        results = list(_run(suite, classes))
    typer.echo(as_json(results) if output_format == "json" else as_table(results))
    typer.echo(summary(results), err=True)
    if any(result.count("failed") for result in results):
        raise typer.Exit(1)
    if not any(result.count("passed") for result in results):
        raise typer.Exit(3)


def _chosen(numbers: list[int] | None) -> tuple[AttackClass, ...]:
    classes = load_classes()
    known = {attack.number for attack in classes}
    for number in numbers or ():
        if number not in known:
            raise typer.BadParameter(f"there is no class {number}: 1 to {max(known)}")
    return tuple(attack for attack in classes if not numbers or attack.number in numbers)


def _check_canaries(suite: Suite) -> None:
    """A planted value that cannot be seen where it may be seen would not be noticed where it may not."""
    for engine in ENGINES:
        missing = find_missing_canaries(suite, engine)
        if missing:
            raise ConfigurationError(
                f"{department(engine)}: {len(missing)} planted values are not there, the first of {missing[0].what}",
                code="CONFIG_INVALID",
                hint="Its data is not the suite's. Remove the department and prepare it again.",
            )


def _run(suite: Suite, classes: tuple[AttackClass, ...]) -> Iterator[ClassResult]:
    live = sys.stderr.isatty()
    for attack in classes:
        outcomes = []
        for number, case in enumerate(attack.cases, 1):
            if live:
                text = f"class {attack.number} of {classes[-1].number}: {attack.title} ({number}/{len(attack.cases)})"
                typer.echo(f"\r\x1b[K{text}", nl=False, err=True)
            outcomes.append(suite.run(case))
        yield ClassResult(attack, tuple(outcomes))
    if live:
        typer.echo("\r\x1b[K", nl=False, err=True)


def _prepare(directory: Path, engines: list[str]) -> None:
    for name in engines:
        if name not in ENGINES:
            raise typer.BadParameter(f"{name} is not an engine: {', '.join(ENGINES)}")
    own = not (directory / "federation.yaml").exists()
    try:
        secret = prepare(directory, engines)
    except ComityError as error:
        typer.echo(f"{error.code}: {error}", err=True)
        raise typer.Exit(error.exit_status) from None
    written = ", ".join(department(engine) for engine in engines)
    typer.echo(f"{directory}: {written}", err=True)
    if not own:
        typer.echo(
            "Add this to the federation's files, and take it and the departments out afterwards:\n",
            err=True,
        )
        typer.echo(additions(secret))
    typer.echo(
        f"then: COMITY_CONFORMANCE_SECRET={secret} comity conformance --federation {directory}",
        err=True,
    )

"""What the policy commands share: today, and errors that end them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import typer

from comity.errors import ComityError
from gateway.commands.policy_directory import PolicyDirectory, open_directory


def today() -> date:
    return datetime.now().astimezone().date()


@contextmanager
def reported() -> Iterator[None]:
    """Errors go to stderr with their code, and decide the exit status."""
    try:
        yield
    except ComityError as error:
        place = f" (line {error.line}, column {error.column})" if error.line else ""
        typer.echo(f"{error.code}: {error.message}{place}", err=True)
        if error.hint:
            typer.echo(f"hint: {error.hint}", err=True)
        raise typer.Exit(error.exit_status) from error


def open_or_exit(directory: Path) -> PolicyDirectory:
    """What is in the directory; errors of single departments are left for the command to show."""
    with reported():
        return open_directory(directory)


def open_sound(directory: Path) -> PolicyDirectory:
    """What is in the directory, when all of it loads. Raises the first `ConfigurationError`."""
    found = open_directory(directory)
    if found.errors:
        raise found.errors[0]
    return found

"""The `comity` command: subcommands of its own and of plugins, errors and exit statuses.

Exit status: 0 ok, 1 query error, 2 usage or configuration, 3 unavailable, 4 denied by policy, 5 partial
answer, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

import comity
from comity.errors import ComityError
from comity.shell.commands import catalog, explain, sql
from comity.shell.plugins import CommandGroup

INTERRUPTED = 130


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"comity {comity.__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of the whole command."""


app = typer.Typer(
    cls=CommandGroup,
    callback=_options,
    help="Ask one SQL question over many departments' data, each under its own policy.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("sql")(sql)
app.command("explain")(explain)
app.command("catalog")(catalog)


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command line; returns its exit status. What any command raises is told here, once."""
    # gRPC's own log would stand between the lines of an answer.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    if not sys.stdout.isatty() and hasattr(sys.stdout, "reconfigure"):
        # What another program reads is UTF-8 whatever this terminal's locale.
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        status = typer.main.get_command(app).main(
            args=list(arguments), prog_name="comity", standalone_mode=False
        )
    except ComityError as error:
        from comity.shell.narration import Narrator

        Narrator(sys.stderr).error(error)
        return error.exit_status
    except TyperException as error:
        show = getattr(error, "show", None)
        if callable(show):
            show()
        else:
            sys.stderr.write(f"{error.format_message()}\n")
        return error.exit_code
    except (Abort, KeyboardInterrupt):
        sys.stderr.write("cancelled\n")
        return INTERRUPTED
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    main()

"""What other distributions add to the command: subcommands, and gateways that run inside it.

Entry-point groups:

- `comity.commands`: each a `typer.Typer` application or a function, the subcommand of the entry point's name.
- `comity.embedded`: a callable `start(directory: str)`, a context manager that yields an address.

They are found by name and imported only when used, so that `--help` stays fast and a broken one breaks
nothing but itself.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from comity.errors import ConfigurationError

COMMANDS = "comity.commands"
EMBEDDED = "comity.embedded"

# What `comity --help` says of them without importing them; others are described by their distribution.
_SUMMARIES = {
    "agent": "Run one department's agent.",
    "audit": "Read and verify the audit log.",
    "check": "Check a federation's files and sources.",
    "demo": "Build the example city and ask its questions.",
    "policy": "Check, test and query policies.",
    "serve": "Run the gateway.",
}


class CommandGroup(TyperGroup):
    """The `comity` command: its own subcommands, then the plugins' in order of name."""

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *sorted(name for name in _plugins() if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """For listing: a plugin is shown by a stand-in, so that nothing of it is imported."""
        own = super().get_command(ctx, cmd_name)
        plugin = _plugins().get(cmd_name)
        if own is not None or plugin is None:
            return own
        distribution = plugin.dist.name if plugin.dist is not None else plugin.module
        return TyperCommand(name=cmd_name, help=_SUMMARIES.get(cmd_name, f"From {distribution}."))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """For running: the plugin itself."""
        plugin = _plugins().get(args[0])
        if plugin is None or args[0] in self.commands:
            return super().resolve_command(ctx, args)
        return args[0], load_command(plugin), args[1:]


def load_command(plugin: EntryPoint) -> Any:
    """The command behind an entry point; raises `ConfigurationError` whatever goes wrong in importing it."""
    try:
        loaded = plugin.load()
        if not isinstance(loaded, typer.Typer):
            # add_completion belongs to the whole command, not to a part of it.
            application = _application()
            application.command(plugin.name)(loaded)
            loaded = application
        loaded._add_completion = False  # noqa: SLF001
        command = typer.main.get_command(loaded)
    except Exception as error:
        raise ConfigurationError(
            f"the command {plugin.name} ({plugin.value}) cannot be loaded: {type(error).__name__}: {error}",
            hint="Its distribution may be broken or of another version; the other commands work without it.",
        ) from error
    command.name = plugin.name
    return command


def start_embedded(directory: str) -> AbstractContextManager[str]:
    """A gateway for the federation in `directory`, in this process; yields its address."""
    found = sorted(entry_points(group=EMBEDDED), key=lambda entry: entry.name)
    if not found:
        raise ConfigurationError(
            "--federation needs the gateway, which is not installed",
            code="CONFIG_MISSING",
            hint="Install comity-gateway, or ask a running gateway with --server.",
        )
    try:
        start = found[0].load()
    except Exception as error:
        raise ConfigurationError(
            f"the embedded gateway ({found[0].value}) cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    return cast("AbstractContextManager[str]", start(directory))


def _plugins() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=COMMANDS)}


def _application() -> typer.Typer:
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

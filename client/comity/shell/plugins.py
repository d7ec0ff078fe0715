"""What other distributions add to the command: subcommands, and gateways that run inside it.

Entry-point groups:

- `comity.commands`: each a `typer.Typer` application or a function, the subcommand of the entry point's name.
- `comity.embedded`: a callable `start(directory: str)`, a context manager that yields an address.

They are found by name and imported only when used, so that `--help` stays fast and a broken one breaks
nothing but itself.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    "conformance": "Try every known attack on a gateway.",
    "demo": "Build the example city and ask its questions.",
    "policy": "Check, test, derive, compare and query policies.",
    "serve": "Run the gateway.",
}


class CommandGroup(TyperGroup):
    """The `comity` command: its own subcommands, then the plugins' in order of name."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for plugin in sorted(entry_points(group=COMMANDS), key=lambda entry: entry.name):
            self.commands.setdefault(plugin.name, PluginCommand(plugin))


class PluginCommand(TyperCommand):
    """Stands in for a plugin, to be listed and completed, and imports it when it is run."""

    def __init__(self, plugin: EntryPoint) -> None:
        distribution = plugin.dist.name if plugin.dist is not None else plugin.module
        super().__init__(name=plugin.name, help=_SUMMARIES.get(plugin.name, f"From {distribution}."))
        self.plugin = plugin

    @property
    def commands(self) -> Mapping[str, Any]:
        """The plugin's own subcommands; imports it."""
        found: Mapping[str, Any] = getattr(load_command(self.plugin), "commands", {})
        return found

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        return load_command(self.plugin).make_context(info_name, args, parent, **extra)


def load_command(plugin: EntryPoint) -> Any:
    """The command behind an entry point; raises `ConfigurationError` whatever goes wrong in importing it."""
    try:
        loaded = plugin.load()
        if not isinstance(loaded, typer.Typer):
            application = _application()
            application.command(plugin.name)(loaded)
            loaded = application
        # Completion belongs to the whole command, and all help looks alike.
        loaded._add_completion = False  # noqa: SLF001
        loaded.rich_markup_mode = None
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


def _application() -> typer.Typer:
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

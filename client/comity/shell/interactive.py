"""The interactive shell: statements until `;`, and commands that begin with a backslash."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

import comity
from comity.client import Connection
from comity.errors import ComityError
from comity.shell.ask import Presentation, Question, ask
from comity.shell.catalog import describe_table, list_tables
from comity.shell.completion import CatalogCompleter
from comity.shell.narration import Narrator
from comity.shell.outputs import BINARY, Format, text_width
from comity.shell.plans import show_plan, view_as
from comity.shell.statements import explained_statement, is_whole, without_semicolon

HELP = r"""
A statement ends with ; and may span lines. Tab completes names, Ctrl-C stops a query, Ctrl-D leaves.

\d             tables you may use
\d TABLE       one table: its columns, their uses, and why
\purpose [P]   show the purposes, or ask under purpose P from now on
\explain Q     the plan of a question; \explain analyze Q also runs it (as does EXPLAIN [ANALYZE] Q;)
\format [F]    show or choose the format: table, vertical, csv, json, jsonl, markdown
\timing        show, or stop showing, where the time went
\?             this help
\q             leave
""".strip()


def interact(connection: Connection, how: Presentation, *, allow_partial: bool = False) -> int:
    """Reads statements and commands until the end of input; returns the exit status.

    The catalog is read first, so that a wrong address or token is said at once, as a `ComityError`.
    """
    return Shell(connection, how, allow_partial=allow_partial).run()


class Shell:
    """One session: a connection, and how to show answers, which commands change."""

    def __init__(self, connection: Connection, how: Presentation, *, allow_partial: bool) -> None:
        self._connection = connection
        self._how = replace(how, output=None)
        self._allow_partial = allow_partial
        self._purpose = connection.purpose
        self._narrator = Narrator(sys.stderr)
        self._commands: dict[str, Callable[[str], None]] = {
            "\\d": self._describe,
            "\\purpose": self._choose_purpose,
            "\\explain": self._explain,
            "\\format": self._choose_format,
            "\\timing": self._toggle_timing,
            "\\?": lambda _argument: print(HELP),
        }
        self._completer = CatalogCompleter([*self._commands, "\\q"])

    def run(self) -> int:
        tables = self._connection.tables()
        self._completer.learn(tables)
        self._narrator.say(
            f"comity {comity.__version__}, {self._connection.server}: "
            f"{len(tables)} {'table' if len(tables) == 1 else 'tables'}. \\? shows help."
        )
        session: PromptSession[str] = PromptSession(
            history=_history(),
            completer=self._completer,
            complete_while_typing=False,
            enable_history_search=True,
            multiline=Condition(lambda: not is_whole(get_app().current_buffer.text)),
            prompt_continuation="      > ",
        )
        while True:
            try:
                text = session.prompt(f"comity({self._purpose or 'no purpose'})> ").strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return 0
            if text in ("\\q", "exit;", "quit;"):
                return 0
            if text:
                self.take(text)

    def take(self, text: str) -> None:
        """Runs one statement or command."""
        if not text.startswith("\\"):
            self._ask(without_semicolon(text))
            return
        name, _blank, argument = text.partition(" ")
        command = self._commands.get(name)
        if command is None:
            self._narrator.say(f"{name} is not a command; \\? shows them")
            return
        try:
            command(argument.strip().removesuffix(";"))
        except ComityError as error:
            self._narrator.error(error)

    def _ask(self, text: str) -> None:
        question = Question(text, None, self._purpose, self._allow_partial)
        known = explained_statement(text)
        if known is not None:
            view = view_as(self._how, analyze=known.analyze)
            show_plan(self._connection, replace(question, sql=known.sql), view)
        else:
            ask(self._connection, question, self._how)

    def _explain(self, text: str) -> None:
        if text:
            self._ask(f"EXPLAIN {text}")
        else:
            self._narrator.say("\\explain [analyze] SELECT … shows the plan of a question")

    def _describe(self, name: str) -> None:
        purposes = {known.name: known.title for known in self._connection.purposes()}
        if name:
            table = self._connection.table(name)
            print(describe_table(table, purposes, max_width=text_width(self._how.max_width)))
            return
        tables = self._connection.tables()
        self._completer.learn(tables)
        print(list_tables(tables, purposes, max_width=text_width(self._how.max_width)))

    def _choose_purpose(self, name: str) -> None:
        known = {purpose.name: purpose.title for purpose in self._connection.purposes()}
        if not name:
            for purpose, title in known.items():
                self._narrator.say(f"{'*' if purpose == self._purpose else ' '} {purpose}  {title}")
        elif name in known:
            self._purpose = name
        else:
            self._narrator.say(f"{name} is not a purpose here: {', '.join(known)}")

    def _choose_format(self, name: str) -> None:
        usable = [str(known) for known in Format if known not in BINARY]
        if name in usable:
            self._how = replace(self._how, format=Format(name))
        else:
            self._narrator.say(f"the format is {self._how.format}; choose among {', '.join(usable)}")

    def _toggle_timing(self, argument: str) -> None:
        timings = {"on": True, "off": False}.get(argument, not self._how.timings)
        self._how = replace(self._how, timings=timings)
        self._narrator.say(f"timing is {'on' if timings else 'off'}")


def _history() -> History:
    """The history file, readable by its owner alone, since questions may name people; else none is kept."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    path = Path(state) / "comity" / "history"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))

"""The client's reference pages: their Python runs, and they name every option, code and member."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest
import typer

import comity
from comity.errors import CODES
from comity.shell.main import app
from comity.shell.outputs import Format
from comity.shell.plugins import PluginCommand

from .conftest import Gateway

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference"


def page(name: str) -> str:
    return (PAGES / name).read_text("utf-8")


def test_the_python_of_the_page_runs(
    gateway: Gateway, people: pa.Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COMITY_SERVER", gateway.address)
    monkeypatch.setenv("COMITY_TOKEN", "t-li")
    snippets = re.findall(r"```python\n(.*?)```", page("python.md"), re.DOTALL)
    assert len(snippets) >= 6
    gateway.default = gateway.table_script(people)
    namespace: dict[str, object] = {}
    for snippet in snippets:
        exec(compile(snippet, "python.md", "exec"), namespace)
    connection = namespace["connection"]
    assert isinstance(connection, comity.Connection)
    connection.close()
    out = capsys.readouterr().out
    assert "4 rows; health took part" in out
    assert "SQL_TABLE_UNKNOWN there is no table health.nothing" in out


@pytest.mark.parametrize("name", ["Connection", "Result"])
def test_every_member_is_on_the_page(name: str) -> None:
    members = [member for member in dir(getattr(comity, name)) if not member.startswith("_")]
    assert [member for member in members if not re.search(rf"`{member}\b", page("python.md"))] == []


def test_every_error_class_is_on_the_page() -> None:
    classes = [name for name in comity.__all__ if name.endswith("Error")]
    assert [name for name in classes if not re.search(rf"`(comity\.)?{name}`", page("python.md"))] == []


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_on_the_page_with_its_statuses_and_a_remedy(code: str) -> None:
    row = re.search(rf"^\| `{code}` \|.*$", page("errors.md"), re.MULTILINE)
    assert row, code
    info = CODES[code]
    cells = [cell.strip() for cell in row.group().strip("|").split(" | ")]
    assert info.status in cells
    assert str(info.exit_status) in cells
    assert all(cells)
    section = page("errors.md")[: row.start()].rpartition("## ")[2]
    assert info.error.__name__ in section + row.group()


def test_every_option_is_on_the_page() -> None:
    group = typer.main.get_command(app)
    missing = [
        option
        for command in group.commands.values()  # type: ignore[attr-defined]
        if not isinstance(command, PluginCommand)
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("-") and not re.search(rf"[`\s]{option}\b", page("cli.md"))
    ]
    assert missing == []


@pytest.mark.parametrize("kind", list(Format))
def test_every_format_is_on_the_page(kind: Format) -> None:
    assert f"| `{kind}` |" in page("cli.md")

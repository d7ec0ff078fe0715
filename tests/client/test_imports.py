"""What importing the client costs, seen from clean interpreters, and its exact public surface."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import comity

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("grpc", "google", "pyarrow", "typer", "prompt_toolkit", "wcwidth", "rich")
NEVER = (
    "sqlglot",
    "duckdb",
    "yaml",
    "pydantic",
    "sql",
    "policies",
    "connectors",
    "audit",
    "agent",
    "gateway",
)


def loaded_by(statement: str) -> set[str]:
    """The top-level packages that a clean interpreter has loaded after `statement`."""
    code = f"{statement}\nimport sys\nprint('loaded', *{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("statement", ["import comity", "from comity.errors import SqlError"])
def test_the_package_and_its_errors_load_nothing_heavy(statement: str) -> None:
    assert loaded_by(statement) & {*HEAVY, *NEVER} == set()


def test_a_connection_loads_grpc_and_arrow_but_no_shell_and_no_server() -> None:
    loaded = loaded_by("import comity\ncomity.connect('127.0.0.1:1').close()")
    assert loaded & {*HEAVY, *NEVER} == {"grpc", "google", "pyarrow"}


def test_the_dbapi_loads_no_shell_and_no_server() -> None:
    assert loaded_by("import comity.dbapi") & {*HEAVY, *NEVER} <= {"grpc", "google", "pyarrow"}


def test_help_loads_neither_grpc_nor_arrow_nor_any_server() -> None:
    loaded = loaded_by("from comity.shell.main import run\nassert run(['--help']) == 0")
    assert loaded & {*HEAVY, *NEVER} <= {"typer"}


def test_the_public_surface_is_exactly_this() -> None:
    assert sorted(comity.__all__) == [
        "AuditError",
        "CancelledError",
        "ColumnGrant",
        "ColumnInfo",
        "ComityError",
        "ConfigurationError",
        "Connection",
        "Coverage",
        "GrantInfo",
        "IdentityError",
        "InternalError",
        "LimitError",
        "Notice",
        "Plan",
        "PolicyError",
        "Progress",
        "Purpose",
        "Result",
        "SourceError",
        "SqlError",
        "Summary",
        "TableInfo",
        "UnavailableError",
        "connect",
    ]
    assert all(getattr(comity, name) is not None for name in comity.__all__)
    assert set(dir(comity)) >= {*comity.__all__, "__version__"}
    with pytest.raises(AttributeError, match="nonsense"):
        _ = comity.nonsense


@pytest.mark.parametrize(
    ("name", "members"),
    [
        (
            "Connection",
            ["cancel", "close", "explain", "purposes", "query", "table", "tables"],
        ),
        (
            "Result",
            ["cancel", "close", "notices", "progress", "summary", "to_arrow", "to_reader"],
        ),
    ],
)
def test_the_members_of_public_classes_are_exactly_these(name: str, members: list[str]) -> None:
    assert [member for member in dir(getattr(comity, name)) if not member.startswith("_")] == members


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text("utf-8"))["project"]
    assert comity.__version__ == project["version"]

"""Other distributions add subcommands and embedded gateways; a broken one breaks only itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = """
import pathlib, os
pathlib.Path(os.environ["MARKER"]).write_text("imported")
import typer
from comity.errors import ConfigurationError

application = typer.Typer()

@application.command()
def one(name: str = "x") -> None:
    "Prints its name."
    print("one", name)

@application.command()
def two() -> None:
    raise ConfigurationError("two is not configured")

def greet(name: str, loud: bool = False) -> None:
    "Greets."
    print(f"hello {name}" + ("!" if loud else ""))

from contextlib import contextmanager

@contextmanager
def start(directory):
    print(f"start {directory}")
    try:
        yield os.environ["REAL_SERVER"]
    finally:
        print("stop")
"""

ENTRY_POINTS = """
[comity.commands]
greet = city_plugin:greet
many = city_plugin:application
broken = city_broken:command
absent = city_plugin:nothing
sql = city_plugin:greet

[comity.embedded]
aaa = city_plugin:start
"""


@pytest.fixture
def environ(tmp_path: Path, gateway_address: str) -> dict[str, str]:
    (tmp_path / "city_plugin.py").write_text(PLUGIN)
    (tmp_path / "city_broken.py").write_text("raise RuntimeError('half installed')")
    information = tmp_path / "city_tools-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: city-tools\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    return {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "MARKER": str(tmp_path / "marker"),
        "REAL_SERVER": gateway_address,
    }


def run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "comity.shell.main", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def test_help_lists_plugins_without_importing_them(environ: dict[str, str]) -> None:
    done = run(environ, "--help")
    assert done.returncode == 0
    assert "From city-tools." in done.stdout
    assert all(f"  {name} " in done.stdout for name in ("greet", "many", "broken", "absent", "sql"))
    assert not Path(environ["MARKER"]).exists()


def test_a_function_becomes_a_subcommand(environ: dict[str, str]) -> None:
    assert run(environ, "greet", "Li", "--loud").stdout == "hello Li!\n"
    assert "Usage: comity greet [OPTIONS] {name}" in run(environ, "greet", "--help").stdout
    assert run(environ, "greet").returncode == 2


def test_an_application_becomes_a_group(environ: dict[str, str]) -> None:
    assert run(environ, "many", "one", "--name", "y").stdout == "one y\n"


def test_an_error_of_a_plugin_is_told_like_any_other(environ: dict[str, str]) -> None:
    done = run(environ, "many", "two")
    assert done.returncode == 2
    assert done.stderr == "error: two is not configured [CONFIG_INVALID]\n"


@pytest.mark.parametrize(("name", "reason"), [("broken", "half installed"), ("absent", "nothing")])
def test_a_broken_plugin_says_so_when_used_and_harms_nothing_else(
    environ: dict[str, str], name: str, reason: str
) -> None:
    done = run(environ, name)
    assert done.returncode == 2
    assert f"the command {name} " in done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert run(environ, "--version").returncode == 0


def test_a_plugin_does_not_take_over_a_command_of_the_client(environ: dict[str, str]) -> None:
    assert "--allow-partial" in run(environ, "sql", "--help").stdout


def test_a_command_that_does_not_exist_is_wrong_usage(environ: dict[str, str]) -> None:
    done = run(environ, "sqk")
    assert done.returncode == 2
    assert "Did you mean 'sql'?" in done.stderr


def test_federation_runs_a_gateway_during_the_command(environ: dict[str, str]) -> None:
    done = run({**environ, "COMITY_TOKEN": "t-li"}, "catalog", "--federation", "city")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == ["start city", "stop"]
    assert "You may see no table" in done.stdout


def test_federation_without_a_token_names_the_missing_variable_and_starts_nothing(
    environ: dict[str, str],
) -> None:
    done = run(environ, "sql", "-c", "SELECT 1", "--federation", "city", "--token-env", "CITY_TOKEN")
    assert done.returncode == 4
    assert "CITY_TOKEN is not set" in done.stderr
    assert "city/identity.yaml" in done.stderr
    assert "start" not in done.stdout


def test_completion_reaches_into_plugins(environ: dict[str, str]) -> None:
    def completed(words: str) -> list[str]:
        asked = {
            "_COMITY_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        return run({**environ, **asked}).stdout.split()

    assert completed("comity gr") == ["greet"]
    assert completed("comity many o") == ["one"]
    assert "--allow-partial" in completed("comity sql --allow")

"""What README shows runs as it stands there, against a small copy of the example city."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.servers import start_mariadb, start_postgresql
from examples.city.generate import mariadb_is_installed, prepare
from gateway.embedded import start
from policies.file_models import PolicyFile
from policies.read_file import read_model
from policies.yaml_document import parse_yaml

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


COMMANDS = [
    line.split("  #")[0].strip().removeprefix(".venv/bin/")
    for block in blocks("")
    for line in block.splitlines()
    if re.match(r"(\.venv/bin/)?comity (?!serve)", line)
]


@pytest.fixture(scope="module")
def city() -> Iterator[Path]:
    """A small city. Its servers stay up between the commands, which otherwise start and stop them each time."""
    # Not under pytest's own folder, which another session makes private while this one runs.
    place = tempfile.TemporaryDirectory(prefix="comity-")
    directory = Path(place.name) / "city"
    prepare(directory, scale=0.05)
    servers = [start_postgresql(directory / "data/postgresql")]
    if mariadb_is_installed():
        servers.append(start_mariadb(directory / "data/mariadb"))
    yield directory
    for server in servers:
        server.stop()
    place.cleanup()


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_there_are_commands_to_run() -> None:
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command: str, city: Path) -> None:
    words = re.findall(r'"[^"]*"|\S+', command)
    arguments = [word.strip('"').replace("examples/city", str(city)) for word in words[1:]]
    done = subprocess.run(
        [sys.executable, "-m", "comity.shell.main", *arguments],
        env={**os.environ, "COMITY_TOKEN": "demo-district", "COMITY_PURPOSE": "statistics"},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_python_snippet_runs(city: Path) -> None:
    (snippet,) = blocks("python")
    with start(city) as address:
        script = snippet.replace("127.0.0.1:50051", address)
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "public_security" in done.stdout


def test_the_policy_shown_is_a_policy() -> None:
    (policy,) = blocks("yaml")
    document = parse_yaml(Path("README.md"), policy.encode())
    assert read_model(document, PolicyFile, code="CONFIG_POLICY").table == "patients"

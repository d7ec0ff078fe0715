"""`comity conformance`: prepares a federation, tries it, and tells the truth about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from comity.errors import ConfigurationError
from comity.shell.main import app
from conformance.prepare import prepare
from gateway.embedded import serve

SECRET = "conformance-tests"


def run(*arguments: str, secret: str | None = SECRET) -> Result:
    environment = {"COMITY_CONFORMANCE_SECRET": secret} if secret else {"COMITY_CONFORMANCE_SECRET": ""}
    return CliRunner().invoke(app, ["conformance", *arguments], env=environment)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    place = tmp_path / "federation"
    prepare(place, ("sqlite", "duckdb"), secret=SECRET)
    return place


def test_a_federation_is_tried_in_process(directory: Path) -> None:
    done = run("--federation", str(directory), "--class", "17", "--class", "46", "--class", "54")
    assert done.exit_code == 0, done.output
    lines = {line.split("│")[0].strip(): line for line in done.stdout.splitlines()}
    assert "passed" in lines["17"]
    assert "in part" in lines["46"]
    assert "proof_mysql does not answer there" in lines["46"]
    assert "not applicable" in lines["54"]
    assert "0 failed" in done.stderr


def test_a_running_gateway_is_tried_without_its_agents(directory: Path) -> None:
    with serve(directory) as server:
        done = run("--server", server.address, "--class", "60", "--format", "json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    (parity,) = found["classes"]
    assert parity["failed"] == 0
    fragments = [case for case in parity["cases"] if case["id"] == "60-claimed-grant-of-another"]
    assert fragments[0]["status"] == "not applicable"
    assert "no agent is reachable" in fragments[0]["untried"][0]
    assert found["summary"]["passed"] > 10


def test_what_fails_is_told_with_what_is_gained_by_it(directory: Path) -> None:
    for policy in directory.glob("departments/*/policies/resident.yaml"):
        policy.write_text(policy.read_text("utf-8").replace('    rows: "sealed = 0"\n', ""), "utf-8")
    done = run("--federation", str(directory), "--class", "43")
    assert done.exit_code == 1
    assert "43-hidden-row-by-id failed" in done.stdout
    assert "gains" in done.stdout
    assert "rows that every row filter hides" in done.stdout


def test_another_secret_is_no_success(directory: Path) -> None:
    done = run("--federation", str(directory), secret="another")
    assert isinstance(done.exception, ConfigurationError)
    assert "does not know the conformance callers" in str(done.exception)


def test_a_gateway_without_the_departments_is_no_success(tmp_path: Path, directory: Path) -> None:
    text = (directory / "federation.yaml").read_text("utf-8").split("tables:", maxsplit=1)[0]
    other = tmp_path / "other"
    (other / "departments").mkdir(parents=True)
    (directory / "departments/proof_sqlite").rename(other / "departments/elsewhere")
    department = other / "departments/elsewhere/department.yaml"
    moved = department.read_text("utf-8").replace("name: proof_sqlite", "name: elsewhere")
    department.write_text(moved.replace("../../", f"{directory}/"), "utf-8")
    (other / "federation.yaml").write_text(text, "utf-8")
    (other / "identity.yaml").write_text((directory / "identity.yaml").read_text("utf-8"), "utf-8")
    done = run("--federation", str(other))
    assert isinstance(done.exception, ConfigurationError)
    assert "no conformance department" in str(done.exception)


def test_preparing_writes_a_federation_or_says_what_one_lacks(tmp_path: Path) -> None:
    fresh = run("--prepare", str(tmp_path / "own"), "--engine", "sqlite")
    assert fresh.exit_code == 0, fresh.output
    assert (tmp_path / "own/federation.yaml").exists()
    assert (tmp_path / "own/identity.yaml").stat().st_mode & 0o077 == 0
    there = tmp_path / "there"
    there.mkdir()
    (there / "federation.yaml").write_text("name: there\n", "utf-8")
    added = run("--prepare", str(there), "--engine", "duckdb")
    assert added.exit_code == 0, added.output
    assert (there / "federation.yaml").read_text("utf-8") == "name: there\n"
    assert (there / "departments/proof_duckdb/department.yaml").exists()
    assert "proof_statistics: {title:" in added.stdout
    assert ".analyst: {subject: proof.analyst" in added.stdout
    again = run("--prepare", str(there), "--engine", "duckdb")
    assert again.exit_code == 2


@pytest.mark.parametrize(
    "arguments", [(), ("--federation", ".", "--class", "99"), ("--federation", ".", "--format", "csv")]
)
def test_wrong_options_are_usage_errors(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2

"""What the repository promises about itself: sizes, names, imports, words it never says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.mutants.__main__ import load

ROOT = Path(__file__).parents[2]
MOST_LINES = 600
LONGER_WITH_REASON: dict[str, str] = {}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "base", "manager"}


def _tracked(pattern: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", pattern], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def test_no_module_is_longer_than_it_should_be() -> None:
    for path in _tracked("*.py"):
        name = str(path.relative_to(ROOT))
        if "comity/v1/" in name or name in LONGER_WITH_REASON:
            continue
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= MOST_LINES, f"{name} has {lines} lines"


def test_modules_have_names_that_say_something() -> None:
    for path in _tracked("*.py"):
        assert not FORBIDDEN_NAMES & {path.stem, *path.relative_to(ROOT).parts[:-1]}, path


def test_the_pipeline_fits_one_screen() -> None:
    assert len((ROOT / "gateway/pipeline.py").read_text(encoding="utf-8").splitlines()) <= 90


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("comity", ["sqlglot", "duckdb", "yaml", "pydantic", "typer", "prompt_toolkit", "sql", "gateway"]),
        ("comity.client", ["sqlglot", "duckdb", "yaml", "pydantic", "typer", "policies"]),
        ("comity.shell.main", ["sqlglot", "duckdb", "yaml", "pydantic", "gateway", "agent"]),
        ("sql.resolve", ["policies", "connectors", "audit", "gateway", "agent", "grpc"]),
        ("connectors.spi", ["sqlglot", "sql", "policies", "gateway", "agent"]),
        ("connectors.sqlite", ["sqlglot", "sql", "policies", "gateway", "agent"]),
        ("connectors.postgresql", ["sqlglot", "sql", "policies", "gateway", "agent"]),
        ("connectors.mysql", ["sqlglot", "sql", "policies", "gateway", "agent"]),
        ("policies.decide", ["connectors", "audit", "gateway", "agent", "grpc"]),
        ("audit.log", ["connectors", "policies", "gateway", "agent", "sqlglot", "grpc"]),
        ("gateway.pipeline", ["connectors", "agent", "adbc_driver_postgresql", "psycopg", "pymysql"]),
    ],
)
def test_importing_one_room_does_not_bring_in_another(module: str, absent: list[str]) -> None:
    script = (
        f"import sys, {module}\n"
        f"found = [name for name in {absent!r} if name in sys.modules]\n"
        "sys.exit(f'imported: {found}' if found else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_nothing_names_a_place_of_one_machine() -> None:
    words = ["/" + "work/", "/" + "root/", "pypi" + ".org", "files.python" + "hosted", "deb." + "debian.org"]
    for path in _tracked("*"):
        if path.suffix in {".parquet", ".png", ".arrow"}:
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        for word in words:
            assert word not in text, f"{path.relative_to(ROOT)} says {word}"


def test_every_mutant_fits_the_code() -> None:
    """`make mutants` takes too long for every run; that it would still find what it takes away does not."""
    for mutant in load():
        assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.was) == 1, mutant.name
        for named in mutant.tests:
            assert (ROOT / named.partition("::")[0]).exists(), f"{mutant.name}: {named}"

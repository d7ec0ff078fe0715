"""What docs/writing-policies.md shows is what the commands print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from comity.shell.main import run

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "writing-policies.md").read_text(encoding="utf-8")
CONSOLE: dict[str, tuple[str, str]] = {
    command.split()[2]: (command, output)
    for command, output in re.findall(r"^```console\n\$ (.+)\n((?:.*\n)*?)^```$", PAGE, re.MULTILINE)
}
GRANT, QUESTIONS = re.findall(r"^```yaml\n((?:.*\n)*?)^```$", PAGE, re.MULTILINE)


@pytest.fixture
def proposal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example city with the page's grant and its test, beside the example."""
    skipped = ignore_patterns("data", "audit", "state")
    copytree(ROOT / "examples", tmp_path / "examples", ignore=skipped)
    copy = copytree(ROOT / "examples" / "city", tmp_path / "proposal", ignore=skipped)
    policy = copy / "departments/civil_affairs/policies/disability.yaml"
    policy.write_text(policy.read_text("utf-8") + GRANT, "utf-8")
    test = policy.with_name("disability_test.yaml")
    rows = "".join(
        f'  - {{person_id: "44540319360408{i:04d}", kind: 视力, issued_on: 2021-01-01, town_code: "445403102"}}\n'
        for i in range(10)
    )
    text = test.read_text("utf-8").replace("questions:\n", f"{rows}questions:\n", 1)
    # The questions that are there go on to be about the one row that was.
    text = text.replace("FROM disability\n", "FROM disability WHERE town_code = '445403101'\n")
    text = text.replace("        - [肢体, 1]\n", "        - [肢体, 1]\n        - [视力, 10]\n")
    test.write_text(text + QUESTIONS, "utf-8")
    monkeypatch.chdir(tmp_path)
    return copy


def test_the_page_shows_each_command() -> None:
    assert set(CONSOLE) == {"derive", "diff", "who"}


@pytest.mark.parametrize(("name", "status"), [("derive", 0), ("who", 0)])
def test_what_is_shown_over_the_example_city_is_what_is_printed(
    name: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    command, output = CONSOLE[name]
    assert run(shlex.split(command)[1:]) == status
    assert capsys.readouterr().out == output


def test_the_reviewed_grant_checks_and_its_test_passes(
    proposal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["policy", "check", str(proposal)]) == 0
    assert "grant district-register" not in capsys.readouterr().err
    assert run(["policy", "test", str(proposal / "departments/civil_affairs")]) == 0, capsys.readouterr().out


def test_the_change_is_put_into_the_pages_words(proposal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    del proposal
    command, output = CONSOLE["diff"]
    assert run(shlex.split(command)[1:]) == 1
    assert capsys.readouterr().out == output

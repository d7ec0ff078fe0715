"""`python -m tools.mutants`: disables each enforcement in a copy of the code and runs the tests that guard it.

A mutant is *killed* when a test fails, and *survives* when none does: then nothing would notice if that protection
were lost. The list is `mutants.yaml`. Exit status 1 when one survives, or no longer fits the code.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import yaml

ROOT = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutants.yaml")
SECONDS = 600
"""How long the tests of one mutant may take; one that hangs is noticed too, but says so."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """`was`, a text that stands exactly once in `file`, gives way to `becomes`; then `tests` run, in order."""

    name: str
    protects: str
    file: str
    was: str
    becomes: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`word` is killed, survived, hung or stale; `by` the first test that failed, or what is wrong."""

    mutant: Mutant
    word: str
    by: str
    seconds: float


def load() -> list[Mutant]:
    """The list. Raises `ValueError` for a name that is there twice."""
    mutants = [
        Mutant(**{**entry, "tests": tuple(entry["tests"].split())})
        for entry in yaml.safe_load(LIST.read_text(encoding="utf-8"))
    ]
    if len({mutant.name for mutant in mutants}) != len(mutants):
        raise ValueError("two mutants have one name")
    return mutants


def stale(mutant: Mutant) -> str | None:
    """Why the mutant does not fit the code, None when it does."""
    times = (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.was)
    return None if times == 1 else f"its text stands {times} times in {mutant.file}"


def copy_tree(target: Path) -> None:
    """Everything that git tracks, or would: the code as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def try_mutant(mutant: Mutant, tree: Path) -> Verdict:
    """Runs the mutant's tests in `tree`, and puts the tree right again."""
    started = time.monotonic()
    path = tree / mutant.file
    original = path.read_text(encoding="utf-8")
    path.write_text(original.replace(mutant.was, mutant.becomes), encoding="utf-8")
    try:
        word, by = _run(mutant.tests, tree)
    finally:
        path.write_text(original, encoding="utf-8")
    return Verdict(mutant, word, by, time.monotonic() - started)


def _run(tests: tuple[str, ...], tree: Path) -> tuple[str, str]:
    # The copy's packages come before the installed ones, which point at the original.
    environ = os.environ | {"PYTHONPATH": f"{tree}:{tree / 'client'}"}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
    ]
    try:
        ended = subprocess.run(
            [*command, *tests],
            cwd=tree,
            env=environ,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "hung", f"no end within {SECONDS} s"
    if ended.returncode == 0:
        return "survived", "no test failed"
    failed = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if ended.returncode != 1 or not failed:
        return "stale", (ended.stdout + ended.stderr).strip().splitlines()[-1]
    return "killed", failed[0].split(" - ")[0].partition(" ")[2]


def main() -> int:
    """Prints one line per mutant and the count; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these mutants")
    parser.add_argument("--list", action="store_true", help="show the mutants without running anything")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (2)")
    options = parser.parse_args()
    mutants = [mutant for mutant in load() if not options.names or mutant.name in options.names]
    if options.list:
        for mutant in mutants:
            print(f"{mutant.name:32} {mutant.protects}")
        return 0
    print(f"{len(mutants)} mutants, {options.jobs} at a time", flush=True)
    with tempfile.TemporaryDirectory(prefix="comity-mutants-") as place:
        trees: Queue[Path] = Queue()
        for number in range(options.jobs):
            copy_tree(Path(place) / str(number))
            trees.put(Path(place) / str(number))

        def judge(mutant: Mutant) -> Verdict:
            if why := stale(mutant):
                return Verdict(mutant, "stale", why, 0.0)
            tree = trees.get()
            try:
                return try_mutant(mutant, tree)
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(options.jobs) as pool:
            verdicts = []
            for verdict in pool.map(judge, mutants):
                verdicts.append(verdict)
                print(
                    f"{verdict.word:9} {verdict.mutant.name:32} {verdict.seconds:5.1f} s  {verdict.by}",
                    flush=True,
                )
    killed = sum(verdict.word in {"killed", "hung"} for verdict in verdicts)
    print(f"{killed} of {len(verdicts)} mutants were noticed")
    return 0 if killed == len(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())

"""Worlds asked in a process of their own: a question on which DuckDB ends the process ends that world only."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

Asking = Callable[[str], None]
"""Hears which side is asked next: the oracle or the gateway."""


class Journal:
    """What a process writes down of each question before it asks, and afterwards what became of it."""

    def __init__(self, output: TextIO, seed: int) -> None:
        self._output = output
        self._seed = seed

    def asking(self, number: int, sql: str) -> Asking:
        def write(side: str) -> None:
            self._write({"seed": self._seed, "question": number, "side": side, "sql": sql})

        return write

    def became(self, status: str, **counts: int) -> None:
        self._write({"became": status, "counts": counts})

    def _write(self, entry: dict[str, object]) -> None:
        self._output.write(json.dumps(entry, ensure_ascii=False) + "\n")


def watch_worlds(module: str, seed: int, until: float) -> Counter[str]:
    """Asks in other processes (`python -m module --journal …`), one after the other; what became of all questions.

    A question over which a process broke down is printed, with the side that was asked.
    """
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="comity-fuzz-") as directory:
        while not total or time.monotonic() < until:
            journal = Path(directory) / f"{seed}.jsonl"
            minutes = max((until - time.monotonic()) / 60, 0)
            command = ["-m", module, "--seed", str(seed), "--minutes", str(minutes)]
            ended = subprocess.run([sys.executable, *command, "--journal", str(journal)], check=False)
            entries = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
            for entry in entries:
                if "became" in entry:
                    total += Counter({entry["became"]: 1, **entry["counts"]})
            if ended.returncode == 0:
                break
            if not entries or "became" in entries[-1]:
                raise SystemExit(f"asking ended with {ended.returncode} between questions, at --seed {seed}")
            last = entries[-1]
            total[f"broke the {last['side']}"] += 1
            print(
                f"BROKE DOWN ({ended.returncode}) in the {last['side']}, question {last['question']}"
                f" of --seed {last['seed']}\n{last['sql']}",
                flush=True,
            )
            seed = last["seed"] + 1
    print(f"in all {dict(total)}")
    return total

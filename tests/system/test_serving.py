"""`comity serve` as whoever runs it sees it: a process that answers, says little, and ends when it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from comity.client import connect

SECONDS = 120


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["interrupted", "terminated"])
def test_it_answers_until_it_is_told_to_stop(federation: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [Path(sys.executable).with_name("comity"), "serve", "--federation", str(federation)],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            first = process.stderr.readline().strip()
            assert first.startswith("comity: small answers on "), first
            with connect(first.split()[-1], token="analyst", purpose="statistics") as connection:
                answer = connection.query(
                    "SELECT department, count(*) AS n FROM shared.person GROUP BY ALL ORDER BY 1"
                )
                assert answer.to_arrow().to_pydict() == {"department": ["north", "south"], "n": [20, 30]}
            process.send_signal(number)
            said, errors = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
    assert (process.returncode, said, errors) == (0, "", "comity: stopping\n")

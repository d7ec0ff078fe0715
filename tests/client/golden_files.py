"""Comparison with golden files."""

from __future__ import annotations

import os
from pathlib import Path

_DIRECTORY = Path(__file__).parent / "golden"


def check_golden(name: str, text: str) -> None:
    """Compares with a file a person has read; COMITY_UPDATE_GOLDEN=1 writes it anew."""
    path = _DIRECTORY / name
    if os.environ.get("COMITY_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8", newline="")
    with path.open(encoding="utf-8", newline="") as file:
        assert text == file.read()

"""Offers a policy to the loader, as its author would with `comity policy check`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from comity.errors import ComityError
from conformance.prepare import write_department
from conformance.reply import Reply
from policies.department import load_department


def offer_policy(text: str) -> Reply:
    """Whether a department takes `text` as policies/resident.yaml. Needs no gateway and no database."""
    with tempfile.TemporaryDirectory(prefix="comity-") as place:
        directory = Path(place)
        write_department(directory, "sqlite", "{connector: sqlite, uri: none.sqlite}")
        (directory / "policies/resident.yaml").write_text(text, encoding="utf-8")
        try:
            load_department(directory, None)
        except ComityError as error:
            return Reply(error.code, error.message.replace(place, ""), said=str(error))
    return Reply(None, said="")

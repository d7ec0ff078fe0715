"""Writes the conformance federation, or adds its departments to a federation for the time of a check."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from comity.errors import ConfigurationError
from conformance.case import ENGINES, department
from conformance.databases import build

FILES = Path(str(files("conformance") / "federation"))
TOKEN_KEY = hashlib.sha256(b"tokens of the conformance suite").hexdigest()
DATA = "conformance_data"
"""Where the departments' databases lie, beside `departments/`."""


def prepare(
    directory: Path,
    engines: Sequence[str] = ENGINES,
    secret: str | None = None,
    postgresql: str | None = None,
) -> str:
    """Writes the departments with their databases into `directory`; returns the secret of the callers' tokens.

    Where `directory` has no federation.yaml, a federation of its own is written. Where it has one, that file and
    identity.yaml stay as they are: `additions` says what they need. `postgresql` is the data directory of an
    embedded server to use instead of a new one. Raises `ConfigurationError` when a department is there already.
    """
    existing = [name for name in map(department, engines) if (directory / "departments" / name).exists()]
    if existing:
        raise ConfigurationError(
            f"{directory} has {', '.join(existing)} already",
            code="CONFIG_REFERENCE",
            hint="Remove what an earlier --prepare wrote there first.",
        )
    chosen = secret or secrets.token_urlsafe(24)
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / "federation.yaml").exists():
        text = (FILES / "federation.yaml").read_text(encoding="utf-8")
        (directory / "federation.yaml").write_text(text, encoding="utf-8")
        tokens = directory / "identity.yaml"
        tokens.touch(mode=0o600)
        tokens.write_text(_identity(chosen), encoding="utf-8")
    for engine in engines:
        target = directory / "departments" / department(engine)
        source = build(engine, directory / DATA, FILES / "data", postgresql)
        write_department(target, engine, source)
    return chosen


def additions(secret: str) -> str:
    """What federation.yaml and identity.yaml of an existing federation need besides, as text to put there."""
    federation = (FILES / "federation.yaml").read_text(encoding="utf-8")
    shown = federation[federation.index("purposes:") : federation.index("departments:")]
    tables = federation[federation.index("tables:") : federation.index("limits:")]
    return f"# federation.yaml\n{shown}{tables}\n# identity.yaml\n{_identity(secret)}"


def write_department(target: Path, engine: str, source: str) -> None:
    """The department's files for one engine; `source` is the value of its key in department.yaml."""
    (target / "policies").mkdir(parents=True)
    schema = "public." if engine == "postgresql" else ""
    text = (FILES / "department" / "department.yaml").read_text(encoding="utf-8")
    text = (
        text.replace("ENGINE", engine)
        .replace("SCHEMA", schema)
        .replace("source: SOURCE", f"source: {source}")
    )
    (target / "department.yaml").write_text(text, encoding="utf-8")
    # One key for all: what it makes tokens of is the suite's own data.
    (target / "token.key").write_text(TOKEN_KEY + "\n", encoding="utf-8")
    for policy in sorted((FILES / "department" / "policies").glob("*.yaml")):
        copy = policy.read_text(encoding="utf-8").replace("ENGINE", engine)
        (target / "policies" / policy.name).write_text(copy, encoding="utf-8")


def _identity(secret: str) -> str:
    text = (FILES / "identity.yaml").read_text(encoding="utf-8")
    return text.replace("SECRET", secret)

"""Every command, setting, policy key, error code, RPC and metric is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from comity.errors import CODES
from comity.shell.main import app
from comity.v1 import agent_pb2, audit_pb2, catalog_pb2, query_pb2
from connectors.spi import Capabilities
from gateway.configuration import FederationFile, TokensFile
from gateway.telemetry import METRICS
from policies.file_models import DepartmentFile, PolicyFile

ROOT = Path(__file__).parents[2]


def _text(*names: str) -> str:
    return "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in names)


def _keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name
        for inner in _models(field.annotation):
            yield from _keys(inner)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        if not isinstance(inner, str):
            yield from _models(inner)


def _commands(command: Any, prefix: str) -> Iterator[str]:
    children = getattr(command, "commands", None)
    if not children:
        yield prefix
        return
    for name, child in children.items():
        yield from _commands(child, f"{prefix} {name}")


@pytest.mark.parametrize("key", sorted(set(_keys(FederationFile)) | set(_keys(TokensFile))))
def test_every_setting_is_documented(key: str) -> None:
    assert re.search(rf"[`.]{re.escape(key)}\b", _text("reference/configuration.md")), key


@pytest.mark.parametrize("key", sorted(set(_keys(PolicyFile)) | set(_keys(DepartmentFile))))
def test_every_policy_key_is_documented(key: str) -> None:
    assert re.search(rf"\b{re.escape(key)}\b", _text("reference/policies.md")), key


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_error_code_is_documented(code: str) -> None:
    assert f"`{code}`" in _text("reference/errors.md"), code


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_every_metric_is_documented(metric: str) -> None:
    assert f"`{metric}`" in _text("reference/telemetry.md"), metric


@pytest.mark.parametrize("capability", sorted(Capabilities.__dataclass_fields__))
def test_every_capability_is_documented(capability: str) -> None:
    assert f"`{capability}`" in _text("connectors/README.md"), capability


def test_every_rpc_is_documented() -> None:
    text = _text("reference/rpc.md")
    for module in (query_pb2, catalog_pb2, agent_pb2, audit_pb2):
        for service in module.DESCRIPTOR.services_by_name.values():
            assert service.full_name in text
            for method in service.methods:
                assert re.search(rf"\b{method.name}\b", text), f"{service.full_name}/{method.name}"


def test_every_command_is_documented() -> None:
    text = _text("reference/cli.md", "reference/policies.md", "reference/audit.md")
    commands = sorted(_commands(typer.main.get_command(app), "comity"))
    assert "comity sql" in commands
    assert "comity policy check" in commands
    for command in commands:
        assert command in text, command


def test_every_decision_record_says_context_decision_and_consequence() -> None:
    records = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert len(records) >= 9
    for record in records:
        text = record.read_text(encoding="utf-8")
        for part in ("**Context.**", "**Decision.**", "**Consequence.**"):
            assert part in text, f"{record.name} lacks {part}"


def test_every_link_between_documents_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} → {target}"

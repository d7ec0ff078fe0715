"""The committed stubs are what the protos generate, and the protos keep buf's STANDARD conventions."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from comity.v1 import agent_pb2, audit_pb2, catalog_pb2, query_pb2

ROOT = Path(__file__).resolve().parents[2]
PROTOS = sorted((ROOT / "protos" / "comity" / "v1").glob("*.proto"))
STUBS = ROOT / "client" / "comity" / "v1"
MODULES = [agent_pb2, audit_pb2, catalog_pb2, query_pb2]


def test_the_committed_stubs_are_what_the_protos_generate(tmp_path: Path) -> None:
    outs = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    command = [
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        "-I",
        str(ROOT / "protos"),
        *outs,
        *map(str, PROTOS),
    ]
    subprocess.run(command, check=True)
    generated = {path.name: path.read_text("utf-8") for path in (tmp_path / "comity" / "v1").iterdir()}
    committed = {path.name: path.read_text("utf-8") for path in STUBS.glob("*_pb2*.py*")}
    assert sorted(generated) == sorted(committed), "run `make stubs`"
    assert [name for name in generated if generated[name] != committed[name]] == [], "run `make stubs`"


def test_every_proto_is_checked_here() -> None:
    assert [path.stem for path in PROTOS] == [
        module.__name__.split(".")[-1].removesuffix("_pb2") for module in MODULES
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_services_and_enums_are_named_by_convention(module: object) -> None:
    file = module.DESCRIPTOR  # type: ignore[attr-defined]
    assert file.package == "comity.v1"
    for service in file.services_by_name.values():
        assert service.name.endswith("Service")
        for method in service.methods:
            assert method.input_type.name == f"{method.name}Request"
            assert method.output_type.name == f"{method.name}Response"
    for enum in file.enum_types_by_name.values():
        prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper()
        assert enum.values_by_number[0].name == f"{prefix}_UNSPECIFIED"
        assert all(value.name.startswith(f"{prefix}_") for value in enum.values)


def test_every_message_and_field_is_named_by_convention() -> None:
    fields = [
        field
        for module in MODULES
        for message in module.DESCRIPTOR.message_types_by_name.values()
        for field in message.fields
    ]
    assert len(fields) > 100
    assert [field.full_name for field in fields if not re.fullmatch(r"[a-z][a-z0-9_]*", field.name)] == []

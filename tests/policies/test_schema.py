from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from policies.schema import DIRECTORY, SCHEMAS, schema_text
from policies.yaml_document import load_yaml

# Published without type information.
Draft202012Validator: Any = import_module("jsonschema").Draft202012Validator

ROOT = Path(__file__).parents[2]
CITIES = [Path(__file__).parent / "data" / "city", ROOT / "examples" / "city"]


def validator(name: str) -> Any:
    schema = json.loads((DIRECTORY / f"{name}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def lists(value: Any) -> Any:
    """The document with lists, which JSON Schema expects, for tuples."""
    if isinstance(value, tuple):
        return [lists(item) for item in value]
    return {key: lists(item) for key, item in value.items()} if isinstance(value, dict) else value


def files(pattern: str) -> list[Path]:
    return [path for city in CITIES for path in sorted(city.glob(pattern))]


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_on_disk_are_those_of_the_models(name: str) -> None:
    text = (DIRECTORY / f"{name}.json").read_text("utf-8")
    assert text == schema_text(SCHEMAS[name]), "run: python -m policies.schema"


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("department", files("departments/*/department.yaml")),
        ("policy", [p for p in files("departments/*/policies/*.yaml") if not p.stem.endswith("_test")]),
        ("policy_test", files("departments/*/policies/*_test.yaml")),
    ],
)
def test_every_file_that_loads_is_valid_under_its_schema(name: str, paths: list[Path]) -> None:
    assert paths
    checker = validator(name)
    for path in paths:
        assert [e.message for e in checker.iter_errors(lists(load_yaml(path).value))] == [], path


@pytest.mark.parametrize("path", files("departments/health/**/*.yaml"))
def test_header_lines_point_to_a_schema_that_exists(path: Path) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    prefix = "# yaml-language-server: $schema="
    if first.startswith(prefix):
        assert (path.parent / first.removeprefix(prefix)).resolve().is_file(), path


GRANT: dict[str, Any] = {
    "id": "g",
    "reason": "r",
    "principals": {"roles": ["a"]},
    "purposes": ["p"],
    "columns": {"姓名": {"mask": "person_name"}},
}


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"id": "慢病-1.2"}, True),
        ({"columns": {"a": {"mask": None}}}, True),
        ({"columns": {"a": {"mask": {"keep_first": 3}}}}, True),
        ({"columns": {"a": {"mask": {"bucket": 0.5}}}}, True),
        ({"columns": {"a": {"mask": {"bucket": 0}}}}, False),
        ({"columns": {"a": {"mask": "hash"}}}, False),
        ({"columns": {"a": {"use": None}}}, False),
        ({"columns": {"a": {"use": ["write"]}}}, False),
        ({"principals": {"departments": None}}, False),
        ({"valid": {"until": 20261231}}, False),
        ({"row": "x"}, False),
        ({"id": "a b"}, False),
    ],
)
def test_the_policy_schema_refuses_what_the_loader_refuses(change: dict[str, Any], valid: bool) -> None:
    document = {"table": "患者", "grants": [GRANT | change]}
    assert validator("policy").is_valid(document) == valid

"""The JSON Schemas of a department's files, for editors: `python -m policies.schema` writes them.

A file refers to its schema in its first line, by a path or URL:
`# yaml-language-server: $schema=../../../../policies/schemas/policy.json`
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.file_models import DepartmentFile, FileModel, PolicyFile
from policies.rehearsal_file import PolicyTestFile

SCHEMAS: Mapping[str, type[FileModel]] = {
    "department": DepartmentFile,
    "policy": PolicyFile,
    "policy_test": PolicyTestFile,
}
DIRECTORY = Path(__file__).parent / "schemas"


def schema_text(model: type[FileModel]) -> str:
    """The model's schema as JSON text."""
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= model.model_json_schema(by_alias=True)
    for part in (schema, *schema.get("$defs", {}).values()):
        for name, described in part.get("properties", {}).items():
            part["properties"][name] = _without_null(described)
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _without_null(described: dict[str, Any]) -> dict[str, Any]:
    """A key that may be left out may still not be empty, which pydantic's optional types would allow."""
    options = [option for option in described.get("anyOf", ()) if option != {"type": "null"}]
    if "anyOf" not in described or len(options) == len(described["anyOf"]):
        return described
    rest = {key: value for key, value in described.items() if key not in {"anyOf", "default"}}
    return rest | (options[0] if len(options) == 1 else {"anyOf": options})


def write_schemas(directory: Path = DIRECTORY) -> None:
    """Writes every schema as `<name>.json`."""
    for name, model in SCHEMAS.items():
        (directory / f"{name}.json").write_text(schema_text(model), encoding="utf-8")


if __name__ == "__main__":
    write_schemas()

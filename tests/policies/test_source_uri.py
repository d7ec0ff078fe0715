from __future__ import annotations

from pathlib import Path

import pytest

from comity.errors import ConfigurationError
from policies.source_uri import resolve_uri
from policies.yaml_document import parse_yaml

DOCUMENT = parse_yaml(Path("department.yaml"), b"name: health\nsource:\n  connector: x\n  uri: y\n")


def resolve(text: str, directory: Path = Path(), **environ: str) -> str:
    return resolve_uri(DOCUMENT, text, directory, environ)


def failure(text: str, directory: Path = Path(), **environ: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        resolve(text, directory, **environ)
    return caught.value


def test_variables_are_replaced_anywhere_in_the_uri() -> None:
    assert resolve("${URI}", URI="sqlite:x") == "sqlite:x"
    assert resolve("postgresql://reader:${PASSWORD}@${HOST}/h", PASSWORD="p@ss", HOST="db") == (
        "postgresql://reader:p@ss@db/h"
    )


def test_a_variable_that_is_not_set_is_named_with_its_line() -> None:
    for caught in (failure("${HEALTH_URI}"), failure("${HEALTH_URI}", HEALTH_URI="")):
        assert caught.code == "CONFIG_MISSING"
        assert caught.message == "department.yaml:4: the environment variable HEALTH_URI is not set"


def test_a_file_reference_is_read_beside_department_yaml(tmp_path: Path) -> None:
    (tmp_path / "uri.txt").write_text("postgresql://u:secret@db/h\n")
    assert resolve("file:uri.txt", tmp_path) == "postgresql://u:secret@db/h"
    assert failure("file:other.txt", tmp_path).code == "CONFIG_MISSING"
    (tmp_path / "two.txt").write_text("a\nb\n")
    assert failure("file:two.txt", tmp_path).code == "CONFIG_MISSING"


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://reader:hunter2@db.example/health",
        "mysql://reader:${A}x@db/health",
        "postgresql://db/health?user=reader&password=hunter2",
        "host=db user=reader password=hunter2",
        "host=db user=reader password='hunter2 x'",
        "Driver={DM8};Server=db;UID=reader;PWD=hunter2",
        "https://db/health?access_token=hunter2",
        "clickhouse://db/?api-key=hunter2",
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(uri: str) -> None:
    caught = failure(uri, A="x")
    assert caught.code == "CONFIG_SECRET"
    assert "hunter2" not in str(caught)
    assert "department.yaml:4" in caught.message


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://reader:${PASSWORD}@db/health",
        "postgresql://reader@db:5432/health",
        "host=db user=reader password=${PASSWORD}",
        "embedded:../../data/postgresql?database=health",
        "../../data/health.sqlite",
        "sqlite:/data/a:b@c.sqlite",
    ],
)
def test_a_uri_without_a_literal_secret_is_accepted(uri: str) -> None:
    assert resolve(uri, PASSWORD="x") == uri.replace("${PASSWORD}", "x")


@pytest.mark.parametrize("uri", ["${}", "${A B}", "${A:-default}", "x${A"])
def test_a_malformed_reference_is_refused(uri: str) -> None:
    assert failure(uri, A="x").code == "CONFIG_INVALID"


def test_without_an_environment_references_stay_and_secrets_are_still_refused() -> None:
    assert resolve_uri(DOCUMENT, "${NOT_SET}", Path(), None) == "${NOT_SET}"
    with pytest.raises(ConfigurationError):
        resolve_uri(DOCUMENT, "postgresql://a:b@c/d", Path(), None)

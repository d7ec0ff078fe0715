"""One department: its database, the tables it publishes, and its policies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from policies.file_models import DepartmentFile
from policies.load_policy import Reference, load_policy, principal_rule
from policies.model import PrincipalRule, TablePolicy
from policies.published import PublishedColumn, PublishedTable, check_name, read_tables
from policies.read_file import nearest, read_model
from policies.source_uri import resolve_key, resolve_uri
from policies.token_keys import TokenKey, token_key
from policies.yaml_document import file_error, load_yaml
from sql.keys import is_reserved

__all__ = [
    "Department",
    "PublishedColumn",
    "PublishedTable",
    "Source",
    "TokenKey",
    "load_department",
    "validate_department",
]

TEST_SUFFIX = "_test"


@dataclass(frozen=True, slots=True)
class Source:
    """The department's database. `uri` may hold a secret, so it is never printed."""

    connector: str
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Department:
    """What `load_department` read. `digest` covers department.yaml and every policy file, not their tests.

    `state` is the directory of the agent's own records; `refresh_minutes` says how often the source is asked for
    its statistics, 0 for never. `show_native_sql` says who may see what the database ran; None for nobody.
    """

    name: str
    title: str
    source: Source
    tables: Mapping[str, PublishedTable]
    policies: Mapping[str, TablePolicy]
    directory: Path
    digest: str
    references: tuple[Reference, ...] = field(default=(), repr=False, compare=False)
    tokens: TokenKey | None = None
    state: Path = Path("state")
    refresh_minutes: int = 60
    show_native_sql: PrincipalRule | None = None


def load_department(directory: Path, environ: Mapping[str, str] | None) -> Department:
    """Reads department.yaml and policies/ of `directory`.

    `environ` resolves the source's references; None leaves them alone, for work without the database.
    Raises `ConfigurationError` with the file and line for anything that is not as documented.
    """
    document = load_yaml(directory / "department.yaml")
    form = read_model(document, DepartmentFile, code="CONFIG_INVALID")
    check_name(document, ("name",), form.name)
    if is_reserved(form.name):
        raise document.error(("name",), f"`{form.name}` is what fragments call join keys")
    uri = resolve_uri(document, form.source.uri, directory, environ)
    tokens = None
    if form.tokens is not None:
        key = resolve_key(document, ("tokens", "key"), form.tokens.key, directory, environ)
        tokens = token_key(document, key, form.tokens.algorithm)
    tables = read_tables(document, form)
    digest = hashlib.sha256(document.digest.encode())
    policies: dict[str, TablePolicy] = {}
    references: list[Reference] = []
    for path in policy_files(directory):
        table = tables.get(path.stem)
        if table is None:
            message = f"is a policy for a table that {form.name} does not publish{nearest(path.stem, tables)}"
            raise file_error(path, None, message, code="CONFIG_REFERENCE")
        policy, found = load_policy(path, table, tokens=tokens is not None)
        policies[table.name] = policy
        references.extend(_elsewhere(found, form.name, tables))
        digest.update(f"\n{table.name} {policy.digest}".encode())
    shown = form.show_native_sql
    return Department(
        name=form.name,
        title=form.title or form.name,
        source=Source(form.source.connector, uri),
        tables=tables,
        policies=policies,
        directory=directory,
        digest=digest.hexdigest(),
        references=tuple(references),
        tokens=tokens,
        state=directory / form.state,
        show_native_sql=principal_rule(shown) if shown is not None else None,
        refresh_minutes=form.statistics.refresh_minutes,
    )


def _elsewhere(
    references: Iterable[Reference], name: str, tables: Mapping[str, PublishedTable]
) -> Iterator[Reference]:
    """The references that only the federation can check; those to tables of the department are checked."""
    for reference in references:
        if reference.kind != "table":
            yield reference
            continue
        department, _, rest = reference.name.partition(".")
        table, _, column = rest.partition(".")
        if department != name:
            continue
        published = tables.get(table)
        if published is None:
            raise reference.error(f"{name} publishes no table `{table}`{nearest(table, tables)}")
        if column and published.column(column) is None:
            raise reference.error(f"{table} publishes no column `{column}`{nearest(column, published.order)}")


def policy_files(directory: Path) -> list[Path]:
    """The policy files of a department by name, without their tests; a stray file there is an error."""
    return [p for p in _yaml_files(directory) if not p.stem.endswith(TEST_SUFFIX)]


def policy_test_files(directory: Path) -> list[Path]:
    """The policy tests of a department, by name."""
    return [p for p in _yaml_files(directory) if p.stem.endswith(TEST_SUFFIX)]


def _yaml_files(directory: Path) -> list[Path]:
    folder = directory / "policies"
    if not folder.is_dir():
        return []
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.endswith("~"):
            continue
        if path.suffix != ".yaml" or not path.is_file():
            # A policy under another name would be a rule that nobody applies.
            raise file_error(
                path, None, "is not a policy: only <table>.yaml and <table>_test.yaml belong here"
            )
        found.append(path)
    return found


def validate_department(
    department: Department, purposes: Iterable[str] | None, departments: Iterable[str] | None
) -> None:
    """Checks that every purpose and department that a policy names exists in the federation.

    None skips that check. Raises `ConfigurationError` (`CONFIG_REFERENCE`) with the file and line.
    """
    known = {"purpose": purposes, "department": departments}
    sets = {kind: dict.fromkeys(names) for kind, names in known.items() if names is not None}
    for reference in department.references:
        names = sets.get(reference.kind)
        if names is not None and reference.name not in names:
            raise reference.unknown(names)

"""The departments of a directory, for work on their policies without their databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from comity.errors import ConfigurationError
from gateway.configuration import Federation, load_federation
from policies.department import Department, load_department, validate_department


@dataclass(frozen=True, slots=True)
class PolicyDirectory:
    """What loaded, and what did not.

    `purposes` is None outside a federation, where any may be named. `federation` is None unless the directory is
    that of a whole one.
    """

    directory: Path
    departments: tuple[Department, ...]
    purposes: frozenset[str] | None
    errors: list[ConfigurationError] = field(default_factory=list)
    federation: Federation | None = None


def open_directory(directory: Path) -> PolicyDirectory:
    """Loads the federation in `directory`, the departments under it, or the one department that it is.

    A broken department does not hide the others: its error is kept. Raises `ConfigurationError` when there is
    no department at all, or federation.yaml is wrong.
    """
    purposes: frozenset[str] | None = None
    callers: set[str] = set()
    loaded: Federation | None = None
    whole = True
    if (directory / "department.yaml").is_file():
        directories: tuple[Path, ...] = (directory,)
        whole = False
        federation = directory.resolve().parent.parent
        if (federation / "federation.yaml").is_file():
            purposes = load_federation(federation).purposes
    elif (directory / "federation.yaml").is_file():
        loaded = load_federation(directory)
        purposes, directories = loaded.purposes, loaded.department_directories
        callers = {principal.department for principal in loaded.principals.values()}
    else:
        directories = tuple(sorted(p.parent for p in (directory / "departments").glob("*/department.yaml")))
    if not directories:
        message = f"{directory} is neither a federation (federation.yaml) nor a department (department.yaml)"
        raise ConfigurationError(message, code="CONFIG_MISSING")

    errors: list[ConfigurationError] = []
    loaded_departments: list[Department] = []
    for path in directories:
        try:
            # None: a policy can be checked and tested where the database's secrets are not.
            loaded_departments.append(load_department(path, None))
        except ConfigurationError as error:
            errors.append(error)
    names = None if not whole or errors else callers | {d.name for d in loaded_departments}
    kept: list[Department] = []
    for department in loaded_departments:
        try:
            validate_department(department, purposes, names)
            kept.append(department)
        except ConfigurationError as error:
            errors.append(error)
    return PolicyDirectory(directory, tuple(kept), purposes, errors, loaded)

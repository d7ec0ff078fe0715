"""How `comity policy who` reads: one paragraph per grant, and the columns it opens."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from comity.errors import ConfigurationError
from comity.shell.tables import format_table, printable
from gateway.commands.policy_directory import PolicyDirectory
from policies.department import Department
from policies.published import PublishedTable
from policies.read_file import nearest
from policies.who import Entitlement


def who_text(department: Department, table: str, column: str | None, found: Sequence[Entitlement]) -> str:
    """The grants in file order, for a terminal."""
    published = department.tables[table]
    lines = [_title(department, published, column)]
    if published.sharing == "none":
        lines.append(f"not to be shared: {published.legal_basis}")
    if published.catalogue:
        lines.append("every caller may know that it exists")
    if not found:
        lines.append("nobody may use it")
    for entitlement in found:
        lines += ["", *(_about_column(entitlement) if column else _about_table(entitlement))]
    return "\n".join(map(printable, lines))


def who_json(found: Sequence[Entitlement]) -> str:
    """The same as a JSON list, an object for each grant."""
    return json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2)


def _title(department: Department, table: PublishedTable, column: str | None) -> str:
    name = f"{department.name}.{table.name}"
    published = table.column(column) if column else None
    if published is None:
        facts = [table.sharing, f"graded {table.grade}"]
        facts += [f"its entity is {table.entity}"] if table.entity else []
        return f"{name}  {table.title}  ({'; '.join(facts)})".replace("    ", "  ")
    facts = [f"graded {table.grade_of(published.name)}"]
    facts += [f"element {published.element}"] if published.element else []
    title = f"  {published.title}" if published.title else ""
    return f"{name}.{published.name}{title}  ({'; '.join(facts)})"


def _about_table(each: Entitlement) -> Iterator[str]:
    yield f"{each.principals}, for {_purposes(each)}"
    yield from _basis(each)
    yield from (f"  {condition}" for condition in each.conditions)
    rows = [[c.column, c.may, c.grade] for c in each.columns]
    yield from (f"  {line}" for line in format_table(["column", "may", "grade"], rows))


def _about_column(each: Entitlement) -> Iterator[str]:
    (column,) = each.columns
    yield f"{each.principals}, for {_purposes(each)}: {column.may}"
    yield from _basis(each)
    yield from (f"  {condition}" for condition in each.conditions)
    if column.decides_rows:
        yield "  the grant's rows are chosen by it"


def _basis(each: Entitlement) -> Iterator[str]:
    request = f" ({each.request})" if each.request else ""
    yield f"  grant {each.grant}, {each.valid}: {each.reason}{request}"


def _purposes(each: Entitlement) -> str:
    return ", ".join(each.purposes) or "no purpose"


def find_table(found: PolicyDirectory, text: str) -> tuple[Department, str, str | None]:
    """The department, table and column of `department.table[.column]`. Raises `ConfigurationError`."""
    parts = text.split(".")
    if len(parts) not in {2, 3}:
        raise ConfigurationError(
            f"`{text}`: write department.table or department.table.column", code="CONFIG_REFERENCE"
        )
    departments = {department.name: department for department in found.departments}
    department = departments.get(parts[0])
    if department is None:
        message = f"there is no department `{parts[0]}`{nearest(parts[0], departments)}"
        raise ConfigurationError(message, code="CONFIG_REFERENCE")
    published = department.tables.get(parts[1])
    if published is None:
        message = f"{department.name} publishes no table `{parts[1]}`{nearest(parts[1], department.tables)}"
        raise ConfigurationError(message, code="CONFIG_REFERENCE")
    column = parts[2] if len(parts) == 3 else None
    if column is not None and published.column(column) is None:
        message = f"{department.name}.{published.name} publishes no column `{column}`"
        raise ConfigurationError(message + nearest(column, published.order), code="CONFIG_REFERENCE")
    return department, published.name, column

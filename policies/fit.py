"""Checks that what a department publishes and allows fits the physical tables it was written for."""

from __future__ import annotations

from collections.abc import Mapping

from comity.errors import ConfigurationError, SqlError
from policies.department import Department
from policies.expressions import columns_in, match_name, parse_scalar
from policies.mapping import mapping_expression, published_type
from policies.masks import check_mask
from policies.model import Grant, TablePolicy
from policies.read_file import nearest
from policies.row_filter import check_filter_type
from policies.wrap import published_columns
from policies.yaml_document import file_error


def check_fit(department: Department, table: str, physical_types: Mapping[str, str]) -> Mapping[str, str]:
    """The canonical types of the table's published columns, by name and in order.

    `physical_types` are the canonical types of the physical columns. Raises `ConfigurationError`:
    `CONFIG_REFERENCE` when department.yaml or a policy names a column that is not there, `CONFIG_INVALID` when
    a mapping cannot be typed, `CONFIG_POLICY` when a mask or a row filter does not fit the types.
    """
    published = department.tables[table]
    path = department.directory / "department.yaml"
    try:
        columns = published_columns(published, physical_types)
        types = {name: published_type(column, physical_types) for name, column in columns.items()}
        for column in columns.values():
            mapping_expression(column, physical_types, table)
    except ConfigurationError as error:
        raise file_error(path, None, f"table {table}: {error.message}", code=error.code) from None
    if published.entity is not None and published.entity not in types:
        message = f"table {table}: the entity `{published.entity}` is not a published column"
        raise file_error(path, None, message, code="CONFIG_REFERENCE")
    policy = department.policies.get(table)
    if policy is not None:
        check_policy_fit(department, policy, types)
    return types


def check_policy_fit(department: Department, policy: TablePolicy, types: Mapping[str, str]) -> None:
    """Checks every column, mask and row filter of `policy` against the published types."""
    for grant in policy.grants:
        try:
            _check_grant(grant, policy.table, types)
        except ConfigurationError as error:
            path = department.directory / "policies" / f"{policy.table}.yaml"
            message = f"grant {grant.id}: {error.message}"
            raise file_error(path, grant.line, message, code=error.code) from None


def _check_grant(grant: Grant, table: str, types: Mapping[str, str]) -> None:
    named = list(grant.columns)
    if grant.row_filter is not None:
        named += [match_name(c.name, types) or c.name for c in columns_in(parse_scalar(grant.row_filter))]
    for name in named:
        if name not in types:
            message = f"{table} publishes no column `{name}`{nearest(name, types)}"
            raise ConfigurationError(message, code="CONFIG_REFERENCE")
    try:
        for name, rule in grant.columns.items():
            if rule.mask is not None:
                check_mask(rule.mask, name, types[name])
        if grant.row_filter is not None:
            check_filter_type(grant.row_filter, types)
    except SqlError as error:
        raise ConfigurationError(error.message, code="CONFIG_POLICY") from None

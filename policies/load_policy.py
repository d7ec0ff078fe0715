"""Reads policies/<table>.yaml into the grants that decisions are made from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from comity.errors import ConfigurationError, SqlError
from policies.decision import Floor
from policies.expressions import columns_in, match_name, parse_scalar
from policies.file_models import (
    BucketMask,
    Column,
    ConstantMask,
    GrantForm,
    KeepFirstMask,
    KeepLastMask,
    PolicyFile,
    Principals,
    SqlMask,
    TokenMask,
)
from policies.functions import READING
from policies.joins import JoinRules
from policies.masks import check_mask
from policies.model import ALL_USES, ColumnRule, Grant, Limits, Mask, PrincipalRule, TablePolicy
from policies.published import PublishedColumn, PublishedTable
from policies.read_file import nearest, read_model
from policies.row_filter import check_filter_type, check_row_filter
from policies.tokens import token_element
from policies.yaml_document import Location, YamlDocument, file_error, load_yaml

_WILD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that more than the policy's own table is needed to check, and where it stands.

    A table's is `department.table` or `department.table.column`, without wildcards.
    """

    kind: Literal["purpose", "department", "table"]
    name: str
    path: Path
    line: int

    def unknown(self, known: Mapping[str, object]) -> ConfigurationError:
        message = f"there is no {self.kind} `{self.name}` in this federation{nearest(self.name, known)}"
        return self.error(message)

    def error(self, message: str) -> ConfigurationError:
        return file_error(self.path, self.line, message, code="CONFIG_REFERENCE")


def load_policy(
    path: Path, table: PublishedTable, *, tokens: bool = False
) -> tuple[TablePolicy, tuple[Reference, ...]]:
    """The policy in `path`, checked against the table it governs. `tokens` says that the department has a key.

    Raises `ConfigurationError`: `CONFIG_POLICY` for what a policy may not say, `CONFIG_REFERENCE` for a
    column that the table does not publish.
    """
    document = load_yaml(path)
    form = read_model(document, PolicyFile, code="CONFIG_POLICY")
    if form.table != path.stem:
        message = f"`table: {form.table}` must be the file's name, {path.stem}"
        raise document.error(("table",), message, code="CONFIG_POLICY")
    if form.grants and table.sharing == "none":
        message = f"{table.name} is not to be shared ({table.legal_basis}), so no grant can stand here"
        raise document.error(("grants",), message, code="CONFIG_POLICY")
    grants: list[Grant] = []
    for index, grant in enumerate(form.grants):
        location: Location = ("grants", index)
        if any(grant.id == earlier.id for earlier in grants):
            message = f"the grant id `{grant.id}` is used twice"
            raise document.error((*location, "id"), message, code="CONFIG_POLICY")
        grants.append(_grant(document, location, grant, table))
        if not tokens:
            _refuse_tokens(document, location, grants[-1])
    references = tuple(_references(document, form))
    return TablePolicy(table.name, tuple(grants), document.digest), references


def _grant(document: YamlDocument, location: Location, form: GrantForm, table: PublishedTable) -> Grant:
    columns: dict[str, ColumnRule] = {}
    for name, column in form.columns.items():
        place = (*location, "columns", name)
        _check_column(document, place, name, table)
        columns[name] = _rule(document, place, name, column, table)
    if form.rows is not None:
        _check_rows(document, (*location, "rows"), form.rows, table)
    return Grant(
        id=form.id,
        reason=form.reason,
        request=form.request,
        principals=principal_rule(form.principals),
        purposes=tuple(dict.fromkeys(form.purposes)),
        valid_from=form.valid.from_ if form.valid else None,
        valid_until=form.valid.until if form.valid else None,
        columns=columns,
        row_filter=form.rows,
        floor=_floor(document, location, form, table),
        limits=Limits(**form.limits.model_dump()) if form.limits else Limits(),
        crossing=form.crossing,
        key_exchange=tuple(dict.fromkeys(form.key_exchange)),
        joins=_joins(document, location, form, columns),
        line=document.line_of(location),
    )


def _check_column(document: YamlDocument, location: Location, name: str, table: PublishedTable) -> None:
    if table.column(name) is None:
        message = f"{table.name} publishes no column `{name}`{nearest(name, table.order)}"
        raise document.error(location, message, code="CONFIG_REFERENCE")


def _rule(
    document: YamlDocument, location: Location, name: str, form: Column, table: PublishedTable
) -> ColumnRule:
    column = table.column(name)
    mask = _mask(form, column) if form.has_mask else None
    for function in form.functions or ():
        if function in READING:
            message = (
                f"`{function}` gives out some row's own value, which is to read it: give the use read instead"
            )
            raise document.error((*location, "functions"), message, code="CONFIG_POLICY")
    uses = frozenset(form.use) if form.use is not None else frozenset({"read"})
    if "read" in uses:
        uses = ALL_USES
    if mask is not None:
        try:
            check_mask(mask, name, column.type if column else None)
        except SqlError as error:
            message = f"`{name}`: {error.message}"
            raise document.error((*location, "mask"), message, code="CONFIG_POLICY") from None
    return ColumnRule(uses, mask, frozenset(form.functions or ()), table.grade_of(name))


def _mask(form: Column, column: PublishedColumn | None) -> Mask:
    match form.mask:
        case None:
            return Mask("null")
        case "token":
            return Mask("token", token_element(None, column.element if column is not None else None))
        case TokenMask(token=kind):
            return Mask("token", token_element(kind, None))
        case str() as word:
            return Mask(word)
        case ConstantMask(constant=value):
            return Mask("constant", str(value).lower() if isinstance(value, bool) else str(value))
        case KeepFirstMask(keep_first=n):
            return Mask("keep_first", str(n))
        case KeepLastMask(keep_last=n):
            return Mask("keep_last", str(n))
        case BucketMask(bucket=size):
            return Mask(
                "bucket", format(size, "f").rstrip("0").rstrip(".") if isinstance(size, float) else str(size)
            )
        case SqlMask(sql=text):
            return Mask("sql", text)


def _refuse_tokens(document: YamlDocument, location: Location, grant: Grant) -> None:
    for name, rule in grant.columns.items():
        if rule.mask is not None and rule.mask.name == "token":
            message = f"`{name}`: a token needs a key: give department.yaml `tokens: {{key: …}}`"
            raise document.error((*location, "columns", name, "mask"), message, code="CONFIG_POLICY")


def _floor(
    document: YamlDocument, location: Location, form: GrantForm, table: PublishedTable
) -> Floor | None:
    if form.floor is None:
        return None
    if table.entity is None:
        message = f"a floor counts entities: give the table {table.name} an `entity` in department.yaml"
        raise document.error((*location, "floor"), message, code="CONFIG_POLICY")
    return Floor(form.floor.entities, table.entity)


def _joins(
    document: YamlDocument, location: Location, form: GrantForm, columns: Mapping[str, ColumnRule]
) -> JoinRules:
    if form.joins is None:
        return JoinRules()
    for key, rules in (("allowed", form.joins.allowed), ("blocked", form.joins.blocked)):
        for name in rules:
            place = (*location, "joins", key, name)
            rule = columns.get(name)
            if rule is None:
                message = f"`{name}` is not a column of this grant{nearest(name, columns)}"
                raise document.error(place, message, code="CONFIG_REFERENCE")
            if "join" not in rule.uses:
                message = f"`{name}` may not be joined at all: give it the use join, or leave it out here"
                raise document.error(place, message, code="CONFIG_POLICY")
    return JoinRules(form.joins.required, form.joins.allowed, form.joins.blocked)


def _check_rows(document: YamlDocument, location: Location, text: str, table: PublishedTable) -> None:
    types = {c.name: c.type or "VARCHAR" for c in table.columns or () if c.type or c.codes}
    try:
        check_row_filter(text)
        check_filter_type(text, types)
        names = [c.name for c in columns_in(parse_scalar(text))]
    except SqlError as error:
        raise document.error(location, f"`rows`: {error.message}", code="CONFIG_POLICY") from None
    for name in names:
        if table.columns is not None and match_name(name, table.order) is None:
            message = f"{table.name} publishes no column `{name}`{nearest(name, table.order)}"
            raise document.error(location, message, code="CONFIG_REFERENCE")


def principal_rule(form: Principals) -> PrincipalRule:
    attributes = None
    if form.attributes is not None:
        attributes = {k: v if isinstance(v, tuple) else (v,) for k, v in form.attributes.items()}
    return PrincipalRule(
        departments=None if form.departments is None else frozenset(form.departments),
        roles=None if form.roles is None else frozenset(form.roles),
        subjects=None if form.subjects is None else frozenset(form.subjects),
        attributes=attributes,
    )


def _references(document: YamlDocument, form: PolicyFile) -> Iterator[Reference]:
    for index, grant in enumerate(form.grants):
        location: Location = ("grants", index)
        for i, purpose in enumerate(grant.purposes):
            line = document.line_of((*location, "purposes", i))
            yield Reference("purpose", purpose, document.path, line)
        for i, name in enumerate(grant.principals.departments or ()):
            line = document.line_of((*location, "principals", "departments", i))
            yield Reference("department", name, document.path, line)
        for place, pattern in _patterns(grant):
            line = document.line_of((*location, "joins", *place))
            department = pattern.partition(".")[0]
            if not _WILD.search(department):
                yield Reference("department", department, document.path, line)
            if not _WILD.search(pattern):
                yield Reference("table", pattern, document.path, line)
        for i, name in enumerate(grant.key_exchange):
            line = document.line_of((*location, "key_exchange", i))
            yield Reference("department", name, document.path, line)


def _patterns(grant: GrantForm) -> Iterator[tuple[Location, str]]:
    """Every pattern of the grant's join rules, and where it stands below `joins`."""
    joins = grant.joins
    if joins is None:
        return
    for index, pattern in enumerate(joins.required or ()):
        yield ("required", index), pattern
    for key, rules in (("allowed", joins.allowed), ("blocked", joins.blocked)):
        for name, patterns in rules.items():
            for index, pattern in enumerate(patterns):
                yield (key, name, index), pattern

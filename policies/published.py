"""What a department publishes: its tables and columns, by the names and types that questions use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from comity.errors import SqlError
from policies.expressions import columns_in, match_name, parse_scalar
from policies.file_models import DepartmentFile, PublishedColumnForm, PublishedTableForm
from policies.yaml_document import Location, YamlDocument
from sql.types import canonical_name

OTHER_CODES = "*"
"""The key of `codes` that stands for every code not listed."""

_PHYSICAL_PART = re.compile(r'"((?:[^"]|"")+)"|([^".\s][^".]*)')


@dataclass(frozen=True, slots=True)
class PublishedColumn:
    """One published column: the physical column `source`, or the expression `expr` over physical columns.

    `type` is canonical, None when it is that of the physical column or expression. `codes` map physical
    codes to published values.
    """

    name: str
    source: str | None
    expr: str | None = None
    type: str | None = None
    title: str = ""
    codes: Mapping[str, str] | None = None
    element: str | None = None
    grade: str | None = None


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """One table that the department offers. `columns` None publishes every physical column as it is.

    `catalogue` says that every authenticated caller may know that it exists.
    """

    name: str
    physical: tuple[str, ...]
    title: str = ""
    sharing: str = "conditional"
    grade: str = "general"
    entity: str | None = None
    update: str | None = None
    legal_basis: str | None = None
    columns: tuple[PublishedColumn, ...] | None = None
    catalogue: bool = False
    order: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        order = {c.name: i for i, c in enumerate(self.columns or ())}
        object.__setattr__(self, "order", order)

    def in_order(self, names: Iterable[str]) -> tuple[str, ...]:
        """The names in the table's order; as given where the table lists no columns."""
        if not self.order:
            return tuple(names)
        return tuple(sorted(names, key=lambda n: self.order.get(n, len(self.order))))

    def column(self, name: str) -> PublishedColumn | None:
        """The published column of exactly this name; every physical one where the table lists none."""
        if self.columns is None:
            return PublishedColumn(name, name)
        index = self.order.get(name)
        return None if index is None else self.columns[index]

    def grade_of(self, name: str) -> str:
        """The grade of one column: its own, or else the table's."""
        column = self.column(name)
        return (column.grade if column is not None else None) or self.grade


def read_tables(document: YamlDocument, form: DepartmentFile) -> dict[str, PublishedTable]:
    """The published tables of department.yaml. Raises `ConfigurationError` with the line."""
    tables: dict[str, PublishedTable] = {}
    for name, table in form.tables.items():
        location = ("tables", name)
        check_name(document, location, name)
        if name.endswith("_test"):
            raise document.error(location, f"`{name}`: names that end in _test are those of policy tests")
        twin = match_name(name, tables)
        if twin is not None:
            raise document.error(location, f"the tables `{twin}` and `{name}` differ only in letter case")
        tables[name] = _table(document, location, name, table or PublishedTableForm.model_validate({}))
    return tables


def check_name(document: YamlDocument, location: Location, name: str) -> None:
    """A published name is letters (Chinese too), digits and underscores, and at most 63 bytes of UTF-8."""
    if not re.fullmatch(r"[^\W\d]\w*", name) or not name.isprintable():
        message = f"`{name}` cannot be a published name: use letters, digits and underscores"
        raise document.error(location, message)
    if len(name.encode()) > 63:
        raise document.error(location, f"`{name}` is longer than 63 bytes, which some databases cut off")


def _table(document: YamlDocument, location: Location, name: str, form: PublishedTableForm) -> PublishedTable:
    columns: tuple[PublishedColumn, ...] | None = None
    if form.columns is not None:
        read: list[PublishedColumn] = []
        for column_name, column_form in form.columns.items():
            place = (*location, "columns", column_name)
            check_name(document, place, column_name)
            twin = match_name(column_name, (c.name for c in read))
            if twin is not None:
                message = f"the columns `{twin}` and `{column_name}` differ only in letter case"
                raise document.error(place, message)
            read.append(
                _column(document, place, column_name, column_form or PublishedColumnForm.model_validate({}))
            )
        columns = tuple(read)
    if form.catalogue and columns is None:
        message = f"{name} is in the catalogue, so its columns must be listed for everybody to know"
        raise document.error((*location, "catalogue"), message)
    if form.entity is not None and columns is not None and form.entity not in (c.name for c in columns):
        message = f"`{form.entity}` is not a published column of {name}"
        raise document.error((*location, "entity"), message, code="CONFIG_REFERENCE")
    return PublishedTable(
        name=name,
        physical=_physical(document, (*location, "from"), form.from_) if form.from_ else (name,),
        title=form.title or "",
        sharing=form.sharing,
        grade=form.grade,
        entity=form.entity,
        update=form.update,
        legal_basis=form.legal_basis,
        columns=columns,
        catalogue=form.catalogue,
    )


def _physical(document: YamlDocument, location: Location, text: str) -> tuple[str, ...]:
    parts: list[str] = []
    at = 0
    while match := _PHYSICAL_PART.match(text, at):
        parts.append(match[1].replace('""', '"') if match[1] else match[2])
        at = match.end()
        if at == len(text) and len(parts) <= 3:
            return tuple(parts)
        if text[at : at + 1] != ".":
            break
        at += 1
    message = f'`from: {text}` is not a table\'s name: write table, schema.table or "quoted.part".table'
    raise document.error(location, message)


def _column(
    document: YamlDocument, location: Location, name: str, form: PublishedColumnForm
) -> PublishedColumn:
    kind: str | None = None
    if form.type is not None:
        try:
            kind = canonical_name(form.type)
        except SqlError as error:
            raise document.error((*location, "type"), error.message) from None
    if form.codes is not None and kind not in {None, "VARCHAR"}:
        message = f"`{name}`: codes publish text, so the type cannot be {form.type}"
        raise document.error((*location, "type"), message)
    if form.expr is not None:
        try:
            qualified = [c for c in columns_in(parse_scalar(form.expr)) if len(c.parts) > 1]
        except SqlError as error:
            raise document.error((*location, "expr"), f"`{name}`: {error.message}") from None
        if qualified:
            raise document.error((*location, "expr"), f"`{name}`: write a physical column's name alone")
    return PublishedColumn(
        name=name,
        source=None if form.expr is not None else (form.from_ or name),
        expr=form.expr,
        type=kind,
        title=form.title or "",
        codes=form.codes,
        element=form.element,
        grade=form.grade,
    )

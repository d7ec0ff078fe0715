"""What a department publishes, with the types of its database filled in."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from comity.errors import ConfigurationError
from connectors.spi import Connector, PhysicalColumn, PhysicalTable
from policies.department import Department, PublishedTable
from policies.port import Publication, TableNotes
from policies.wrap import published_type
from sql.catalog import Column, Table
from sql.dialects import SourceColumn
from sql.types import canonical_type


@dataclass(frozen=True, slots=True)
class Source:
    """One published table's physical side: Arrow types as delivered, canonical types, native spellings."""

    table: PhysicalTable
    schema: Mapping[str, pa.DataType]
    types: Mapping[str, str]
    columns: Mapping[str, SourceColumn]


class Publisher:
    """Reads the physical tables once, when first needed, and types the published ones.

    A department whose files give every column a type can be described while its database is down.
    """

    def __init__(self, department: Department, connector: Connector) -> None:
        self.department = department
        self.connector = connector
        self._sources: dict[str, Source] = {}
        self._lock = threading.Lock()
        self._publication: Publication | None = None

    def publication(self) -> Publication:
        """The department's tables; raises `SourceError` when types must come from a dead database."""
        if self._publication is None:
            tables = tuple(self._typed(table) for table in self.department.tables.values())
            notes = tuple(_notes(table) for table in self.department.tables.values())
            text = repr([(t.name, t.columns) for t in tables]) + self.department.digest
            version = hashlib.sha256(text.encode()).hexdigest()[:16]
            self._publication = Publication(
                self.department.name, self.department.title, tables, notes, version
            )
        return self._publication

    def source(self, name: str) -> Source:
        """The physical side of a published table. Raises `ConfigurationError` when it is not there."""
        with self._lock:
            if name not in self._sources:
                self._sources[name] = self._describe(self.department.tables[name])
            return self._sources[name]

    def forget(self) -> None:
        """What the source said of its tables no longer holds: it is asked again when it is needed."""
        with self._lock:
            self._sources.clear()

    def estimate(self, name: str) -> int | None:
        """The source's own estimate of the table's rows, when it has been read already."""
        known = self._sources.get(name)
        return known.table.row_estimate if known else None

    def _describe(self, published: PublishedTable) -> Source:
        found = self.connector.describe([published.physical])
        if not found:
            raise ConfigurationError(
                f"{self.department.name}.{published.name}: its source has no table "
                f"{'.'.join(published.physical)}, or this account may not read it",
                code="CONFIG_REFERENCE",
                department=self.department.name,
            )
        physical = found[0]
        known = {column.name: column for column in physical.columns}
        for column in published.columns or ():
            if column.source and column.source not in known:
                raise ConfigurationError(
                    f"{self.department.name}.{published.name}.{column.name}: its source table has no column "
                    f"{column.source}",
                    code="CONFIG_REFERENCE",
                    department=self.department.name,
                )
        types = {name: canonical_type(column.type) for name, column in known.items()}
        return Source(
            physical,
            {name: column.type for name, column in known.items()},
            types,
            {name: source_column(column) for name, column in known.items()},
        )

    def _typed(self, published: PublishedTable) -> Table:
        declared = published.columns
        if declared is not None and all(column.type for column in declared):
            columns = tuple(Column(c.name, str(c.type), c.title or "") for c in declared)
        elif declared is not None:
            types = self.source(published.name).types
            columns = tuple(Column(c.name, published_type(c, types), c.title or "") for c in declared)
        else:
            columns = tuple(Column(n, t) for n, t in self.source(published.name).types.items())
        return Table(self.department.name, published.name, columns)


def source_column(column: PhysicalColumn) -> SourceColumn:
    """A column as the dialects' rules see it."""
    text, kind = column.text, canonical_type(column.type)
    if text is None:
        return SourceColumn(
            kind,
            column.native_type,
            uniform=column.uniform,
            clustered=column.clustered,
            distinct=column.distinct,
        )
    # What is known for ASCII only may differ beyond it.
    told_apart = not text.merges and text.groups_as_equal and text.beyond_ascii
    known = "exact" if text.is_exact else "distinct" if told_apart else "coarse"
    collation = text.collation if text.beyond_ascii else ""
    return SourceColumn(
        kind, column.native_type, known, collation, column.uniform, column.clustered, column.distinct
    )


def _notes(table: PublishedTable) -> TableNotes:
    elements = tuple((c.name, c.element) for c in table.columns or () if c.element)
    return TableNotes(
        table.name,
        table.title or "",
        table.sharing or "",
        table.grade or "",
        table.update or "",
        elements,
        table.legal_basis or "",
    )

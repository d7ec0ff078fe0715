"""Tables that the questions of a policy test join with: other departments', shown as their rows stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
from sqlglot import exp

from comity.errors import SqlError
from policies.rehearsal_file import PolicyTestFile, TestPartner
from policies.yaml_document import Location, YamlDocument
from sql.catalog import Column, Table, fold_name
from sql.types import canonical_name

Scalar = str | int | float | bool | None


class Partners:
    """The partners of one test file, each a table of the stage's database."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, document: YamlDocument, form: PolicyTestFile, own: str
    ) -> None:
        self.tables: tuple[Table, ...] = ()
        self._places: dict[tuple[str, str], str] = {}
        taken = {fold_name(own)}
        for number, (name, partner) in enumerate(form.partners.items()):
            department, _, table = name.partition(".")
            location: Location = ("partners", name)
            if fold_name(name) in taken:
                raise document.error(location, f"`{name}` is there twice, or is the table itself")
            taken.add(fold_name(name))
            types = _types(document, location, partner)
            self.tables += (Table(department, table, tuple(Column(n, t) for n, t in types.items())),)
            place = f"_partner_{number}"
            self._places[department, table] = place
            _fill(connection, document, location, partner, types, place)

    def stands_for(self, node: exp.Table) -> exp.Table | None:
        """The table of the stage that a name of a question means; None when it is no partner's."""
        place = self._places.get((node.db, node.name))
        if place is None:
            return None
        alias = exp.TableAlias(this=exp.to_identifier(node.alias_or_name, quoted=True))
        return exp.Table(this=exp.to_identifier(place, quoted=True), alias=alias)


def guess_type(values: Sequence[Scalar]) -> str:
    """The canonical type of values as a YAML file holds them."""
    if values and all(isinstance(v, bool) for v in values):
        return "BOOLEAN"
    if values and all(isinstance(v, int) and not isinstance(v, bool) for v in values):
        return "BIGINT"
    if values and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return "DOUBLE"
    return "VARCHAR"


def written(value: Scalar) -> str | None:
    """A value as text, so that 1.10 reaches a decimal as it is written and a code keeps its digits."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _types(document: YamlDocument, location: Location, partner: TestPartner) -> Mapping[str, str]:
    names = dict.fromkeys([*partner.types, *(name for row in partner.rows for name in row)])
    if not names:
        message = f"`{location[-1]}` has no columns: give rows, or types"
        raise document.error(location, message, code="CONFIG_POLICY")
    types: dict[str, str] = {}
    for name in names:
        declared = partner.types.get(name)
        values = [row[name] for row in partner.rows if row.get(name) is not None]
        try:
            types[name] = canonical_name(declared) if declared is not None else guess_type(values)
        except SqlError as error:
            raise document.error((*location, "types", name), error.message, code="CONFIG_POLICY") from None
    return types


def _fill(
    connection: duckdb.DuckDBPyConnection,
    document: YamlDocument,
    location: Location,
    partner: TestPartner,
    types: Mapping[str, str],
    place: str,
) -> None:
    columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in types.items())
    connection.execute(f'CREATE OR REPLACE TABLE "{place}" ({columns})')
    marks = ", ".join(f"CAST(? AS {kind})" for kind in types.values())
    for index, row in enumerate(partner.rows):
        try:
            connection.execute(
                f'INSERT INTO "{place}" VALUES ({marks})', [written(row.get(name)) for name in types]
            )
        except duckdb.Error:
            message = "a value of this row is not of its column's type"
            raise document.error((*location, "rows", index), message, code="CONFIG_POLICY") from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

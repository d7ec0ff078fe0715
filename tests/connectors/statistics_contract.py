"""What every connector knows of its tables' contents, of an engine with statistics and of one without."""

from __future__ import annotations

from typing import ClassVar

from connectors.spi import Connector
from connectors.statistics import TableStatistics
from tests.connectors.engine_terms import EngineTerms
from tests.connectors.source import Source, TypeCase

WAGES = 3000
"""Rows of the table `wages`: more than are sampled."""


class StatisticsContract(EngineTerms):
    """A subclass says what its engine does not know."""

    unknown_statistics: ClassVar[frozenset[str]] = frozenset()
    """Of: rows, distinct, nulls, width, range, common, distinct_key."""
    has_views: ClassVar[bool] = True

    def wages(self, connector: Connector, source: Source) -> TableStatistics:
        """Makes them: id 1 … 3000; town of 30, half of them the first; pay 0 … 2999 and NULL in every fourth row; a name."""
        rows = [
            [
                str(i + 1),
                f"'镇{0 if i % 2 else i % 60:02}'",
                "NULL" if i % 4 == 0 else f"{(i * 7) % WAGES}.50",
                f"'{'x' * 20}{i:05}'",
            ]
            for i in range(WAGES)
        ]
        columns = [
            ("id", "INTEGER"),
            ("town", "VARCHAR(20)"),
            ("pay", "DECIMAL(15,2)"),
            ("name", "VARCHAR(40)"),
        ]
        source.create_table("wages", columns, rows, ["id"])
        name = self.table_name("wages")
        return connector.statistics([name])[name]

    def test_statistics_say_what_a_table_holds(self, connector: Connector, source: Source) -> None:
        found = self.wages(connector, source)
        unknown = self.unknown_statistics
        known: dict[str, bool] = {}
        if found.rows is not None:
            known["rows"] = 0.9 * WAGES < found.rows < 1.1 * WAGES
        pay, town, key, name = (found.columns[c] for c in ("pay", "town", "id", "name"))
        if town.distinct is not None:
            known["distinct"] = 15 <= town.distinct <= 60
        if key.distinct is not None:
            known["distinct_key"] = 0.8 * WAGES < key.distinct < 1.2 * WAGES
        if pay.null_fraction is not None:
            known["nulls"] = 0.15 < pay.null_fraction < 0.35
        if name.width is not None:
            known["width"] = 20 <= name.width <= 30
        low, high = key.minimum, key.maximum
        if key.bounds:
            low, high = key.bounds[0], key.bounds[-1]
        if low is not None:
            assert isinstance(low, float)
            assert isinstance(high, float)
            known["range"] = 0 <= low < 100 and 2800 < high <= WAGES
        if town.common:
            value, part = town.common[0]
            known["common"] = value == "镇00" and 0.4 < part < 0.65
        assert known == dict.fromkeys(
            {"rows", "distinct", "distinct_key", "nulls", "width", "range", "common"} - unknown, True
        )

    def test_statistics_of_a_small_table_are_those_of_all_its_rows(
        self, connector: Connector, source: Source
    ) -> None:
        rows = [[str(i), "'a'" if i < 3 else "NULL"] for i in range(10)]
        source.create_table("few", [("id", "INTEGER"), ("mark", "VARCHAR(10)")], rows, ["id"])
        name = self.table_name("few")
        found = connector.statistics([name])[name]
        if "rows" not in self.unknown_statistics:
            assert found.rows == 10
        assert found.columns["mark"].distinct == 1
        assert found.columns["mark"].null_fraction == 0.7

    def test_a_view_and_a_table_that_is_not_there_have_no_statistics(
        self, connector: Connector, source: Source, untouched: str
    ) -> None:
        if self.has_views:
            source.execute(f"CREATE VIEW looked_at AS SELECT id FROM {self.quoted(untouched)}")
        absent = [self.table_name("looked_at"), self.table_name("no_such_table")]
        assert connector.statistics(absent) == {}

    def test_statistics_of_every_type_are_read(
        self, connector: Connector, source: Source, type_case: TypeCase
    ) -> None:
        rows = [[literal] for literal in type_case.literals]
        source.create_table(f"stat_{type_case.id}", [("v", type_case.declaration)], rows)
        name = self.table_name(f"stat_{type_case.id}")
        found = connector.statistics([name])
        assert name in found
        if "rows" not in self.unknown_statistics:
            assert found[name].rows == len(rows)

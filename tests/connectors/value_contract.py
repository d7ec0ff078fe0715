"""The contract's first part: what a connector says of its source, and that values arrive exactly."""

from __future__ import annotations

import pyarrow as pa
import pytest

from comity.errors import SourceError
from connectors.spi import Connector
from tests.connectors.engine_terms import EngineTerms
from tests.connectors.source import BIG_ROWS, SECRET, RefusedValue, Source, TypeCase, int64, read


class ValueContract(EngineTerms):
    """The names of tests are the contract's sentences."""

    def test_it_is_a_connector(self, connector: Connector) -> None:
        assert isinstance(connector, Connector)
        assert connector.name
        assert connector.dialect in {"postgres", "mysql", "sqlite", "duckdb"}

    def test_probe_names_the_product_and_its_version(self, connector: Connector) -> None:
        report = connector.probe()
        assert report.product
        assert report.version[:1].isdigit()
        assert all(key and value for key, value in report.facts)

    def test_a_capability_is_there_exactly_when_probe_says_so(
        self, connector: Connector, capability: str
    ) -> None:
        claimed = capability in connector.probe().capabilities.names()
        if capability in {"supports_cancel", "supports_statement_timeout"}:
            assert claimed, (
                "the tests of cancelling and of deadlines prove it; an engine without it needs its own"
            )
            return
        sql, schema, rows = self.standard_proofs[capability]
        sql = self.proofs.get(capability, sql)
        if not claimed:
            with pytest.raises(SourceError):
                read(connector.scan(sql, schema))
            return
        answer = [tuple(row.values()) for row in read(connector.scan(sql, schema)).to_pylist()]
        assert sorted(answer, key=repr) == sorted(rows, key=repr)

    def test_compute_context_is_equal_for_the_same_source_and_holds_no_secret(
        self, connector: Connector, source: Source
    ) -> None:
        other = self.connector_class.open(source.uri)
        assert connector.compute_context() == other.compute_context()
        other.close()
        unreachable = self.connector_class.open(self.unreachable_uri)
        assert SECRET not in unreachable.compute_context()
        assert unreachable.compute_context() != connector.compute_context()
        unreachable.close()

    def test_describe_finds_types_keys_and_names_in_chinese(self, connector: Connector, people: str) -> None:
        (table,) = connector.describe([self.table_name(people)])
        assert table.name == self.table_name(people)
        assert [(c.name, c.type) for c in table.columns] == [
            ("镇_街", pa.string()),
            ("编号", pa.int64()),
            ("姓名", pa.string()),
        ]
        assert all(column.native_type for column in table.columns)
        if self.supports_primary_keys:
            assert table.primary_key == ("编号", "镇_街")
            assert [column.nullable for column in table.columns] == [False, False, True]

    def test_describe_without_names_lists_every_table_as_when_named(
        self, connector: Connector, people: str, untouched: str
    ) -> None:
        everything = {table.name: table for table in connector.describe()}
        named = connector.describe([self.table_name(people), self.table_name(untouched)])
        assert [everything[table.name] for table in named] == list(named)

    def test_describe_leaves_out_what_does_not_exist(self, connector: Connector, untouched: str) -> None:
        names = [self.table_name("no_such_table"), self.table_name(untouched), ("a", "b", "c", "d")]
        assert [table.name for table in connector.describe(names)] == [self.table_name(untouched)]

    def test_row_estimates_come_from_statistics(self, connector: Connector, big: str) -> None:
        (table,) = connector.describe([self.table_name("big")])
        if self.has_row_estimates:
            assert table.row_estimate is not None
            assert 0.5 * BIG_ROWS < table.row_estimate < 2 * BIG_ROWS
        else:
            assert table.row_estimate is None

    # Values ----------------------------------------------------------------------------------------------------

    def test_every_type_arrives_exactly(
        self, connector: Connector, source: Source, type_case: TypeCase
    ) -> None:
        rows = [[str(i), literal] for i, literal in enumerate(type_case.literals)]
        name = f"type_{type_case.id}"
        source.create_table(
            name, [("id", "INTEGER"), ("值", type_case.declaration)], [*rows, [str(len(rows)), "NULL"]]
        )
        (table,) = connector.describe([self.table_name(name)])
        column = table.columns[1]
        assert column.type == type_case.type
        if type_case.native_type is not None:
            assert column.native_type == type_case.native_type
        schema = pa.schema([pa.field("值", column.type)])
        expected = pa.table({"值": pa.array([*type_case.values, None], type_case.type)})
        sql = f"SELECT {self.quoted('值')} FROM {self.sql_name(name)} ORDER BY id"
        assert read(connector.scan(sql, schema, ordered=True)).equals(expected)
        unordered = read(connector.scan(sql, schema))
        assert sorted(unordered["值"].to_pylist(), key=repr) == sorted(expected["值"].to_pylist(), key=repr)

        nulls = f"SELECT {self.quoted('值')} FROM {self.sql_name(name)} WHERE {self.quoted('值')} IS NULL"
        assert read(connector.scan(nulls, schema)).equals(pa.table({"值": pa.nulls(1, type_case.type)}))
        empty = read(connector.scan(f"{sql.removesuffix(' ORDER BY id')} WHERE 1 = 0", schema))
        assert empty.num_rows == 0
        assert empty.schema.equals(schema)

    def test_a_value_that_does_not_fit_is_refused_without_being_shown(
        self, connector: Connector, refused_value: RefusedValue
    ) -> None:
        schema = pa.schema([pa.field("v", refused_value.type)])
        for ordered in (True, False):
            with pytest.raises(SourceError) as caught:
                read(connector.scan(f"SELECT {refused_value.expression} AS v", schema, ordered=ordered))
            assert caught.value.code == "SOURCE_TYPE"
            assert "4321" not in str(caught.value), "values to be refused hold 4321, which no message may"

    def test_values_are_widened_to_the_requested_types(self, connector: Connector, untouched: str) -> None:
        schema = pa.schema(
            [
                pa.field("a", pa.int64()),
                pa.field("b", pa.decimal128(38, 0)),
                pa.field("c", pa.float64()),
                pa.field("n", pa.int64()),
            ]
        )
        sql = f"SELECT MIN(id), SUM(id), AVG(id), COUNT(*) FROM {self.sql_name(untouched)}"
        assert read(connector.scan(sql, schema)).to_pylist() == [{"a": 1, "b": 3, "c": 1.5, "n": 2}]

    def test_columns_go_by_position_and_take_the_requested_names(
        self, connector: Connector, people: str
    ) -> None:
        schema = pa.schema([pa.field("同名", pa.string()), pa.field("同名", pa.string())])
        quoted = f"{self.quoted('姓名')}, {self.quoted('镇_街')}"
        sql = f"SELECT {quoted} FROM {self.sql_name(people)} WHERE {self.quoted('编号')} = 2"
        for ordered in (True, False):
            table = read(connector.scan(sql, schema, ordered=ordered))
            assert [column.to_pylist() for column in table.columns] == [["王 '小' 明"], ["大沥"]]

    def test_another_number_of_columns_is_refused(self, connector: Connector, untouched: str) -> None:
        for ordered in (True, False):
            for names in (("a",), ("a", "b", "c")):
                sql = f"SELECT id, id FROM {self.sql_name(untouched)}"
                with pytest.raises(SourceError) as caught:
                    read(connector.scan(sql, int64(*names), ordered=ordered))
                assert caught.value.code == "SOURCE_TYPE"

    def test_null_is_refused_where_the_schema_has_none(self, connector: Connector, people: str) -> None:
        schema = pa.schema([pa.field("v", pa.string(), nullable=False)])
        sql = f"SELECT {self.quoted('姓名')} FROM {self.sql_name(people)}"
        with pytest.raises(SourceError) as caught:
            read(connector.scan(sql, schema))
        assert caught.value.code == "SOURCE_TYPE"

    def test_the_order_of_rows_is_kept_when_it_matters(self, connector: Connector, big: str) -> None:
        sql = f"{big} ORDER BY id DESC LIMIT 200000"
        ids = read(connector.scan(sql, self.big_schema, ordered=True))["id"].to_pylist()
        assert ids == list(range(BIG_ROWS, BIG_ROWS - 200_000, -1))

    def test_parameters_are_bound(self, connector: Connector, untouched: str) -> None:
        sql = f"SELECT id FROM {self.sql_name(untouched)} WHERE id = {self.placeholder}"
        assert read(connector.scan(sql, int64("id"), parameters=[2])).to_pylist() == [{"id": 2}]

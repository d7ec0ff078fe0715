"""The syntax that a question may use: node classes and the parts of each that may be filled.

What is not listed is refused, and so is a listed node with a part that is not listed: a `Select` with
`into`, `locks` or `sample` is not the `Select` meant here.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

_BINARY = frozenset({"this", "expression"})
_UNARY = frozenset({"this"})
_MODIFIERS = {"with_", "order", "limit", "offset"}

SYNTAX: Mapping[type[exp.Expr], frozenset[str]] = {
    # Queries.
    exp.Select: frozenset(
        {
            "expressions",
            "distinct",
            "from_",
            "joins",
            "where",
            "group",
            "having",
            "qualify",
            "windows",
            *_MODIFIERS,
        }
    ),
    exp.Union: frozenset({"this", "expression", "distinct", *_MODIFIERS}),
    exp.Intersect: frozenset({"this", "expression", "distinct", *_MODIFIERS}),
    exp.Except: frozenset({"this", "expression", "distinct", *_MODIFIERS}),
    exp.Subquery: frozenset({"this", "alias", "joins", *_MODIFIERS}),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias", "materialized"}),
    exp.From: _UNARY,
    exp.Join: frozenset({"this", "on", "side", "kind", "using", "method"}),
    # `joins` of a table or derived table is `(a JOIN b)`, a join in parentheses.
    exp.Table: frozenset({"this", "db", "alias", "joins"}),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.Lateral: frozenset({"this", "alias"}),
    exp.Values: frozenset({"expressions", "alias"}),
    exp.Where: _UNARY,
    exp.Group: frozenset({"expressions", "all"}),
    exp.Rollup: frozenset({"expressions"}),
    exp.Cube: frozenset({"expressions"}),
    exp.GroupingSets: frozenset({"expressions"}),
    exp.Having: _UNARY,
    exp.Qualify: _UNARY,
    exp.Order: frozenset({"this", "expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression", "limit_options"}),
    exp.Fetch: frozenset({"direction", "count", "limit_options"}),
    exp.LimitOptions: frozenset({"rows"}),
    exp.Offset: frozenset({"expression"}),
    exp.Distinct: frozenset({"expressions", "on"}),
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over"}),
    exp.WindowSpec: frozenset({"kind", "start", "start_side", "end", "end_side", "exclude"}),
    # Names and values.
    exp.Star: frozenset({"except_", "replace"}),
    exp.Column: frozenset({"this", "table", "db"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Paren: _UNARY,
    exp.Tuple: frozenset({"expressions"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Boolean: _UNARY,
    exp.Null: frozenset(),
    exp.Placeholder: _UNARY,
    exp.Var: _UNARY,
    exp.DataType: frozenset({"this", "expressions", "nested", "values"}),
    exp.DataTypeParam: _UNARY,
    exp.Interval: frozenset({"this", "unit"}),
    # Operators.
    exp.And: _BINARY,
    exp.Or: _BINARY,
    exp.Not: _UNARY,
    exp.Neg: _UNARY,
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.Div: frozenset({"this", "expression", "typed", "safe"}),
    exp.IntDiv: _BINARY,
    exp.Mod: _BINARY,
    exp.DPipe: frozenset({"this", "expression", "safe"}),
    exp.BitwiseAnd: _BINARY,
    exp.BitwiseOr: _BINARY,
    exp.BitwiseNot: _UNARY,
    exp.BitwiseLeftShift: _BINARY,
    exp.BitwiseRightShift: _BINARY,
    exp.EQ: _BINARY,
    exp.NEQ: _BINARY,
    exp.LT: _BINARY,
    exp.LTE: _BINARY,
    exp.GT: _BINARY,
    exp.GTE: _BINARY,
    exp.NullSafeEQ: _BINARY,
    exp.NullSafeNEQ: _BINARY,
    exp.Is: _BINARY,
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.ILike: frozenset({"this", "expression", "negate"}),
    exp.Escape: _BINARY,
    exp.Glob: _BINARY,
    exp.SimilarTo: _BINARY,
    exp.Exists: _UNARY,
    exp.Any: _UNARY,
    exp.All: _UNARY,
    exp.Array: frozenset({"expressions", "bracket_notation"}),
    exp.Bracket: frozenset({"this", "expressions", "offset"}),
    exp.AtTimeZone: frozenset({"this", "zone"}),
    # Parts of aggregate and window calls.
    exp.Filter: _BINARY,
    exp.WithinGroup: _BINARY,
    exp.IgnoreNulls: _UNARY,
    exp.RespectNulls: _UNARY,
    exp.JSONPath: frozenset({"expressions"}),
    exp.JSONPathRoot: frozenset(),
    exp.JSONPathKey: _UNARY,
    exp.JSONPathSubscript: _UNARY,
}

CAST_TYPES = frozenset(
    {
        exp.DType.BOOLEAN,
        exp.DType.TINYINT,
        exp.DType.SMALLINT,
        exp.DType.INT,
        exp.DType.BIGINT,
        exp.DType.INT128,
        exp.DType.UTINYINT,
        exp.DType.USMALLINT,
        exp.DType.UINT,
        exp.DType.UBIGINT,
        exp.DType.FLOAT,
        exp.DType.DOUBLE,
        exp.DType.DECIMAL,
        exp.DType.TEXT,
        exp.DType.VARCHAR,
        exp.DType.VARBINARY,
        exp.DType.DATE,
        exp.DType.TIME,
        exp.DType.TIMESTAMP,
        exp.DType.TIMESTAMPNTZ,
        exp.DType.TIMESTAMPTZ,
        exp.DType.TIMESTAMP_S,
        exp.DType.TIMESTAMP_MS,
        exp.DType.TIMESTAMP_NS,
        exp.DType.INTERVAL,
        exp.DType.ARRAY,
    }
)

REFUSED_HINTS: Mapping[type[exp.Expr], str] = {
    exp.Pivot: "PIVOT is not supported; use CASE or FILTER inside aggregates.",
    exp.Columns: "COLUMNS() is not supported; name the columns.",
    exp.PositionalColumn: "Columns by position are not supported; name them.",
    exp.TableSample: "Samples are not supported.",
    exp.Lambda: "Lambda functions are not supported.",
    exp.Dot: "Fields of rows and calls of the form x.f() are not supported.",
    exp.Unnest: "Functions in FROM are not supported.",
    exp.Values: "VALUES is supported in FROM only.",
    exp.Collate: "COLLATE is not supported: text compares by its bytes.",
    exp.Struct: "Structs are not supported.",
    exp.Slice: "Slices are not supported; use substring().",
    exp.Into: "Nothing can be written.",
    exp.Lock: "Rows cannot be locked.",
}

"""The functions that a question may call: pure, known in DuckDB, and without a way out.

Functions that the parser knows are listed by class with the parts that may be filled, the others by name.
Not listed: anything random, anything that reads settings, variables, files, sequences or the session,
functions that take SQL text, and functions that return tables, structs or maps.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

_THIS = frozenset({"this"})
_TWO = frozenset({"this", "expression"})
_NONE: frozenset[str] = frozenset()

AGGREGATES: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.Count: frozenset({"this", "big_int"}),
    exp.Sum: _THIS,
    exp.Avg: _THIS,
    exp.Min: frozenset({"this", "count"}),
    exp.Max: frozenset({"this", "count"}),
    exp.Stddev: _THIS,
    exp.StddevSamp: _THIS,
    exp.StddevPop: _THIS,
    exp.Variance: _THIS,
    exp.VariancePop: _THIS,
    exp.Median: _THIS,
    exp.Mode: _THIS,
    exp.PercentileCont: _TWO,
    exp.PercentileDisc: _TWO,
    exp.Quantile: frozenset({"this", "quantile"}),
    exp.LogicalAnd: _THIS,
    exp.LogicalOr: _THIS,
    exp.BitwiseAndAgg: _THIS,
    exp.BitwiseOrAgg: _THIS,
    exp.BitwiseXorAgg: _THIS,
    exp.GroupConcat: frozenset({"this", "separator"}),
    exp.ArrayAgg: _THIS,
    exp.AnyValue: _THIS,
    exp.ApproxDistinct: _THIS,
    exp.ArgMin: _TWO,
    exp.ArgMax: _TWO,
    exp.Corr: _TWO,
    exp.CovarPop: _TWO,
    exp.CovarSamp: _TWO,
    exp.RegrSlope: _TWO,
    exp.RegrIntercept: _TWO,
    exp.RegrR2: _TWO,
    exp.RegrCount: _TWO,
    exp.RegrAvgx: _TWO,
    exp.RegrAvgy: _TWO,
    exp.RegrSxx: _TWO,
    exp.RegrSyy: _TWO,
    exp.RegrSxy: _TWO,
    exp.CountIf: _THIS,
    exp.Skewness: _THIS,
    exp.Kurtosis: _THIS,
}

WINDOWS: Mapping[type[exp.Expr], frozenset[str]] = {
    exp.RowNumber: _NONE,
    exp.Rank: _NONE,
    exp.DenseRank: _NONE,
    exp.PercentRank: _NONE,
    exp.CumeDist: _NONE,
    exp.Ntile: _THIS,
    exp.Lag: frozenset({"this", "offset", "default"}),
    exp.Lead: frozenset({"this", "offset", "default"}),
    exp.FirstValue: _THIS,
    exp.LastValue: _THIS,
    exp.NthValue: frozenset({"this", "offset"}),
}

SCALARS: Mapping[type[exp.Expr], frozenset[str]] = {
    # Conditions.
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true", "false"}),
    exp.Coalesce: frozenset({"this", "expressions"}),
    exp.Nullif: _TWO,
    exp.Greatest: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Least: frozenset({"this", "expressions", "ignore_nulls"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to", "safe"}),
    exp.Grouping: frozenset({"expressions"}),
    # Text.
    exp.Lower: _THIS,
    exp.Upper: _THIS,
    exp.Trim: frozenset({"this", "expression", "position"}),
    exp.Substring: frozenset({"this", "start", "length"}),
    exp.Left: _TWO,
    exp.Right: _TWO,
    exp.Length: _THIS,
    exp.BitLength: _THIS,
    exp.Replace: frozenset({"this", "expression", "replacement"}),
    exp.Concat: frozenset({"expressions", "safe", "coalesce"}),
    exp.ConcatWs: frozenset({"expressions", "safe", "coalesce"}),
    exp.StrPosition: frozenset({"this", "substr"}),
    exp.Contains: _TWO,
    exp.StartsWith: _TWO,
    exp.EndsWith: _TWO,
    exp.Pad: frozenset({"this", "expression", "fill_pattern", "is_left"}),
    exp.Repeat: frozenset({"this", "times"}),
    exp.Reverse: _THIS,
    exp.SplitPart: frozenset({"this", "delimiter", "part_index"}),
    exp.RegexpLike: frozenset({"this", "expression", "flag"}),
    exp.RegexpFullMatch: _TWO,
    exp.RegexpReplace: frozenset({"this", "expression", "replacement", "modifiers", "single_replace"}),
    exp.RegexpExtract: frozenset(
        {"this", "expression", "group", "null_if_pos_overflow", "empty_if_group_missing"}
    ),
    exp.Translate: frozenset({"this", "from_", "to"}),
    exp.Ascii: _THIS,
    exp.Chr: frozenset({"expressions"}),
    exp.Unicode: _THIS,
    exp.Levenshtein: _TWO,
    exp.JarowinklerSimilarity: _TWO,
    exp.MD5: _THIS,
    exp.SHA: _THIS,
    exp.SHA2: frozenset({"this", "length"}),
    exp.Hex: _THIS,
    exp.Split: _TWO,
    exp.ArrayToString: _TWO,
    exp.JSONExtractScalar: _TWO,
    # Numbers.
    exp.Abs: _THIS,
    exp.Round: frozenset({"this", "decimals"}),
    exp.Floor: _THIS,
    exp.Ceil: _THIS,
    exp.Trunc: frozenset({"this", "decimals"}),
    exp.Sqrt: _THIS,
    exp.Cbrt: _THIS,
    exp.Pow: _TWO,
    exp.Sign: _THIS,
    exp.Exp: _THIS,
    exp.Ln: _THIS,
    exp.Log: _TWO,
    exp.Pi: _NONE,
    exp.Degrees: _THIS,
    exp.Radians: _THIS,
    exp.Sin: _THIS,
    exp.Cos: _THIS,
    exp.Tan: _THIS,
    exp.Asin: _THIS,
    exp.Acos: _THIS,
    exp.Atan: _THIS,
    exp.Atan2: _TWO,
    exp.Cot: _THIS,
    exp.Factorial: _THIS,
    exp.IsNan: _THIS,
    exp.IsInf: _THIS,
    exp.BitwiseXor: _TWO,
    # Dates and times.
    exp.Extract: _TWO,
    exp.Year: _THIS,
    exp.Month: _THIS,
    exp.Day: _THIS,
    exp.DayOfMonth: _THIS,
    exp.Quarter: _THIS,
    exp.Week: _THIS,
    exp.WeekOfYear: _THIS,
    exp.DayOfWeek: _THIS,
    exp.DayOfWeekIso: _THIS,
    exp.DayOfYear: _THIS,
    exp.Hour: _THIS,
    exp.Minute: _THIS,
    exp.Second: _THIS,
    exp.Dayname: _THIS,
    exp.Monthname: _THIS,
    exp.TimeToUnix: _THIS,
    exp.TimestampTrunc: frozenset({"this", "unit"}),
    exp.DateTrunc: frozenset({"this", "unit", "zone"}),
    exp.DateDiff: frozenset({"this", "expression", "unit", "date_part_boundary"}),
    exp.DateAdd: _TWO,
    exp.DateBin: _TWO,
    exp.ToDays: _THIS,
    exp.TimeToStr: frozenset({"this", "format"}),
    exp.StrToTime: frozenset({"this", "format"}),
    exp.DateFromParts: frozenset({"year", "month", "day"}),
    exp.TimestampFromParts: frozenset({"year", "month", "day", "hour", "min", "sec"}),
    exp.TimeFromParts: frozenset({"hour", "min", "sec"}),
    exp.LastDay: _THIS,
    exp.Date: _THIS,
    exp.CurrentDate: _NONE,
    exp.CurrentTimestamp: _NONE,
    exp.Localtimestamp: _NONE,
    # Lists.
    exp.ArrayContains: _TWO,
    exp.ArraySize: _THIS,
    exp.ArrayDistinct: frozenset({"this", "check_null"}),
    exp.ArrayConcat: frozenset({"this", "expressions"}),
}

NAMED_AGGREGATES = frozenset(
    {
        "mean",
        "product",
        "geomean",
        "geometric_mean",
        "kurtosis_pop",
        "entropy",
        "mad",
        "favg",
        "fsum",
        "kahan_sum",
        "sem",
        "sum_no_overflow",
    }
)

NAMED_SCALARS = frozenset(
    {
        # Text.
        "strlen",
        "octet_length",
        "prefix",
        "suffix",
        "ord",
        "damerau_levenshtein",
        "hamming",
        "jaccard",
        "jaro_similarity",
        "nfc_normalize",
        "strip_accents",
        "regexp_escape",
        "bin",
        # Numbers.
        "fmod",
        "fdiv",
        "divide",
        "isfinite",
        "even",
        "gcd",
        "lcm",
        "bit_count",
        "hash",
        "gamma",
        "lgamma",
        # Dates and times.
        "date_part",
        "datepart",
        "date_sub",
        "datesub",
        "yearweek",
        "isoyear",
        "weekday",
        "millisecond",
        "microsecond",
        "epoch_us",
        "epoch_ns",
        "century",
        "decade",
        "era",
        "age",
        "try_strptime",
        "to_weeks",
        "to_months",
        "to_years",
        "to_hours",
        "to_minutes",
        "to_seconds",
        "timezone",
        # Lists.
        "list_extract",
        "list_position",
        "list_sum",
        "list_avg",
        # The present, replaced by one instant per question.
        "now",
        "get_current_timestamp",
        "transaction_timestamp",
    }
)

FUNCTIONS: Mapping[type[exp.Expr], frozenset[str]] = {**AGGREGATES, **WINDOWS, **SCALARS}
NAMES = NAMED_AGGREGATES | NAMED_SCALARS
_AGGREGATE_CLASSES = frozenset(AGGREGATES)


def is_aggregate_call(node: exp.Expr) -> bool:
    """True for a call of an aggregate function, whether or not a window stands around it."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in NAMED_AGGREGATES
    return type(node) in _AGGREGATE_CLASSES

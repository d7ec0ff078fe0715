"""Column masks: expressions that show a changed value of one column, of the same type.

Text masks write `*` for each character they hide, drop blanks at both ends first where they know the format
(names, numbers), and hide a value wholly when it is too short, or not of the expected form, to hide in part.
NULL stays NULL, except under `constant`, which does not read the column at all. `token` calls a function that
only an agent's own engine has.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from sqlglot import exp

from comity.errors import SqlError
from policies.expressions import (
    attributes_in,
    columns_in,
    parse_scalar,
    place_columns,
    type_of,
)
from policies.model import Mask
from policies.surnames import COMPOUND_SURNAMES
from policies.tokens import TEXT, TOKEN_FUNCTION

_INTEGERS = frozenset(
    f"{prefix}{size}INT" for prefix in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")
) | {"INTEGER", "UINTEGER"}
_TIMES = frozenset(
    {"DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
)

TEXT_MASKS = ("keep_first", "keep_last", "person_name", "phone", "id_number", "credit_code", "address")
DATE_MASKS = ("year", "month")

# A province, a city and a district, each optional, each up to its own ending. The letter before 区 may not be
# that of 小区, 社区, 园区 and the like, which are homes and not districts.
_ADDRESS = (
    "^(?:[^省市区县旗0-9]{2,8}(?:省|自治区|特别行政区))?"
    "(?:[^省市区县旗镇乡街路号0-9]{1,10}(?:自治州|地区|盟|市))?"
    "(?:[^省市区县旗镇乡街路号0-9]{0,10}[^省市区县旗镇乡街路号小社园厂校库景0-9]区"
    "|[^省市区县旗镇乡街路号0-9]{1,12}(?:县|旗|市))?"
)

_HASHES = (exp.MD5, exp.MD5Digest, exp.SHA, exp.SHA2, exp.StandardHash, exp.FarmFingerprint)
_NAMED_HASHES = frozenset({"hash"})
_HASH_CALL = re.compile(r"(?i)\b((?:md5|sha|hash|crc|xxh|murmur|fnv|farm)\w*)\s*\(")

_KEEP = "CASE WHEN length({x}) <= {n} THEN repeat('*', length({x})) ELSE {kept} END"

_TEXT: dict[str, str] = {
    "keep_first": _KEEP.replace("{kept}", "left({x}, {n}) || repeat('*', length({x}) - {n})"),
    "keep_last": _KEEP.replace("{kept}", "repeat('*', length({x}) - {n}) || right({x}, {n})"),
    "person_name": (
        "CASE WHEN length(trim({x})) <= 1 THEN repeat('*', length(trim({x}))) "
        "WHEN regexp_matches(trim({x}), '(?s)^(?:{surnames}).') "
        "THEN left(trim({x}), 2) || repeat('*', length(trim({x})) - 2) "
        "ELSE left(trim({x}), 1) || repeat('*', length(trim({x})) - 1) END"
    ),
    "phone": (
        "CASE WHEN length(trim({x})) < 11 THEN repeat('*', length(trim({x}))) "
        "ELSE left(trim({x}), 3) || repeat('*', length(trim({x})) - 7) || right(trim({x}), 4) END"
    ),
    # The division (6) and the sequence (last 4, or 3 of the old 15-digit form) stay, the date of birth goes.
    "id_number": (
        "CASE length(trim({x})) "
        "WHEN 18 THEN left(trim({x}), 6) || repeat('*', 8) || right(trim({x}), 4) "
        "WHEN 15 THEN left(trim({x}), 6) || repeat('*', 6) || right(trim({x}), 3) "
        "ELSE repeat('*', length(trim({x}))) END"
    ),
    "credit_code": (
        "CASE length(trim({x})) WHEN 18 THEN left(trim({x}), 8) || repeat('*', 8) || right(trim({x}), 2) "
        "ELSE repeat('*', length(trim({x}))) END"
    ),
    "address": f"regexp_extract(trim({{x}}), '{_ADDRESS}') || '***'",
}


def mask_expression(mask: Mask, column: exp.Column, kind: str) -> exp.Expr:
    """The masked value of `column`, whose canonical type is `kind`, as a DuckDB expression of that type.

    Raises `SqlError`: `SQL_TYPE` when the mask does not fit the type.
    """
    return _placed(mask, column.name, column.table, kind).copy()


def check_mask(mask: Mask, column: str, kind: str | None) -> None:
    """Checks that the mask reads only `column` and fits its type; `kind` None checks what needs no type.

    Raises `SqlError`, whose message says what does not fit.
    """
    if mask.name == "sql":
        _own_column_only(mask, column)
    if kind is not None:
        _template(mask, column, kind)


@lru_cache(maxsize=4096)
def _placed(mask: Mask, column: str, relation: str, kind: str) -> exp.Expr:
    return place_columns(_template(mask, column, kind).copy(), (column,), relation)


@lru_cache(maxsize=4096)
def _template(mask: Mask, column: str, kind: str) -> exp.Expr:
    if mask.name == "token":
        return _token(mask, column, kind)
    if mask.name == "sql":
        tree = _own_column_only(mask, column)
    else:
        name = exp.to_identifier(column, quoted=True).sql(dialect="duckdb")
        tree = parse_scalar(_BUILDERS[mask.name](mask, kind).replace("{x}", name))
    found = type_of(tree, {column: kind})
    if found != kind:
        message = f"the mask's expression is {found} and the column {kind}: CAST it, so that the type stays"
        raise SqlError(message, code="SQL_TYPE")
    return tree


def hash_in(tree: exp.Expr) -> str:
    """The name of a hash without a key that an expression calls; empty for none."""
    for call in tree.find_all(*_HASHES, exp.Anonymous):
        if not isinstance(call, exp.Anonymous):
            return call.sql_name()
        if call.name.lower() in _NAMED_HASHES:
            return call.name
    return ""


def _own_column_only(mask: Mask, column: str) -> exp.Expr:
    text = mask.argument or ""
    called = _HASH_CALL.search(text)
    try:
        tree = parse_scalar(text)
    except SqlError as error:
        if error.code == "SQL_FUNCTION_REFUSED" and called is not None:
            raise _unkeyed(called[1]) from None
        raise
    if hashed := hash_in(tree):
        raise _unkeyed(called[1] if called is not None else hashed)
    if next(attributes_in(tree), None) is not None:
        raise SqlError("a mask cannot depend on the caller", code="SQL_COLUMN_UNKNOWN")
    for reference in columns_in(tree):
        if len(reference.parts) != 1 or reference.name.lower() != column.lower():
            message = f"a mask reads its own column only, and this one reads `{reference.name}`"
            raise SqlError(message, code="SQL_COLUMN_UNKNOWN")
    return tree


def _unkeyed(function: str) -> SqlError:
    return SqlError(
        f"{function.lower()} hides nothing: whoever knows the function can hash every possible number and compare "
        "(the citizen numbers of one county over a century are about 36.5 million, minutes of work); "
        "use `mask: token`, which has a key",
        code="SQL_FUNCTION_REFUSED",
    )


def _token(mask: Mask, column: str, kind: str) -> exp.Expr:
    """A call of the function that the agent gives its engine; `mask.argument` says what the value is."""
    if kind != "VARCHAR":
        message = f"the mask token is for text and the column is {kind}: publish it with type: VARCHAR"
        raise SqlError(message, code="SQL_TYPE")
    element = exp.Literal.string(mask.argument or TEXT)
    return exp.Anonymous(this=TOKEN_FUNCTION.upper(), expressions=[exp.column(column, quoted=True), element])


def _text(mask: Mask, kind: str) -> str:
    if kind != "VARCHAR":
        message = f"the mask {mask.name} is for text and the column is {kind}: publish it with type: VARCHAR"
        raise SqlError(message, code="SQL_TYPE")
    text = _TEXT[mask.name].replace("{n}", mask.argument or "0")
    return text.replace("{surnames}", "|".join(COMPOUND_SURNAMES))


def _truncated(mask: Mask, kind: str) -> str:
    if kind not in _TIMES:
        message = f"the mask {mask.name} is for dates and timestamps and the column is {kind}"
        raise SqlError(message, code="SQL_TYPE")
    return f"CAST(date_trunc('{mask.name}', {{x}}) AS {kind})"


def _bucket(mask: Mask, kind: str) -> str:
    size = mask.argument or "0"
    decimals = len(size.partition(".")[2])
    if kind in _INTEGERS:
        if decimals:
            raise SqlError(f"a bucket of {size} does not fit whole numbers", code="SQL_TYPE")
        # In the widest integer, so that the detour through the remainder cannot overflow.
        wide, step = "TRY_CAST({x} AS HUGEINT)", f"CAST({size} AS HUGEINT)"
    elif kind.startswith("DECIMAL"):
        scale = int(kind.rstrip(")").partition(",")[2])
        if decimals > scale:
            raise SqlError(f"a bucket of {size} is finer than {kind}", code="SQL_TYPE")
        wide, step = f"CAST({{x}} AS DECIMAL(38,{scale}))", f"CAST({size} AS DECIMAL(38,{scale}))"
    elif kind in {"FLOAT", "DOUBLE"}:
        return f"CAST(floor({{x}} / {size}) * {size} AS {kind})"
    else:
        raise SqlError(f"the mask bucket is for numbers and the column is {kind}", code="SQL_TYPE")
    return f"TRY_CAST({wide} - ((({wide} % {step}) + {step}) % {step}) AS {kind})"


def _null(_mask: Mask, kind: str) -> str:
    return f"CAST(NULL AS {kind})"


def _constant(mask: Mask, kind: str) -> str:
    text = (mask.argument or "").replace("'", "''")
    return f"CAST('{text}' AS {kind})"


_BUILDERS: dict[str, Callable[[Mask, str], str]] = {
    "null": _null,
    "constant": _constant,
    "bucket": _bucket,
    **dict.fromkeys(TEXT_MASKS, _text),
    **dict.fromkeys(DATE_MASKS, _truncated),
}

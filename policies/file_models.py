"""The files of a department as pydantic models: what may be written where, and in which form.

They are strict (an unknown key or a value of another type is an error) and carry the descriptions that
editors show through the generated JSON Schema. What they mean is in `policies.model` and
`policies.department`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

Use = Literal["read", "filter", "match", "join", "group", "order", "aggregate"]
MaskWord = Literal[
    "null", "person_name", "phone", "id_number", "credit_code", "address", "year", "month", "token"
]
Aggregate = Literal["count", "sum", "avg", "min", "max", "variance", "stddev", "bool_and", "bool_or"]
Grade = Literal["core", "important", "general"]


class FileModel(BaseModel):
    """A mapping of a file: strict and closed."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    may_be_empty: ClassVar[frozenset[str]] = frozenset()
    """Keys that may stand without a value. Elsewhere that would read as "not given", and could widen a rule."""

    @model_validator(mode="before")
    @classmethod
    def _no_empty_keys(cls, data: object) -> object:
        if isinstance(data, dict):
            for key, value in data.items():
                if value is None and key not in cls.may_be_empty:
                    raise PydanticCustomError("empty_key", "has no value", {"key": key})
        return data


def _iso_date(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("iso_date", "must be a date written as 2026-12-31")


IsoDate = Annotated[date, BeforeValidator(_iso_date)]
Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
# In JSON Schema, where \w may mean ASCII only: no ASCII punctuation, no blanks, no digit first.
_NAME_SCHEMA = "^[^\\s!-@\\[-^`{-~][^\\s!-/:-@\\[-^`{-~]*$"
_ID_SCHEMA = "^[^\\s!-/:-@\\[-^`{-~][^\\s!-,/:-@\\[-^`{-~]*$"

Name = Annotated[
    str,
    Field(pattern=r"^[^\W\d]\w*$", max_length=63),
    WithJsonSchema({"type": "string", "pattern": _NAME_SCHEMA, "maxLength": 63}),
]
"""A published name: letters (Chinese too), digits and underscores, at most 63 bytes."""

GrantId = Annotated[
    str,
    Field(pattern=r"^\w[\w.-]*$", max_length=100),
    WithJsonSchema({"type": "string", "pattern": _ID_SCHEMA, "maxLength": 100}),
]
Scalar = str | int | float | bool | None
AttributeScalar = str | int | bool


class Principals(FileModel):
    """Whom a grant names. Every key given must match; at least one is required; an empty list matches nobody."""

    departments: tuple[Text, ...] | None = Field(
        default=None, description="The caller's department is one of these."
    )
    roles: tuple[Text, ...] | None = Field(
        default=None, description="The caller has at least one of these roles."
    )
    subjects: tuple[Text, ...] | None = Field(default=None, description="The caller is one of these.")
    attributes: dict[str, AttributeScalar | tuple[AttributeScalar, ...]] | None = Field(
        default=None,
        description="The caller has each of these attributes, with this value or one of these values.",
    )

    @model_validator(mode="after")
    def _at_least_one(self) -> Principals:
        if not self.model_fields_set:
            raise PydanticCustomError(
                "principals_empty", "names nobody: give departments, roles, subjects or attributes"
            )
        return self


class Validity(FileModel):
    """The days on which a grant applies, both included."""

    from_: IsoDate | None = Field(default=None, alias="from", description="The first day.")
    until: IsoDate | None = Field(default=None, description="The last day.")

    @model_validator(mode="after")
    def _in_order(self) -> Validity:
        if self.from_ and self.until and self.until < self.from_:
            raise PydanticCustomError(
                "validity_order", "until is before from, so the grant would never apply"
            )
        return self


class ConstantMask(FileModel):
    """Shows one value in every row, also where the column is NULL."""

    constant: str | int | float | bool


class KeepFirstMask(FileModel):
    """Keeps the first characters; each of the rest becomes *."""

    keep_first: Annotated[int, Field(ge=1, le=1000)]


class KeepLastMask(FileModel):
    """Keeps the last characters; each of the rest becomes *."""

    keep_last: Annotated[int, Field(ge=1, le=1000)]


class BucketMask(FileModel):
    """Rounds a number down to a multiple of the size."""

    bucket: Annotated[int, Field(gt=0)] | Annotated[float, Field(gt=0)]


class SqlMask(FileModel):
    """Shows the value of an expression over the column itself, and no other column."""

    sql: Text


class TokenMask(FileModel):
    """Shows a keyed pseudonym of the value, whose way of writing is normalised first."""

    token: Literal["citizen_number", "credit_code", "text"]


MASK_FORMS: dict[str, type[FileModel]] = {
    "constant": ConstantMask,
    "keep_first": KeepFirstMask,
    "keep_last": KeepLastMask,
    "bucket": BucketMask,
    "sql": SqlMask,
    "token": TokenMask,
}


def _mask_form(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return "word"
    if isinstance(value, dict) and len(value) == 1:
        return next((form for form in MASK_FORMS if form in value), None)
    return next((form for form, model in MASK_FORMS.items() if isinstance(value, model)), None)


MaskForm = Annotated[
    Annotated[MaskWord | None, Tag("word")]
    | Annotated[ConstantMask, Tag("constant")]
    | Annotated[KeepFirstMask, Tag("keep_first")]
    | Annotated[KeepLastMask, Tag("keep_last")]
    | Annotated[BucketMask, Tag("bucket")]
    | Annotated[SqlMask, Tag("sql")]
    | Annotated[TokenMask, Tag("token")],
    Discriminator(
        _mask_form,
        custom_error_type="mask_form",
        custom_error_message="is not a mask: write one of "
        + ", ".join(get_args(MaskWord))
        + ", or one of "
        + ", ".join(f"{{{form}: …}}" for form in MASK_FORMS),
    ),
]


class Column(FileModel):
    """What a grant allows of one column."""

    may_be_empty = frozenset({"mask"})

    use: tuple[Use, ...] | None = Field(
        default=None,
        description="What the column may be used for; read implies every use, and an empty list none: the "
        "column is known to exist. Left out beside a mask: read, of the masked value.",
    )
    mask: MaskForm = Field(default=None, description="How values are changed before anything sees them.")
    functions: tuple[Aggregate, ...] | None = Field(
        default=None, description="The aggregates that a column with the use aggregate may stand in."
    )

    @property
    def has_mask(self) -> bool:
        """Whether a mask is given; `mask: null` is the null mask, not the absence of one."""
        return "mask" in self.model_fields_set

    @model_validator(mode="after")
    def _says_something(self) -> Column:
        if self.use is None and not self.has_mask:
            raise PydanticCustomError("column_empty", "says nothing: give use, mask or both")
        if self.functions is not None and (
            self.use is None or "aggregate" not in self.use or "read" in self.use
        ):
            raise PydanticCustomError(
                "functions_unused", "functions restrict a column whose uses have aggregate and not read"
            )
        return self


class FloorForm(FileModel):
    """The least number of distinct entities that an aggregate may rest on."""

    entities: Annotated[int, Field(ge=1)]


Count = Annotated[int, Field(ge=1)]

TablePattern = Annotated[str, Field(pattern=r"^[^\s.]+\.[^\s.]+$")]
"""`department.table`, where `*`, `?` and `[…]` stand for parts of a name."""

ColumnPattern = Annotated[str, Field(pattern=r"^[^\s.]+\.[^\s.]+\.[^\s.]+$")]
"""`department.table.column`, likewise."""


class JoinsForm(FileModel):
    """With what the table may be joined."""

    required: tuple[TablePattern, ...] | None = Field(
        default=None, description="Every row counts only where it is joined with one of these tables."
    )
    allowed: dict[str, tuple[ColumnPattern, ...]] = Field(
        default_factory=dict,
        description="Columns to the columns of other tables that they may be joined with; others: with none.",
    )
    blocked: dict[str, tuple[ColumnPattern, ...]] = Field(
        default_factory=dict, description="Columns to the columns that they may not be joined with."
    )

    @model_validator(mode="after")
    def _says_something(self) -> JoinsForm:
        if not self.model_fields_set:
            raise PydanticCustomError("joins_empty", "says nothing: give required, allowed or blocked")
        return self


class LimitsForm(FileModel):
    """How much the grant may hand out, per query and per day."""

    rows: Count | None = Field(default=None, description="The most rows of one query.")
    bytes: Count | None = Field(default=None, description="The most bytes of one query.")
    rows_per_day: Count | None = Field(default=None, description="The most rows of one day.")
    bytes_per_day: Count | None = Field(default=None, description="The most bytes of one day.")
    matches: Count | None = Field(
        default=None, description="The most values that one query may compare with match-only columns."
    )
    matches_per_day: Count | None = Field(default=None, description="The most such values of one day.")


class GrantForm(FileModel):
    """Who may use which columns of the table, for which purposes, until when, and how."""

    id: GrantId = Field(description="A name unique in the file; decisions and the audit log cite it.")
    reason: Text = Field(description="Why: the agreement or law that the grant rests on.")
    request: Text | None = Field(default=None, description="The number of the request that led to the grant.")
    principals: Principals
    purposes: tuple[Text, ...] = Field(description="Purposes of federation.yaml; an empty list allows none.")
    valid: Validity | None = Field(
        default=None, description="The days on which the grant applies; absent: always."
    )
    columns: dict[str, Column] = Field(
        description="Published columns. A column that is not listed is hidden."
    )
    rows: Text | None = Field(
        default=None, description="A condition over the table's published columns and principal.<attribute>."
    )
    floor: FloorForm | None = None
    limits: LimitsForm | None = None
    joins: JoinsForm | None = None
    crossing: Literal["aggregate", "raw"] = Field(
        default="aggregate",
        description="Whether row values of columns without read may reach the merge: raw, or only aggregates.",
    )
    key_exchange: tuple[Text, ...] = Field(
        default=(), description="Departments whose fragments may receive this table's join keys."
    )


class PolicyFile(FileModel):
    """policies/<table>.yaml: every grant on one published table. What no grant opens is closed."""

    table: Name
    grants: tuple[GrantForm, ...]


class SourceForm(FileModel):
    """The department's database."""

    connector: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        description="The connector's name: postgresql, mysql, sqlite, duckdb."
    )
    uri: Text = Field(
        description="Where it is. Secrets come from ${VARIABLES} or file:…, never from this file."
    )


class PublishedColumnForm(FileModel):
    """One published column: a physical column (from), or an expression over physical columns (expr)."""

    from_: Text | None = Field(
        default=None, alias="from", description="The physical column; absent: the same name."
    )
    expr: Text | None = Field(
        default=None, description="A DuckDB expression over the table's physical columns."
    )
    type: Text | None = Field(
        default=None, description="The published type; absent: that of the column or expression."
    )
    title: Text | None = None
    codes: dict[str, str] | None = Field(
        default=None, description='Physical codes to published values. "*" stands for every code not listed.'
    )
    element: Text | None = Field(
        default=None, description="The data element of the standard that it follows."
    )
    grade: Grade | None = Field(default=None, description="Absent: that of the table.")

    @model_validator(mode="after")
    def _one_origin(self) -> PublishedColumnForm:
        if self.from_ is not None and self.expr is not None:
            raise PydanticCustomError("two_origins", "give from or expr, not both")
        if self.codes is not None and not self.codes:
            raise PydanticCustomError("codes_empty", "codes is empty: list them, or leave it out")
        return self


class PublishedTableForm(FileModel):
    """One table that the department offers."""

    from_: Text | None = Field(
        default=None,
        alias="from",
        description='The physical table: schema.table; "quoted" parts may hold dots.',
    )
    title: Text | None = None
    sharing: Literal["unconditional", "conditional", "none"] = "conditional"
    legal_basis: Text | None = Field(
        default=None, description="The law that forbids sharing; required by sharing: none."
    )
    grade: Grade = "general"
    catalogue: bool = Field(
        default=False,
        description="Whether every authenticated caller may know that the table and its columns exist.",
    )
    entity: Name | None = Field(
        default=None, description="The published column that identifies whom a floor counts."
    )
    update: Text | None = Field(default=None, description="How often the data changes: daily, monthly.")
    columns: dict[str, PublishedColumnForm | None] | None = Field(
        default=None, description="Published columns; absent: every physical column under its own name."
    )

    @model_validator(mode="after")
    def _none_cites_its_law(self) -> PublishedTableForm:
        if self.sharing == "none" and self.legal_basis is None:
            raise PydanticCustomError("legal_basis", "sharing: none must cite its law in legal_basis")
        if self.columns is not None and not self.columns:
            raise PydanticCustomError("columns_empty", "columns is empty: list them, or leave it out")
        return self


class TokensForm(FileModel):
    """How the mask token makes pseudonyms."""

    key: Text = Field(
        description="The secret key, as ${VARIABLE} or file:…, the same in every department that may link."
    )
    algorithm: Literal["hmac-sha256", "hmac-sm3"] = "hmac-sha256"


class StatisticsForm(FileModel):
    """What the planner may ask the database about its tables' contents."""

    refresh_minutes: int = Field(
        default=60,
        ge=0,
        description="How often the source's own statistics are read again, for estimates; 0: never.",
    )


class DepartmentFile(FileModel):
    """department.yaml: a department, its database, and the tables it publishes."""

    name: Name
    title: Text | None = None
    source: SourceForm
    tokens: TokensForm | None = None
    state: Text = Field(
        default="state/", description="Directory of the agent's own records, beside this file: daily counts."
    )
    statistics: StatisticsForm = Field(default_factory=lambda: StatisticsForm.model_validate({}))
    show_native_sql: Principals | None = Field(
        default=None,
        description="Who may see, in plans of their own questions, what the department's database ran; absent: nobody.",
    )
    tables: dict[str, PublishedTableForm | None]


def describe_type(value: Any) -> str:
    """The YAML word for a value's type, for messages."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case tuple() | list():
            return "a list"
        case dict():
            return "a mapping"
    return type(value).__name__

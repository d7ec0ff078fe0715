from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FragmentMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FRAGMENT_MODE_UNSPECIFIED: _ClassVar[FragmentMode]
    FRAGMENT_MODE_NATIVE: _ClassVar[FragmentMode]
    FRAGMENT_MODE_LOCAL: _ClassVar[FragmentMode]
FRAGMENT_MODE_UNSPECIFIED: FragmentMode
FRAGMENT_MODE_NATIVE: FragmentMode
FRAGMENT_MODE_LOCAL: FragmentMode

class Principal(_message.Message):
    __slots__ = ("subject", "department", "roles", "attributes", "ceiling")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: AttributeValue
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[AttributeValue, _Mapping]] = ...) -> None: ...
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    CEILING_FIELD_NUMBER: _ClassVar[int]
    subject: str
    department: str
    roles: _containers.RepeatedScalarFieldContainer[str]
    attributes: _containers.MessageMap[str, AttributeValue]
    ceiling: str
    def __init__(self, subject: _Optional[str] = ..., department: _Optional[str] = ..., roles: _Optional[_Iterable[str]] = ..., attributes: _Optional[_Mapping[str, AttributeValue]] = ..., ceiling: _Optional[str] = ...) -> None: ...

class AttributeValue(_message.Message):
    __slots__ = ("string_value", "int_value", "bool_value", "list_value")
    STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
    INT_VALUE_FIELD_NUMBER: _ClassVar[int]
    BOOL_VALUE_FIELD_NUMBER: _ClassVar[int]
    LIST_VALUE_FIELD_NUMBER: _ClassVar[int]
    string_value: str
    int_value: int
    bool_value: bool
    list_value: StringList
    def __init__(self, string_value: _Optional[str] = ..., int_value: _Optional[int] = ..., bool_value: _Optional[bool] = ..., list_value: _Optional[_Union[StringList, _Mapping]] = ...) -> None: ...

class StringList(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DescribeResponse(_message.Message):
    __slots__ = ("department", "title", "tables", "version")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    department: str
    title: str
    tables: _containers.RepeatedCompositeFieldContainer[PublishedTable]
    version: str
    def __init__(self, department: _Optional[str] = ..., title: _Optional[str] = ..., tables: _Optional[_Iterable[_Union[PublishedTable, _Mapping]]] = ..., version: _Optional[str] = ...) -> None: ...

class PublishedTable(_message.Message):
    __slots__ = ("name", "title", "sharing", "grade", "update", "columns", "row_estimate")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SHARING_FIELD_NUMBER: _ClassVar[int]
    GRADE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROW_ESTIMATE_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    sharing: str
    grade: str
    update: str
    columns: _containers.RepeatedCompositeFieldContainer[PublishedColumn]
    row_estimate: int
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., sharing: _Optional[str] = ..., grade: _Optional[str] = ..., update: _Optional[str] = ..., columns: _Optional[_Iterable[_Union[PublishedColumn, _Mapping]]] = ..., row_estimate: _Optional[int] = ...) -> None: ...

class PublishedColumn(_message.Message):
    __slots__ = ("name", "type", "title", "element")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    title: str
    element: str
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., title: _Optional[str] = ..., element: _Optional[str] = ...) -> None: ...

class DecideRequest(_message.Message):
    __slots__ = ("principal", "purpose", "uses", "include_visible", "fragment", "grants")
    class GrantsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_VISIBLE_FIELD_NUMBER: _ClassVar[int]
    FRAGMENT_FIELD_NUMBER: _ClassVar[int]
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    principal: Principal
    purpose: str
    uses: _containers.RepeatedCompositeFieldContainer[TableUse]
    include_visible: bool
    fragment: bool
    grants: _containers.ScalarMap[str, str]
    def __init__(self, principal: _Optional[_Union[Principal, _Mapping]] = ..., purpose: _Optional[str] = ..., uses: _Optional[_Iterable[_Union[TableUse, _Mapping]]] = ..., include_visible: _Optional[bool] = ..., fragment: _Optional[bool] = ..., grants: _Optional[_Mapping[str, str]] = ...) -> None: ...

class TableUse(_message.Message):
    __slots__ = ("table", "columns", "uses", "joined")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    JOINED_FIELD_NUMBER: _ClassVar[int]
    table: str
    columns: _containers.RepeatedScalarFieldContainer[str]
    uses: _containers.RepeatedCompositeFieldContainer[ColumnUse]
    joined: _containers.RepeatedCompositeFieldContainer[JoinedTables]
    def __init__(self, table: _Optional[str] = ..., columns: _Optional[_Iterable[str]] = ..., uses: _Optional[_Iterable[_Union[ColumnUse, _Mapping]]] = ..., joined: _Optional[_Iterable[_Union[JoinedTables, _Mapping]]] = ...) -> None: ...

class ColumnUse(_message.Message):
    __slots__ = ("column", "use", "how", "function", "partner", "values", "fails", "line", "place", "bare")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    HOW_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    PARTNER_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FAILS_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    BARE_FIELD_NUMBER: _ClassVar[int]
    column: str
    use: str
    how: str
    function: str
    partner: ColumnName
    values: int
    fails: bool
    line: int
    place: int
    bare: bool
    def __init__(self, column: _Optional[str] = ..., use: _Optional[str] = ..., how: _Optional[str] = ..., function: _Optional[str] = ..., partner: _Optional[_Union[ColumnName, _Mapping]] = ..., values: _Optional[int] = ..., fails: _Optional[bool] = ..., line: _Optional[int] = ..., place: _Optional[int] = ..., bare: _Optional[bool] = ...) -> None: ...

class ColumnName(_message.Message):
    __slots__ = ("department", "table", "column")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    department: str
    table: str
    column: str
    def __init__(self, department: _Optional[str] = ..., table: _Optional[str] = ..., column: _Optional[str] = ...) -> None: ...

class JoinedTables(_message.Message):
    __slots__ = ("alternatives",)
    ALTERNATIVES_FIELD_NUMBER: _ClassVar[int]
    alternatives: _containers.RepeatedCompositeFieldContainer[TableName]
    def __init__(self, alternatives: _Optional[_Iterable[_Union[TableName, _Mapping]]] = ...) -> None: ...

class TableName(_message.Message):
    __slots__ = ("department", "table")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    department: str
    table: str
    def __init__(self, department: _Optional[str] = ..., table: _Optional[str] = ...) -> None: ...

class DecideResponse(_message.Message):
    __slots__ = ("decisions", "visible")
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    VISIBLE_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedCompositeFieldContainer[TableDecision]
    visible: _containers.RepeatedCompositeFieldContainer[TableVisibility]
    def __init__(self, decisions: _Optional[_Iterable[_Union[TableDecision, _Mapping]]] = ..., visible: _Optional[_Iterable[_Union[TableVisibility, _Mapping]]] = ...) -> None: ...

class TableDecision(_message.Message):
    __slots__ = ("table", "allowed", "known", "grant_id", "reasons", "columns", "row_filter", "legal_basis", "policy_digest", "obligations", "floor", "crossing", "refusals", "matches", "joins_required")
    class ObligationsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TABLE_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROW_FILTER_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    POLICY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    OBLIGATIONS_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    CROSSING_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    JOINS_REQUIRED_FIELD_NUMBER: _ClassVar[int]
    table: str
    allowed: bool
    known: bool
    grant_id: str
    reasons: _containers.RepeatedScalarFieldContainer[str]
    columns: _containers.RepeatedCompositeFieldContainer[ColumnDecision]
    row_filter: str
    legal_basis: str
    policy_digest: str
    obligations: _containers.ScalarMap[str, str]
    floor: Floor
    crossing: str
    refusals: _containers.RepeatedCompositeFieldContainer[Refusal]
    matches: int
    joins_required: bool
    def __init__(self, table: _Optional[str] = ..., allowed: _Optional[bool] = ..., known: _Optional[bool] = ..., grant_id: _Optional[str] = ..., reasons: _Optional[_Iterable[str]] = ..., columns: _Optional[_Iterable[_Union[ColumnDecision, _Mapping]]] = ..., row_filter: _Optional[str] = ..., legal_basis: _Optional[str] = ..., policy_digest: _Optional[str] = ..., obligations: _Optional[_Mapping[str, str]] = ..., floor: _Optional[_Union[Floor, _Mapping]] = ..., crossing: _Optional[str] = ..., refusals: _Optional[_Iterable[_Union[Refusal, _Mapping]]] = ..., matches: _Optional[int] = ..., joins_required: _Optional[bool] = ...) -> None: ...

class Floor(_message.Message):
    __slots__ = ("entities", "column")
    ENTITIES_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    entities: int
    column: str
    def __init__(self, entities: _Optional[int] = ..., column: _Optional[str] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("grant_id", "column", "use", "message", "remedy", "line", "place")
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REMEDY_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    PLACE_FIELD_NUMBER: _ClassVar[int]
    grant_id: str
    column: str
    use: str
    message: str
    remedy: str
    line: int
    place: int
    def __init__(self, grant_id: _Optional[str] = ..., column: _Optional[str] = ..., use: _Optional[str] = ..., message: _Optional[str] = ..., remedy: _Optional[str] = ..., line: _Optional[int] = ..., place: _Optional[int] = ...) -> None: ...

class ColumnDecision(_message.Message):
    __slots__ = ("column", "uses", "mask", "mask_argument", "functions", "grade")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    MASK_ARGUMENT_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    GRADE_FIELD_NUMBER: _ClassVar[int]
    column: str
    uses: _containers.RepeatedScalarFieldContainer[str]
    mask: str
    mask_argument: str
    functions: _containers.RepeatedScalarFieldContainer[str]
    grade: str
    def __init__(self, column: _Optional[str] = ..., uses: _Optional[_Iterable[str]] = ..., mask: _Optional[str] = ..., mask_argument: _Optional[str] = ..., functions: _Optional[_Iterable[str]] = ..., grade: _Optional[str] = ...) -> None: ...

class TableVisibility(_message.Message):
    __slots__ = ("table", "columns", "star", "masks", "purposes", "reasons", "uses", "stars", "grants")
    class MasksEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class UsesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ColumnUses
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ColumnUses, _Mapping]] = ...) -> None: ...
    TABLE_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    STAR_FIELD_NUMBER: _ClassVar[int]
    MASKS_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    STARS_FIELD_NUMBER: _ClassVar[int]
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    table: str
    columns: _containers.RepeatedScalarFieldContainer[str]
    star: _containers.RepeatedScalarFieldContainer[str]
    masks: _containers.ScalarMap[str, str]
    purposes: _containers.RepeatedScalarFieldContainer[str]
    reasons: _containers.RepeatedScalarFieldContainer[str]
    uses: _containers.MessageMap[str, ColumnUses]
    stars: _containers.RepeatedCompositeFieldContainer[GrantStar]
    grants: _containers.RepeatedCompositeFieldContainer[GrantView]
    def __init__(self, table: _Optional[str] = ..., columns: _Optional[_Iterable[str]] = ..., star: _Optional[_Iterable[str]] = ..., masks: _Optional[_Mapping[str, str]] = ..., purposes: _Optional[_Iterable[str]] = ..., reasons: _Optional[_Iterable[str]] = ..., uses: _Optional[_Mapping[str, ColumnUses]] = ..., stars: _Optional[_Iterable[_Union[GrantStar, _Mapping]]] = ..., grants: _Optional[_Iterable[_Union[GrantView, _Mapping]]] = ...) -> None: ...

class ColumnUses(_message.Message):
    __slots__ = ("uses", "functions", "grade")
    USES_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    GRADE_FIELD_NUMBER: _ClassVar[int]
    uses: _containers.RepeatedScalarFieldContainer[str]
    functions: _containers.RepeatedScalarFieldContainer[str]
    grade: str
    def __init__(self, uses: _Optional[_Iterable[str]] = ..., functions: _Optional[_Iterable[str]] = ..., grade: _Optional[str] = ...) -> None: ...

class GrantStar(_message.Message):
    __slots__ = ("grant_id", "columns")
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    grant_id: str
    columns: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, grant_id: _Optional[str] = ..., columns: _Optional[_Iterable[str]] = ...) -> None: ...

class GrantView(_message.Message):
    __slots__ = ("id", "reason", "request", "purposes", "valid_until", "columns", "rows", "rows_withheld", "floor", "crossing", "limits", "joins")
    class LimitsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    ROWS_WITHHELD_FIELD_NUMBER: _ClassVar[int]
    FLOOR_FIELD_NUMBER: _ClassVar[int]
    CROSSING_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    JOINS_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    request: str
    purposes: _containers.RepeatedScalarFieldContainer[str]
    valid_until: str
    columns: _containers.RepeatedCompositeFieldContainer[ColumnDecision]
    rows: str
    rows_withheld: bool
    floor: Floor
    crossing: str
    limits: _containers.ScalarMap[str, int]
    joins: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ..., request: _Optional[str] = ..., purposes: _Optional[_Iterable[str]] = ..., valid_until: _Optional[str] = ..., columns: _Optional[_Iterable[_Union[ColumnDecision, _Mapping]]] = ..., rows: _Optional[str] = ..., rows_withheld: _Optional[bool] = ..., floor: _Optional[_Union[Floor, _Mapping]] = ..., crossing: _Optional[str] = ..., limits: _Optional[_Mapping[str, int]] = ..., joins: _Optional[_Iterable[str]] = ...) -> None: ...

class RunFragmentRequest(_message.Message):
    __slots__ = ("query_id", "fragment_id", "principal", "purpose", "sql", "arrow_schema", "ordered", "grants")
    class GrantsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    FRAGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    SQL_FIELD_NUMBER: _ClassVar[int]
    ARROW_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    ORDERED_FIELD_NUMBER: _ClassVar[int]
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    query_id: str
    fragment_id: str
    principal: Principal
    purpose: str
    sql: str
    arrow_schema: bytes
    ordered: bool
    grants: _containers.ScalarMap[str, str]
    def __init__(self, query_id: _Optional[str] = ..., fragment_id: _Optional[str] = ..., principal: _Optional[_Union[Principal, _Mapping]] = ..., purpose: _Optional[str] = ..., sql: _Optional[str] = ..., arrow_schema: _Optional[bytes] = ..., ordered: _Optional[bool] = ..., grants: _Optional[_Mapping[str, str]] = ...) -> None: ...

class RunFragmentResponse(_message.Message):
    __slots__ = ("schema", "batch", "receipt")
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    schema: FragmentSchema
    batch: FragmentBatch
    receipt: FragmentReceipt
    def __init__(self, schema: _Optional[_Union[FragmentSchema, _Mapping]] = ..., batch: _Optional[_Union[FragmentBatch, _Mapping]] = ..., receipt: _Optional[_Union[FragmentReceipt, _Mapping]] = ...) -> None: ...

class FragmentSchema(_message.Message):
    __slots__ = ("arrow_schema",)
    ARROW_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    arrow_schema: bytes
    def __init__(self, arrow_schema: _Optional[bytes] = ...) -> None: ...

class FragmentBatch(_message.Message):
    __slots__ = ("arrow_batch", "rows")
    ARROW_BATCH_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    arrow_batch: bytes
    rows: int
    def __init__(self, arrow_batch: _Optional[bytes] = ..., rows: _Optional[int] = ...) -> None: ...

class FragmentReceipt(_message.Message):
    __slots__ = ("department", "fragment_id", "published_sql", "source_sql_digest", "mode", "mode_reason", "rows", "bytes", "seconds", "source_rows", "policy_digests", "audit_leaf_index", "suppressed_groups", "native_sql", "mode_withheld")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    FRAGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_SQL_FIELD_NUMBER: _ClassVar[int]
    SOURCE_SQL_DIGEST_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    MODE_REASON_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_ROWS_FIELD_NUMBER: _ClassVar[int]
    POLICY_DIGESTS_FIELD_NUMBER: _ClassVar[int]
    AUDIT_LEAF_INDEX_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSED_GROUPS_FIELD_NUMBER: _ClassVar[int]
    NATIVE_SQL_FIELD_NUMBER: _ClassVar[int]
    MODE_WITHHELD_FIELD_NUMBER: _ClassVar[int]
    department: str
    fragment_id: str
    published_sql: str
    source_sql_digest: str
    mode: FragmentMode
    mode_reason: str
    rows: int
    bytes: int
    seconds: float
    source_rows: int
    policy_digests: _containers.RepeatedScalarFieldContainer[str]
    audit_leaf_index: int
    suppressed_groups: int
    native_sql: _containers.RepeatedScalarFieldContainer[str]
    mode_withheld: bool
    def __init__(self, department: _Optional[str] = ..., fragment_id: _Optional[str] = ..., published_sql: _Optional[str] = ..., source_sql_digest: _Optional[str] = ..., mode: _Optional[_Union[FragmentMode, str]] = ..., mode_reason: _Optional[str] = ..., rows: _Optional[int] = ..., bytes: _Optional[int] = ..., seconds: _Optional[float] = ..., source_rows: _Optional[int] = ..., policy_digests: _Optional[_Iterable[str]] = ..., audit_leaf_index: _Optional[int] = ..., suppressed_groups: _Optional[int] = ..., native_sql: _Optional[_Iterable[str]] = ..., mode_withheld: _Optional[bool] = ...) -> None: ...

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
    __slots__ = ("subject", "department", "roles", "attributes")
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
    subject: str
    department: str
    roles: _containers.RepeatedScalarFieldContainer[str]
    attributes: _containers.MessageMap[str, AttributeValue]
    def __init__(self, subject: _Optional[str] = ..., department: _Optional[str] = ..., roles: _Optional[_Iterable[str]] = ..., attributes: _Optional[_Mapping[str, AttributeValue]] = ...) -> None: ...

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
    __slots__ = ("principal", "purpose", "uses", "include_visible")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_VISIBLE_FIELD_NUMBER: _ClassVar[int]
    principal: Principal
    purpose: str
    uses: _containers.RepeatedCompositeFieldContainer[TableUse]
    include_visible: bool
    def __init__(self, principal: _Optional[_Union[Principal, _Mapping]] = ..., purpose: _Optional[str] = ..., uses: _Optional[_Iterable[_Union[TableUse, _Mapping]]] = ..., include_visible: _Optional[bool] = ...) -> None: ...

class TableUse(_message.Message):
    __slots__ = ("table", "columns")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    table: str
    columns: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, table: _Optional[str] = ..., columns: _Optional[_Iterable[str]] = ...) -> None: ...

class DecideResponse(_message.Message):
    __slots__ = ("decisions", "visible")
    DECISIONS_FIELD_NUMBER: _ClassVar[int]
    VISIBLE_FIELD_NUMBER: _ClassVar[int]
    decisions: _containers.RepeatedCompositeFieldContainer[TableDecision]
    visible: _containers.RepeatedCompositeFieldContainer[TableVisibility]
    def __init__(self, decisions: _Optional[_Iterable[_Union[TableDecision, _Mapping]]] = ..., visible: _Optional[_Iterable[_Union[TableVisibility, _Mapping]]] = ...) -> None: ...

class TableDecision(_message.Message):
    __slots__ = ("table", "allowed", "known", "grant_id", "reasons", "columns", "row_filter", "legal_basis", "policy_digest", "obligations")
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
    def __init__(self, table: _Optional[str] = ..., allowed: _Optional[bool] = ..., known: _Optional[bool] = ..., grant_id: _Optional[str] = ..., reasons: _Optional[_Iterable[str]] = ..., columns: _Optional[_Iterable[_Union[ColumnDecision, _Mapping]]] = ..., row_filter: _Optional[str] = ..., legal_basis: _Optional[str] = ..., policy_digest: _Optional[str] = ..., obligations: _Optional[_Mapping[str, str]] = ...) -> None: ...

class ColumnDecision(_message.Message):
    __slots__ = ("column", "uses", "mask", "mask_argument")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    MASK_ARGUMENT_FIELD_NUMBER: _ClassVar[int]
    column: str
    uses: _containers.RepeatedScalarFieldContainer[str]
    mask: str
    mask_argument: str
    def __init__(self, column: _Optional[str] = ..., uses: _Optional[_Iterable[str]] = ..., mask: _Optional[str] = ..., mask_argument: _Optional[str] = ...) -> None: ...

class TableVisibility(_message.Message):
    __slots__ = ("table", "columns", "star", "masks", "purposes", "reasons")
    class MasksEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TABLE_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    STAR_FIELD_NUMBER: _ClassVar[int]
    MASKS_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    table: str
    columns: _containers.RepeatedScalarFieldContainer[str]
    star: _containers.RepeatedScalarFieldContainer[str]
    masks: _containers.ScalarMap[str, str]
    purposes: _containers.RepeatedScalarFieldContainer[str]
    reasons: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, table: _Optional[str] = ..., columns: _Optional[_Iterable[str]] = ..., star: _Optional[_Iterable[str]] = ..., masks: _Optional[_Mapping[str, str]] = ..., purposes: _Optional[_Iterable[str]] = ..., reasons: _Optional[_Iterable[str]] = ...) -> None: ...

class RunFragmentRequest(_message.Message):
    __slots__ = ("query_id", "fragment_id", "principal", "purpose", "sql", "arrow_schema", "ordered")
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    FRAGMENT_ID_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    SQL_FIELD_NUMBER: _ClassVar[int]
    ARROW_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    ORDERED_FIELD_NUMBER: _ClassVar[int]
    query_id: str
    fragment_id: str
    principal: Principal
    purpose: str
    sql: str
    arrow_schema: bytes
    ordered: bool
    def __init__(self, query_id: _Optional[str] = ..., fragment_id: _Optional[str] = ..., principal: _Optional[_Union[Principal, _Mapping]] = ..., purpose: _Optional[str] = ..., sql: _Optional[str] = ..., arrow_schema: _Optional[bytes] = ..., ordered: _Optional[bool] = ...) -> None: ...

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
    __slots__ = ("department", "fragment_id", "published_sql", "source_sql_digest", "mode", "mode_reason", "rows", "bytes", "seconds", "source_rows", "policy_digests", "audit_leaf_index")
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
    def __init__(self, department: _Optional[str] = ..., fragment_id: _Optional[str] = ..., published_sql: _Optional[str] = ..., source_sql_digest: _Optional[str] = ..., mode: _Optional[_Union[FragmentMode, str]] = ..., mode_reason: _Optional[str] = ..., rows: _Optional[int] = ..., bytes: _Optional[int] = ..., seconds: _Optional[float] = ..., source_rows: _Optional[int] = ..., policy_digests: _Optional[_Iterable[str]] = ..., audit_leaf_index: _Optional[int] = ...) -> None: ...

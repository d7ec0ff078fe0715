from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListTablesRequest(_message.Message):
    __slots__ = ("purpose",)
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    purpose: str
    def __init__(self, purpose: _Optional[str] = ...) -> None: ...

class ListTablesResponse(_message.Message):
    __slots__ = ("tables",)
    TABLES_FIELD_NUMBER: _ClassVar[int]
    tables: _containers.RepeatedCompositeFieldContainer[TableInfo]
    def __init__(self, tables: _Optional[_Iterable[_Union[TableInfo, _Mapping]]] = ...) -> None: ...

class GetTableRequest(_message.Message):
    __slots__ = ("table", "purpose")
    TABLE_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    table: str
    purpose: str
    def __init__(self, table: _Optional[str] = ..., purpose: _Optional[str] = ...) -> None: ...

class GetTableResponse(_message.Message):
    __slots__ = ("table",)
    TABLE_FIELD_NUMBER: _ClassVar[int]
    table: TableInfo
    def __init__(self, table: _Optional[_Union[TableInfo, _Mapping]] = ...) -> None: ...

class ListPurposesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListPurposesResponse(_message.Message):
    __slots__ = ("purposes",)
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    purposes: _containers.RepeatedCompositeFieldContainer[PurposeInfo]
    def __init__(self, purposes: _Optional[_Iterable[_Union[PurposeInfo, _Mapping]]] = ...) -> None: ...

class PurposeInfo(_message.Message):
    __slots__ = ("name", "title")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ...) -> None: ...

class TableInfo(_message.Message):
    __slots__ = ("department", "name", "title", "department_title", "sharing", "grade", "update", "columns", "purposes", "members", "reasons", "grants", "legal_basis", "owner")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_TITLE_FIELD_NUMBER: _ClassVar[int]
    SHARING_FIELD_NUMBER: _ClassVar[int]
    GRADE_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    department: str
    name: str
    title: str
    department_title: str
    sharing: str
    grade: str
    update: str
    columns: _containers.RepeatedCompositeFieldContainer[ColumnInfo]
    purposes: _containers.RepeatedScalarFieldContainer[str]
    members: _containers.RepeatedScalarFieldContainer[str]
    reasons: _containers.RepeatedScalarFieldContainer[str]
    grants: _containers.RepeatedCompositeFieldContainer[GrantInfo]
    legal_basis: str
    owner: str
    def __init__(self, department: _Optional[str] = ..., name: _Optional[str] = ..., title: _Optional[str] = ..., department_title: _Optional[str] = ..., sharing: _Optional[str] = ..., grade: _Optional[str] = ..., update: _Optional[str] = ..., columns: _Optional[_Iterable[_Union[ColumnInfo, _Mapping]]] = ..., purposes: _Optional[_Iterable[str]] = ..., members: _Optional[_Iterable[str]] = ..., reasons: _Optional[_Iterable[str]] = ..., grants: _Optional[_Iterable[_Union[GrantInfo, _Mapping]]] = ..., legal_basis: _Optional[str] = ..., owner: _Optional[str] = ...) -> None: ...

class ColumnInfo(_message.Message):
    __slots__ = ("name", "type", "title", "uses", "mask", "element", "functions", "grade", "grants")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    ELEMENT_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    GRADE_FIELD_NUMBER: _ClassVar[int]
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    title: str
    uses: _containers.RepeatedScalarFieldContainer[str]
    mask: str
    element: str
    functions: _containers.RepeatedScalarFieldContainer[str]
    grade: str
    grants: _containers.RepeatedCompositeFieldContainer[ColumnGrant]
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., title: _Optional[str] = ..., uses: _Optional[_Iterable[str]] = ..., mask: _Optional[str] = ..., element: _Optional[str] = ..., functions: _Optional[_Iterable[str]] = ..., grade: _Optional[str] = ..., grants: _Optional[_Iterable[_Union[ColumnGrant, _Mapping]]] = ...) -> None: ...

class ColumnGrant(_message.Message):
    __slots__ = ("grant", "uses", "mask", "functions")
    GRANT_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    FUNCTIONS_FIELD_NUMBER: _ClassVar[int]
    grant: str
    uses: _containers.RepeatedScalarFieldContainer[str]
    mask: str
    functions: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, grant: _Optional[str] = ..., uses: _Optional[_Iterable[str]] = ..., mask: _Optional[str] = ..., functions: _Optional[_Iterable[str]] = ...) -> None: ...

class GrantInfo(_message.Message):
    __slots__ = ("id", "reason", "request", "purposes", "valid_until", "rows", "rows_withheld", "floor_entities", "floor_column", "crossing", "limits", "joins", "tables")
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
    ROWS_FIELD_NUMBER: _ClassVar[int]
    ROWS_WITHHELD_FIELD_NUMBER: _ClassVar[int]
    FLOOR_ENTITIES_FIELD_NUMBER: _ClassVar[int]
    FLOOR_COLUMN_FIELD_NUMBER: _ClassVar[int]
    CROSSING_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    JOINS_FIELD_NUMBER: _ClassVar[int]
    TABLES_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    request: str
    purposes: _containers.RepeatedScalarFieldContainer[str]
    valid_until: str
    rows: str
    rows_withheld: bool
    floor_entities: int
    floor_column: str
    crossing: str
    limits: _containers.ScalarMap[str, int]
    joins: _containers.RepeatedScalarFieldContainer[str]
    tables: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ..., request: _Optional[str] = ..., purposes: _Optional[_Iterable[str]] = ..., valid_until: _Optional[str] = ..., rows: _Optional[str] = ..., rows_withheld: _Optional[bool] = ..., floor_entities: _Optional[int] = ..., floor_column: _Optional[str] = ..., crossing: _Optional[str] = ..., limits: _Optional[_Mapping[str, int]] = ..., joins: _Optional[_Iterable[str]] = ..., tables: _Optional[_Iterable[str]] = ...) -> None: ...

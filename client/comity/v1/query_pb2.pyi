from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FragmentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FRAGMENT_STATE_UNSPECIFIED: _ClassVar[FragmentState]
    FRAGMENT_STATE_STARTED: _ClassVar[FragmentState]
    FRAGMENT_STATE_STREAMING: _ClassVar[FragmentState]
    FRAGMENT_STATE_DONE: _ClassVar[FragmentState]
    FRAGMENT_STATE_FAILED: _ClassVar[FragmentState]

class CoverageStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COVERAGE_STATUS_UNSPECIFIED: _ClassVar[CoverageStatus]
    COVERAGE_STATUS_COMPLETE: _ClassVar[CoverageStatus]
    COVERAGE_STATUS_MISSING: _ClassVar[CoverageStatus]
FRAGMENT_STATE_UNSPECIFIED: FragmentState
FRAGMENT_STATE_STARTED: FragmentState
FRAGMENT_STATE_STREAMING: FragmentState
FRAGMENT_STATE_DONE: FragmentState
FRAGMENT_STATE_FAILED: FragmentState
COVERAGE_STATUS_UNSPECIFIED: CoverageStatus
COVERAGE_STATUS_COMPLETE: CoverageStatus
COVERAGE_STATUS_MISSING: CoverageStatus

class QueryRequest(_message.Message):
    __slots__ = ("sql", "parameters", "purpose", "query_id", "allow_partial")
    SQL_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    sql: str
    parameters: _containers.RepeatedCompositeFieldContainer[Parameter]
    purpose: str
    query_id: str
    allow_partial: bool
    def __init__(self, sql: _Optional[str] = ..., parameters: _Optional[_Iterable[_Union[Parameter, _Mapping]]] = ..., purpose: _Optional[str] = ..., query_id: _Optional[str] = ..., allow_partial: _Optional[bool] = ...) -> None: ...

class Parameter(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: Value
    def __init__(self, name: _Optional[str] = ..., value: _Optional[_Union[Value, _Mapping]] = ...) -> None: ...

class Value(_message.Message):
    __slots__ = ("null_value", "bool_value", "int_value", "double_value", "decimal_value", "string_value", "bytes_value", "date_value", "timestamp_value", "timestamptz_value")
    NULL_VALUE_FIELD_NUMBER: _ClassVar[int]
    BOOL_VALUE_FIELD_NUMBER: _ClassVar[int]
    INT_VALUE_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_VALUE_FIELD_NUMBER: _ClassVar[int]
    DECIMAL_VALUE_FIELD_NUMBER: _ClassVar[int]
    STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
    BYTES_VALUE_FIELD_NUMBER: _ClassVar[int]
    DATE_VALUE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_VALUE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMPTZ_VALUE_FIELD_NUMBER: _ClassVar[int]
    null_value: _struct_pb2.NullValue
    bool_value: bool
    int_value: int
    double_value: float
    decimal_value: str
    string_value: str
    bytes_value: bytes
    date_value: str
    timestamp_value: str
    timestamptz_value: str
    def __init__(self, null_value: _Optional[_Union[_struct_pb2.NullValue, str]] = ..., bool_value: _Optional[bool] = ..., int_value: _Optional[int] = ..., double_value: _Optional[float] = ..., decimal_value: _Optional[str] = ..., string_value: _Optional[str] = ..., bytes_value: _Optional[bytes] = ..., date_value: _Optional[str] = ..., timestamp_value: _Optional[str] = ..., timestamptz_value: _Optional[str] = ...) -> None: ...

class QueryResponse(_message.Message):
    __slots__ = ("schema", "batch", "progress", "notice", "summary")
    SCHEMA_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    schema: ResultSchema
    batch: ResultBatch
    progress: Progress
    notice: Notice
    summary: Summary
    def __init__(self, schema: _Optional[_Union[ResultSchema, _Mapping]] = ..., batch: _Optional[_Union[ResultBatch, _Mapping]] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., notice: _Optional[_Union[Notice, _Mapping]] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ...) -> None: ...

class ResultSchema(_message.Message):
    __slots__ = ("arrow_schema", "query_id")
    ARROW_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    arrow_schema: bytes
    query_id: str
    def __init__(self, arrow_schema: _Optional[bytes] = ..., query_id: _Optional[str] = ...) -> None: ...

class ResultBatch(_message.Message):
    __slots__ = ("arrow_batch", "rows")
    ARROW_BATCH_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    arrow_batch: bytes
    rows: int
    def __init__(self, arrow_batch: _Optional[bytes] = ..., rows: _Optional[int] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("department", "fragment", "state", "rows", "bytes", "elapsed_seconds")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    FRAGMENT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_SECONDS_FIELD_NUMBER: _ClassVar[int]
    department: str
    fragment: str
    state: FragmentState
    rows: int
    bytes: int
    elapsed_seconds: float
    def __init__(self, department: _Optional[str] = ..., fragment: _Optional[str] = ..., state: _Optional[_Union[FragmentState, str]] = ..., rows: _Optional[int] = ..., bytes: _Optional[int] = ..., elapsed_seconds: _Optional[float] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ("code", "message", "department")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    department: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., department: _Optional[str] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("query_id", "rows", "bytes", "coverage", "timings", "partial", "audit_leaf_index", "suppressed_groups")
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_FIELD_NUMBER: _ClassVar[int]
    AUDIT_LEAF_INDEX_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSED_GROUPS_FIELD_NUMBER: _ClassVar[int]
    query_id: str
    rows: int
    bytes: int
    coverage: _containers.RepeatedCompositeFieldContainer[Coverage]
    timings: _containers.RepeatedCompositeFieldContainer[StageTiming]
    partial: bool
    audit_leaf_index: int
    suppressed_groups: int
    def __init__(self, query_id: _Optional[str] = ..., rows: _Optional[int] = ..., bytes: _Optional[int] = ..., coverage: _Optional[_Iterable[_Union[Coverage, _Mapping]]] = ..., timings: _Optional[_Iterable[_Union[StageTiming, _Mapping]]] = ..., partial: _Optional[bool] = ..., audit_leaf_index: _Optional[int] = ..., suppressed_groups: _Optional[int] = ...) -> None: ...

class Coverage(_message.Message):
    __slots__ = ("department", "status", "rows", "bytes", "reason", "as_of", "fragments")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    FRAGMENTS_FIELD_NUMBER: _ClassVar[int]
    department: str
    status: CoverageStatus
    rows: int
    bytes: int
    reason: str
    as_of: str
    fragments: int
    def __init__(self, department: _Optional[str] = ..., status: _Optional[_Union[CoverageStatus, str]] = ..., rows: _Optional[int] = ..., bytes: _Optional[int] = ..., reason: _Optional[str] = ..., as_of: _Optional[str] = ..., fragments: _Optional[int] = ...) -> None: ...

class StageTiming(_message.Message):
    __slots__ = ("stage", "seconds")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    stage: str
    seconds: float
    def __init__(self, stage: _Optional[str] = ..., seconds: _Optional[float] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("sql", "parameters", "purpose", "analyze", "allow_partial", "keep_failure")
    SQL_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    ANALYZE_FIELD_NUMBER: _ClassVar[int]
    ALLOW_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    KEEP_FAILURE_FIELD_NUMBER: _ClassVar[int]
    sql: str
    parameters: _containers.RepeatedCompositeFieldContainer[Parameter]
    purpose: str
    analyze: bool
    allow_partial: bool
    keep_failure: bool
    def __init__(self, sql: _Optional[str] = ..., parameters: _Optional[_Iterable[_Union[Parameter, _Mapping]]] = ..., purpose: _Optional[str] = ..., analyze: _Optional[bool] = ..., allow_partial: _Optional[bool] = ..., keep_failure: _Optional[bool] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("plan_json", "plan_text")
    PLAN_JSON_FIELD_NUMBER: _ClassVar[int]
    PLAN_TEXT_FIELD_NUMBER: _ClassVar[int]
    plan_json: str
    plan_text: str
    def __init__(self, plan_json: _Optional[str] = ..., plan_text: _Optional[str] = ...) -> None: ...

class CancelQueryRequest(_message.Message):
    __slots__ = ("query_id",)
    QUERY_ID_FIELD_NUMBER: _ClassVar[int]
    query_id: str
    def __init__(self, query_id: _Optional[str] = ...) -> None: ...

class CancelQueryResponse(_message.Message):
    __slots__ = ("cancelled",)
    CANCELLED_FIELD_NUMBER: _ClassVar[int]
    cancelled: bool
    def __init__(self, cancelled: _Optional[bool] = ...) -> None: ...

"""Every error of Comity, in one tree, each with a stable code.

::

    ComityError
    ├── SqlError              the question cannot be understood or is not allowed as SQL
    ├── PolicyError           a department's policy, or the purpose, refuses the question
    ├── IdentityError         who is asking is not known
    ├── SourceError           a department's database failed, timed out or answered wrongly
    ├── LimitError            a size, time or count limit was reached
    ├── AuditError            the audit log cannot be written or read
    ├── ConfigurationError    a file of the federation is wrong
    ├── CancelledError        the caller cancelled
    ├── UnavailableError      the gateway cannot be reached or is stopping
    └── InternalError         a defect of Comity

`CODES` is the one table from code to class, gRPC status and exit status; a code not in it cannot be
raised. Messages say what was wrong and what to do, and never carry a row's value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

DOMAIN = "comity"


class ComityError(Exception):
    """An error with a stable code.

    `line` and `column` are 1-based places in the SQL text. `metadata` holds short facts for programs,
    never data.
    """

    default_code: ClassVar[str] = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        line: int | None = None,
        column: int | None = None,
        department: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        if self.code not in CODES:
            raise ValueError(f"error code {self.code!r} is not in comity.errors.CODES")
        self.hint = hint
        self.line = line
        self.column = column
        self.department = department
        self.metadata: dict[str, str] = dict(metadata or {})

    @property
    def status(self) -> str:
        """The gRPC status name."""
        return CODES[self.code].status

    @property
    def exit_status(self) -> int:
        """The exit status of the `comity` command."""
        return CODES[self.code].exit_status

    def __str__(self) -> str:
        place = f" (line {self.line}, column {self.column})" if self.line else ""
        hint = f"\n  {self.hint}" if self.hint else ""
        return f"{self.message}{place}{hint}"


class SqlError(ComityError):
    """The question cannot be understood, or is not a question Comity answers."""

    default_code = "SQL_SYNTAX"


class PolicyError(ComityError):
    """A policy or the purpose refuses the question."""

    default_code = "POLICY_DENIED"


class IdentityError(ComityError):
    """Who is asking is not known."""

    default_code = "TOKEN_INVALID"


class SourceError(ComityError):
    """A department's database failed, timed out, or answered with the wrong types."""

    default_code = "SOURCE_FAILED"


class LimitError(ComityError):
    """A limit was reached."""

    default_code = "LIMIT_RESULT_ROWS"


class AuditError(ComityError):
    """The audit log cannot be written or read."""

    default_code = "AUDIT_UNAVAILABLE"


class ConfigurationError(ComityError):
    """A file of the federation is wrong."""

    default_code = "CONFIG_INVALID"


class CancelledError(ComityError):
    """The caller cancelled."""

    default_code = "CANCELLED"


class UnavailableError(ComityError):
    """The gateway cannot be reached, or is stopping."""

    default_code = "GATEWAY_UNAVAILABLE"


class InternalError(ComityError):
    """A defect of Comity."""

    default_code = "INTERNAL"


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """What one code means to callers."""

    error: type[ComityError]
    status: str
    exit_status: int
    title: str
    title_zh: str


def _sql(title: str, title_zh: str, status: str = "INVALID_ARGUMENT") -> CodeInfo:
    return CodeInfo(SqlError, status, 1, title, title_zh)


def _limit(title: str, title_zh: str) -> CodeInfo:
    return CodeInfo(LimitError, "RESOURCE_EXHAUSTED", 1, title, title_zh)


def _config(title: str, title_zh: str) -> CodeInfo:
    return CodeInfo(ConfigurationError, "FAILED_PRECONDITION", 2, title, title_zh)


CODES: Mapping[str, CodeInfo] = {
    "SQL_SYNTAX": _sql("the text is not valid SQL", "SQL 语法错误"),
    "SQL_EMPTY": _sql("there is no statement", "没有语句"),
    "SQL_TOO_LARGE": _sql("the text, or a list in it, is too large", "SQL 文本过大"),
    "SQL_TOO_DEEP": _sql("the text is nested too deeply", "SQL 嵌套过深"),
    "SQL_MULTIPLE_STATEMENTS": _sql("more than one statement", "只允许一条语句"),
    "SQL_NOT_A_QUERY": _sql("only SELECT is answered", "只允许查询语句"),
    "SQL_TEXT_REFUSED": _sql(
        "the text has a character or comment form that is refused", "SQL 文本含禁用字符或注释"
    ),
    "SQL_CONSTRUCT_REFUSED": _sql("a construct is not on the allow-list", "不支持的语法结构"),
    "SQL_FUNCTION_REFUSED": _sql("a function is not on the allow-list", "不支持的函数"),
    "SQL_TABLE_UNKNOWN": _sql("no such table that you may see", "没有您可见的该数据表", "NOT_FOUND"),
    "SQL_COLUMN_UNKNOWN": _sql("no such column that you may see", "没有您可见的该列", "NOT_FOUND"),
    "SQL_AMBIGUOUS": _sql("a name could mean several things", "名称有歧义"),
    "SQL_TYPE": _sql("types do not fit", "类型不匹配"),
    "SQL_PARAMETER": _sql("parameters do not fit the placeholders", "参数与占位符不符"),
    "PURPOSE_MISSING": CodeInfo(PolicyError, "INVALID_ARGUMENT", 2, "a purpose is required", "缺少查询目的"),
    "PURPOSE_UNKNOWN": CodeInfo(
        PolicyError, "INVALID_ARGUMENT", 2, "the purpose is not in the federation's list", "未知的查询目的"
    ),
    "POLICY_DENIED": CodeInfo(
        PolicyError,
        "PERMISSION_DENIED",
        4,
        "a department's policy refuses the question",
        "部门策略拒绝该查询",
    ),
    "TOKEN_MISSING": CodeInfo(IdentityError, "UNAUTHENTICATED", 4, "no token was sent", "缺少令牌"),
    "TOKEN_INVALID": CodeInfo(IdentityError, "UNAUTHENTICATED", 4, "the token is not known", "令牌无效"),
    "SOURCE_UNAVAILABLE": CodeInfo(
        SourceError, "UNAVAILABLE", 3, "a department's database cannot be reached", "部门数据库无法连接"
    ),
    "SOURCE_FAILED": CodeInfo(
        SourceError, "UNAVAILABLE", 3, "a department's database refused or broke off", "部门数据库执行失败"
    ),
    "SOURCE_TIMEOUT": CodeInfo(
        SourceError,
        "DEADLINE_EXCEEDED",
        3,
        "a department's database did not answer in time",
        "部门数据库超时",
    ),
    "SOURCE_TYPE": CodeInfo(
        SourceError, "DATA_LOSS", 3, "a value does not fit its published type", "数据与发布类型不符"
    ),
    "SOURCE_VALUE": CodeInfo(
        SourceError,
        "FAILED_PRECONDITION",
        1,
        "a department's database could not compute a value",
        "部门数据库计算出错",
    ),
    "SOURCE_UNSUPPORTED": CodeInfo(
        SourceError, "UNIMPLEMENTED", 1, "the source cannot do this", "数据源不支持"
    ),
    "LIMIT_RESULT_ROWS": _limit("the answer has more rows than allowed", "结果行数超限"),
    "LIMIT_RESULT_BYTES": _limit("the answer has more bytes than allowed", "结果字节数超限"),
    "LIMIT_ROWS_PER_DAY": _limit("a grant's rows of the day are used up", "当日行数额度已用完"),
    "LIMIT_BYTES_PER_DAY": _limit("a grant's bytes of the day are used up", "当日字节数额度已用完"),
    "LIMIT_MATCHES": _limit("one query compares with more values than allowed", "比对数量超限"),
    "LIMIT_MATCHES_PER_DAY": _limit("a grant's comparisons of the day are used up", "当日比对额度已用完"),
    "LIMIT_UNCOUNTED": CodeInfo(
        LimitError, "UNAVAILABLE", 3, "a department cannot count what a limit counts", "部门无法记录额度用量"
    ),
    "LIMIT_KEYS": _limit("more join keys than a department takes", "关联键数量超限"),
    "LIMIT_MEMORY": _limit("the query needs more memory than allowed", "内存超限"),
    "LIMIT_MESSAGE_SIZE": _limit("one message is larger than allowed", "消息过大"),
    "LIMIT_CONCURRENCY": _limit("too many queries at once", "并发查询过多"),
    "QUERY_TIMEOUT": CodeInfo(
        LimitError, "DEADLINE_EXCEEDED", 3, "the query did not finish in time", "查询超时"
    ),
    "KEYS_INVALID": _sql("join keys that came with a part of a question are malformed", "关联键格式有误"),
    "QUERY_RUNTIME": _sql("the query failed on a value", "查询计算出错", "FAILED_PRECONDITION"),
    "QUERY_ID": _sql("the query id is malformed or in use", "查询编号无效"),
    "AUDIT_UNAVAILABLE": CodeInfo(
        AuditError, "UNAVAILABLE", 3, "the audit log cannot be written", "审计日志不可写"
    ),
    "AUDIT_INVALID": CodeInfo(
        AuditError, "DATA_LOSS", 1, "the audit log does not read back as written", "审计日志不一致"
    ),
    "CONFIG_INVALID": _config("a file of the federation is malformed", "配置文件有误"),
    "CONFIG_MISSING": _config("a file or variable of the federation is missing", "缺少配置"),
    "CONFIG_SECRET": _config("a secret stands in a file", "配置文件中不得写入密码"),
    "CONFIG_REFERENCE": _config("a name in a file refers to nothing", "配置引用不存在"),
    "CONFIG_POLICY": _config("a policy file is wrong", "策略文件有误"),
    "CONFIG_TLS": _config("a listener beyond loopback needs TLS", "非本机监听必须启用 TLS"),
    "CANCELLED": CodeInfo(CancelledError, "CANCELLED", 130, "the caller cancelled", "查询已取消"),
    "GATEWAY_UNAVAILABLE": CodeInfo(
        UnavailableError, "UNAVAILABLE", 3, "the gateway cannot be reached", "网关无法连接"
    ),
    "INTERNAL": CodeInfo(InternalError, "INTERNAL", 1, "a defect of Comity", "系统内部错误"),
}


def error_for(code: str, message: str, **fields: str | int | None) -> ComityError:
    """Builds the class that `CODES` gives for `code`; unknown codes become `InternalError`."""
    info = CODES.get(code)
    if info is None:
        return InternalError(f"{code}: {message}")
    hint, department = fields.get("hint"), fields.get("department")
    line, column = fields.get("line"), fields.get("column")
    return info.error(
        message,
        code=code,
        hint=str(hint) if hint else None,
        line=int(line) if line else None,
        column=int(column) if column else None,
        department=str(department) if department else None,
    )

"""Errors on the wire: `ComityError` to `google.rpc.Status` and back to the same class.

A status carries `ErrorInfo` (reason = our code, domain = `comity`, metadata = department, hint, line,
column and the error's own), `BadRequest` with the place in the SQL text when there is one, and a
`LocalizedMessage` in English or Chinese.
"""

from __future__ import annotations

from typing import Any, cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from comity.errors import CODES, DOMAIN, ComityError, InternalError, UnavailableError

_OWN_KEYS = ("department", "hint", "line", "column")
_DEFAULT_CODES = {
    "UNAVAILABLE": "GATEWAY_UNAVAILABLE",
    "DEADLINE_EXCEEDED": "QUERY_TIMEOUT",
    "CANCELLED": "CANCELLED",
    "UNAUTHENTICATED": "TOKEN_INVALID",
    "PERMISSION_DENIED": "POLICY_DENIED",
    "RESOURCE_EXHAUSTED": "LIMIT_CONCURRENCY",
}

_NO_RETRY = ("grpc-retry-pushback-ms", "-1")

# A status travels in HTTP/2 trailers, of which other people's clients accept 8 KiB. A Chinese character takes
# nine bytes in the plain message, so the whole message stands in LocalizedMessage, where it takes four.
_PLAIN_BYTES = 600
_MESSAGE_BYTES = 1800
_HINT_BYTES = 600
_FACT_BYTES = 120
_FACTS = 8


def to_status(error: ComityError, locale: str = "en") -> grpc.Status:
    """What a service gives to `context.abort_with_status`.

    `locale` is `en` or any `zh` form (the caller's `accept-language`); others read as English.
    """
    status: Any = rpc_status.to_status(to_proto(error, locale))
    if error.status == "UNAVAILABLE" and not isinstance(error, UnavailableError):
        # The gateway did answer: asking again would ask the same broken database, and be audited again.
        status = status._replace(trailing_metadata=(*status.trailing_metadata, _NO_RETRY))
    return cast("grpc.Status", status)


def to_proto(error: ComityError, locale: str = "en") -> status_pb2.Status:
    """The `google.rpc.Status` of an error."""
    facts = [(key, value) for key, value in error.metadata.items() if key not in _OWN_KEYS]
    metadata = {key: _cut(value, _FACT_BYTES) for key, value in facts[:_FACTS]}
    own = {"department": error.department, "line": error.line, "column": error.column}
    metadata |= {key: _cut(str(value), _FACT_BYTES) for key, value in own.items() if value is not None}
    if error.hint is not None:
        metadata["hint"] = _cut(error.hint, _HINT_BYTES)
    status = status_pb2.Status(
        code=grpc.StatusCode[error.status].value[0], message=_cut(error.message, _PLAIN_BYTES)
    )
    status.details.add().Pack(
        error_details_pb2.ErrorInfo(reason=error.code, domain=DOMAIN, metadata=metadata)
    )
    if error.line is not None:
        bad = error_details_pb2.BadRequest()
        bad.field_violations.add(
            field="sql", description=f"line {error.line}, column {error.column or 1}", reason=error.code
        )
        status.details.add().Pack(bad)
    status.details.add().Pack(_localized(error, locale))
    return status


def from_rpc_error(error: grpc.RpcError) -> ComityError:
    """The `ComityError` that a failed call stands for.

    A status without our details (the network, a proxy, another server) is judged by its gRPC code alone.
    """
    status = _rich_status(error)
    if status is not None:
        return from_proto(status)
    return _plain(_code_name(error), _details(error))


def from_proto(status: status_pb2.Status) -> ComityError:
    """The `ComityError` that a status stands for; the reverse of `to_proto`."""
    info, message = error_details_pb2.ErrorInfo(), status.message
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Is(error_details_pb2.LocalizedMessage.DESCRIPTOR):
            localized = error_details_pb2.LocalizedMessage()
            detail.Unpack(localized)
            message = localized.message or message
    name = _status_name(status.code)
    if info.domain != DOMAIN:
        return _plain(name, message)
    metadata = dict(info.metadata)
    own = {key: metadata.pop(key, None) for key in _OWN_KEYS}
    code = info.reason
    if code not in CODES:
        # A newer gateway: the gRPC code still tells the class.
        metadata["reason"] = code
        code = _DEFAULT_CODES.get(name, "INTERNAL")
    return CODES[code].error(
        message,
        code=code,
        hint=own["hint"],
        department=own["department"],
        line=_whole(own["line"]),
        column=_whole(own["column"]),
        metadata=metadata,
    )


def _localized(error: ComityError, locale: str) -> error_details_pb2.LocalizedMessage:
    if not locale.lower().startswith("zh"):
        return error_details_pb2.LocalizedMessage(locale="en", message=_cut(error.message, _MESSAGE_BYTES))
    text = f"{CODES[error.code].title_zh}：{error.message}"
    return error_details_pb2.LocalizedMessage(locale="zh-CN", message=_cut(text, _MESSAGE_BYTES))


def _plain(name: str, details: str) -> ComityError:
    said = f": {details}" if details else ""
    if name == "RESOURCE_EXHAUSTED" and "larger than max" in details:
        return CODES["LIMIT_MESSAGE_SIZE"].error(
            f"a message is larger than allowed{said}", code="LIMIT_MESSAGE_SIZE"
        )
    if name == "UNIMPLEMENTED":
        return InternalError(
            f"the server does not know this call{said}",
            hint="The address may belong to another service, or to an older gateway.",
        )
    code = _DEFAULT_CODES.get(name)
    if code is None:
        return InternalError(f"the call failed with {name}{said}")
    return CODES[code].error(f"{CODES[code].title}{said}", code=code)


def _rich_status(error: grpc.RpcError) -> status_pb2.Status | None:
    call: object = error
    if not isinstance(call, grpc.Call):
        return None
    try:
        return rpc_status.from_call(call)
    except (ValueError, DecodeError):
        # A status that contradicts itself: the gRPC code is all there is.
        return None


def _code_name(error: grpc.RpcError) -> str:
    code = getattr(error, "code", None)
    value = code() if callable(code) else None
    return value.name if isinstance(value, grpc.StatusCode) else "UNKNOWN"


def _details(error: grpc.RpcError) -> str:
    details = getattr(error, "details", None)
    return str((details() if callable(details) else "") or "")


def _status_name(number: int) -> str:
    return next((code.name for code in grpc.StatusCode if code.value[0] == number), "UNKNOWN")


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _cut(text: str, limit: int) -> str:
    encoded = text.encode(errors="replace")
    if len(encoded) <= limit:
        return encoded.decode()
    return encoded[: limit - 3].decode(errors="ignore") + "…"

"""Errors cross the wire as google.rpc.Status and come back as the same class with the same facts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from comity.errors import (
    CODES,
    CancelledError,
    ComityError,
    IdentityError,
    InternalError,
    LimitError,
    PolicyError,
    SqlError,
    UnavailableError,
)
from comity.status import from_proto, from_rpc_error, to_proto, to_status


def over_the_wire(
    code: grpc.StatusCode | None, details: str = "", status: grpc.Status | None = None
) -> ComityError:
    """The error a client sees when a real server ends a call with `status`, or with a plain code."""

    def handle(_request: bytes, context: grpc.ServicerContext) -> bytes:
        if status is not None:
            context.abort_with_status(status)
        assert code is not None
        context.abort(code, details)

    handlers = {"M": grpc.unary_unary_rpc_method_handler(handle)}
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("t.T", handlers)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            method = channel.unary_unary("/t.T/M", lambda _: b"", lambda _: b"")
            with pytest.raises(grpc.RpcError) as caught:
                method(b"", timeout=10)
    finally:
        server.stop(None).wait()
    return from_rpc_error(caught.value)


def round_trip(error: ComityError, locale: str = "en") -> ComityError:
    return over_the_wire(None, status=to_status(error, locale))


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_comes_back_as_its_own_class(code: str) -> None:
    sent = CODES[code].error(f"about {code}", code=code)
    received = from_proto(to_proto(sent))
    assert type(received) is CODES[code].error
    assert (received.code, received.message) == (code, f"about {code}")
    assert to_proto(sent).code == grpc.StatusCode[CODES[code].status].value[0]


def test_every_fact_survives_a_real_call() -> None:
    sent = SqlError(
        "no column 年龄 in health.patients",
        code="SQL_COLUMN_UNKNOWN",
        hint="Did you mean 出生?",
        line=3,
        column=14,
        department="health",
        metadata={"table": "health.patients", "列": "值"},
    )
    received = round_trip(sent)
    assert vars(received) == vars(sent)
    assert isinstance(received, SqlError)
    assert str(received) == str(sent)


def test_the_details_follow_google_rpc() -> None:
    status = to_proto(SqlError("bad", code="SQL_TYPE", line=2, column=5))
    info, bad, localized = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), status.details[2]
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("SQL_TYPE", "comity")
    assert status.details[1].Unpack(bad)
    assert [(v.field, v.description) for v in bad.field_violations] == [("sql", "line 2, column 5")]
    assert localized.Is(error_details_pb2.LocalizedMessage.DESCRIPTOR)


def test_a_chinese_reader_gets_a_chinese_title() -> None:
    received = round_trip(PolicyError("diagnosis may not be read"), "zh-Hans-CN")
    assert received.message == "部门策略拒绝该查询：diagnosis may not be read"
    assert round_trip(PolicyError("no"), "fr").message == "no"


def test_a_very_long_error_fits_any_clients_trailers() -> None:
    facts = {f"事实{n}": "值" * 500 for n in range(40)}
    sent = PolicyError(
        "拒绝" * 5000, hint="因" * 5000, metadata=facts, department="卫健委" * 90, line=1, column=1
    )
    received = round_trip(sent, "zh-CN")
    assert received.code == "POLICY_DENIED"
    assert received.message.startswith("部门策略拒绝该查询：拒绝拒绝")
    assert len(received.message) > 500
    assert received.message.endswith("…")
    assert received.hint is not None
    assert len(received.metadata) == 8


@pytest.mark.parametrize(
    ("code", "expected", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, UnavailableError, "GATEWAY_UNAVAILABLE"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, LimitError, "QUERY_TIMEOUT"),
        (grpc.StatusCode.CANCELLED, CancelledError, "CANCELLED"),
        (grpc.StatusCode.UNAUTHENTICATED, IdentityError, "TOKEN_INVALID"),
        (grpc.StatusCode.PERMISSION_DENIED, PolicyError, "POLICY_DENIED"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, LimitError, "LIMIT_CONCURRENCY"),
        (grpc.StatusCode.UNIMPLEMENTED, InternalError, "INTERNAL"),
        (grpc.StatusCode.DATA_LOSS, InternalError, "INTERNAL"),
    ],
    ids=str,
)
def test_a_status_without_our_details_is_judged_by_its_code(
    code: grpc.StatusCode, expected: type[ComityError], reason: str
) -> None:
    received = over_the_wire(code, "said the network")
    assert type(received) is expected
    assert received.code == reason
    assert "said the network" in received.message


def test_a_message_beyond_the_limit_is_named_as_such() -> None:
    received = over_the_wire(grpc.StatusCode.RESOURCE_EXHAUSTED, "Received message larger than max (9 vs. 4)")
    assert received.code == "LIMIT_MESSAGE_SIZE"


def test_an_unknown_reason_keeps_its_class_and_name() -> None:
    status = status_pb2.Status(code=grpc.StatusCode.PERMISSION_DENIED.value[0], message="not today")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="POLICY_OF_TOMORROW", domain="comity"))
    received = from_proto(status)
    assert type(received) is PolicyError
    assert received.metadata == {"reason": "POLICY_OF_TOMORROW"}


def test_another_services_details_are_not_taken_for_ours() -> None:
    status = status_pb2.Status(code=grpc.StatusCode.UNAVAILABLE.value[0], message="quota")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="SQL_SYNTAX", domain="googleapis.com"))
    assert type(from_proto(status)) is UnavailableError


def test_an_error_that_is_not_a_call_is_internal() -> None:
    assert type(from_rpc_error(grpc.RpcError())) is InternalError

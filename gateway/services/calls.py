"""The one chain that every call passes: identity, errors, audit of refusals.

A handler receives a `Call` instead of raw metadata: it cannot run without a principal, and a
`ComityError` it raises becomes a `google.rpc.Status`.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from opentelemetry import trace

from audit.events import AuthRefused
from audit.log import AuditLog
from comity.errors import ComityError, IdentityError, InternalError
from comity.status import to_status
from gateway.identity import TokenIdentity
from policies.principal import Principal

logger = logging.getLogger("comity.gateway")

OPEN_SERVICES = ("/grpc.health.v1.Health/", "/grpc.reflection.")
"""Services that answer without a token: they tell nothing about data."""


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated call."""

    principal: Principal
    peer: str
    trace_id: str
    locale: str
    context: grpc.ServicerContext


if TYPE_CHECKING:
    Interceptor = grpc.ServerInterceptor[Any, Any]
else:
    # Generic in the type stubs, and not where it runs.
    Interceptor = grpc.ServerInterceptor


class CallInterceptor(Interceptor):
    """Authenticates every call of Comity's services and turns errors into statuses."""

    def __init__(self, identity: TokenIdentity, log: AuditLog) -> None:
        self._identity = identity
        self._log = log

    def intercept_service(
        self, continuation: Callable[[Any], Any], details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any]:
        handler: grpc.RpcMethodHandler[Any, Any] = continuation(details)
        if handler is None or details.method.startswith(OPEN_SERVICES):
            return handler
        if handler.unary_stream:
            # Our services take a Call where gRPC's own take a context.
            inner_stream: Callable[[Any, Any], Iterator[Any]] = handler.unary_stream

            def stream(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
                try:
                    yield from inner_stream(request, self._call(details.method, context))
                except Exception as error:
                    _abort(context, error)

            return grpc.unary_stream_rpc_method_handler(
                stream, handler.request_deserializer, handler.response_serializer
            )
        if handler.unary_unary:
            inner: Callable[[Any, Any], Any] = handler.unary_unary

            def unary(request: Any, context: grpc.ServicerContext) -> Any:
                try:
                    return inner(request, self._call(details.method, context))
                except Exception as error:
                    _abort(context, error)

            return grpc.unary_unary_rpc_method_handler(
                unary, handler.request_deserializer, handler.response_serializer
            )
        raise InternalError(f"{details.method} has a shape without authentication")

    def _call(self, method: str, context: grpc.ServicerContext) -> Call:
        metadata = {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}
        trace_id = _trace_id(metadata)
        try:
            principal = self._identity.principal(metadata)
        except IdentityError as error:
            self._log.append(AuthRefused(trace_id, context.peer(), "token", error.code, method))
            raise
        locale = metadata.get("accept-language", "en")
        return Call(principal, context.peer(), trace_id, locale, context)


def _trace_id(metadata: dict[str, str]) -> str:
    """The caller's W3C trace id, or a new one."""
    parts = metadata.get("traceparent", "").split("-")
    if len(parts) == 4 and len(parts[1]) == 32 and all(c in "0123456789abcdef" for c in parts[1]):
        return parts[1]
    current = trace.get_current_span().get_span_context()
    return f"{current.trace_id:032x}" if current.is_valid else uuid.uuid4().hex


def _abort(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    if not isinstance(error, ComityError):
        # abort() itself raises a bare Exception, which must pass.
        if type(error) is Exception:
            raise error
        logger.error("unexpected failure", exc_info=error)
        error = InternalError(f"the gateway failed in an unexpected way ({type(error).__name__})")
    locale = dict(context.invocation_metadata()).get("accept-language", "en")
    context.abort_with_status(to_status(error, str(locale)))
    raise AssertionError  # abort_with_status always raises

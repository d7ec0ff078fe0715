"""Connections to a gateway: `connect()` and what one can ask of a `Connection`."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import grpc

from comity.answers import ColumnGrant, ColumnInfo, GrantInfo, Plan, Purpose, TableInfo
from comity.channel import open_channel
from comity.errors import ComityError, InternalError, UnavailableError
from comity.result import ProgressCallback, Result
from comity.settings import DEFAULT_TIMEOUT, Settings, resolve_settings
from comity.status import from_rpc_error
from comity.v1 import catalog_pb2, catalog_pb2_grpc, query_pb2, query_pb2_grpc
from comity.values import Parameters, encode_parameters

if TYPE_CHECKING:
    from comity.result import QueryCall

_CATALOG_TIMEOUT = 30.0


def connect(
    server: str | None = None,
    *,
    token: str | None = None,
    token_env: str | None = None,
    purpose: str | None = None,
    ca: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    plaintext: bool = False,
    profile: str | None = None,
    locale: str = "en",
) -> Connection:
    """Opens a connection to the gateway at `server`; the network is first used by the first question.

    `server` is `host:port`, `grpc://host:port` or `grpcs://host:port`; what is not given comes from
    `COMITY_SERVER`, `COMITY_TOKEN`, `COMITY_PURPOSE` and the profile (`COMITY_PROFILE`). Without encryption
    only this machine is spoken to, unless `plaintext`. `timeout` is in seconds, for one question. `locale`
    is the language of error messages: `en` or `zh-CN`. Raises `ConfigurationError`.
    """
    settings = resolve_settings(
        server=server,
        token=token,
        token_env=token_env,
        purpose=purpose,
        ca=ca,
        certificate=certificate,
        key=key,
        plaintext=plaintext,
        profile=profile,
    )
    return Connection(settings, timeout=timeout, locale=locale)


class Connection:
    """One gateway, one caller. May be shared between threads; close it, or use it as a context manager.

    Every method raises `ComityError`.
    """

    def __init__(self, settings: Settings, *, timeout: float = DEFAULT_TIMEOUT, locale: str = "en") -> None:
        from comity import __version__

        self.server = settings.server
        self.purpose = settings.purpose
        self.timeout = timeout
        self._token_env = settings.token_env
        self._metadata: list[tuple[str, str]] = [("accept-language", locale)]
        if settings.token is not None:
            self._metadata.append(("authorization", f"Bearer {settings.token}"))
        self._closed = False
        self._channel = open_channel(settings, f"comity/{__version__}")
        # The generated stubs are untyped.
        self._queries: Any = query_pb2_grpc.QueryServiceStub(self._channel)  # type: ignore[no-untyped-call]
        self._catalog: Any = catalog_pb2_grpc.CatalogServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        purpose: str | None = None,
        timeout: float | None = None,
        allow_partial: bool = False,
        on_progress: ProgressCallback | None = None,
    ) -> Result:
        """Asks one question; returns when the gateway has authorised and begun it.

        `parameters` is a sequence for `?` and `$1`, or a mapping for `$name`. With `allow_partial`
        departments that fail are left out, and the summary says so. `on_progress` is called while reading.
        """
        request = query_pb2.QueryRequest(
            sql=sql,
            parameters=encode_parameters(parameters),
            purpose=self._purpose(purpose),
            query_id=str(uuid.uuid4()),
            allow_partial=allow_partial,
        )
        seconds = self.timeout if timeout is None else timeout
        call = self._begin(self._queries.Query, request, seconds)
        return Result(cast("QueryCall", call), on_progress=on_progress, explain_error=self._explain_error)

    def explain(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        purpose: str | None = None,
        timeout: float | None = None,
        analyze: bool = False,
        allow_partial: bool = False,
        keep_failure: bool = False,
    ) -> Plan:
        """The plan of one question; with `analyze` the question runs and its rows are thrown away.

        With `allow_partial` departments that fail are left out. With `keep_failure` a question that fails while it
        runs raises nothing: the plan's `error` says how it failed, and its fragments what they did until then.
        """
        request = query_pb2.ExplainRequest(
            sql=sql,
            parameters=encode_parameters(parameters),
            purpose=self._purpose(purpose),
            analyze=analyze,
            allow_partial=allow_partial,
            keep_failure=keep_failure,
        )
        response = self._ask(self._queries.Explain, request, self.timeout if timeout is None else timeout)
        try:
            data = json.loads(response.plan_json)
        except ValueError:
            raise InternalError("the plan does not read as JSON") from None
        return Plan(json=data, text=response.plan_text)

    def tables(self, purpose: str | None = None) -> tuple[TableInfo, ...]:
        """The tables one may see: under `purpose`, or when it is None under any."""
        request = catalog_pb2.ListTablesRequest(purpose=purpose or "")
        return tuple(_table(t) for t in self._ask(self._catalog.ListTables, request, _CATALOG_TIMEOUT).tables)

    def table(self, name: str, purpose: str | None = None) -> TableInfo:
        """One table, by `department.table`; raises `SqlError` (`SQL_TABLE_UNKNOWN`)."""
        request = catalog_pb2.GetTableRequest(table=name, purpose=purpose or "")
        return _table(self._ask(self._catalog.GetTable, request, _CATALOG_TIMEOUT).table)

    def purposes(self) -> tuple[Purpose, ...]:
        """The federation's purposes."""
        response = self._ask(self._catalog.ListPurposes, catalog_pb2.ListPurposesRequest(), _CATALOG_TIMEOUT)
        return tuple(Purpose(purpose.name, purpose.title) for purpose in response.purposes)

    def cancel(self, query_id: str) -> bool:
        """Stops a query of the same caller; False when no such query was running."""
        request = query_pb2.CancelQueryRequest(query_id=query_id)
        return bool(self._ask(self._queries.CancelQuery, request, _CATALOG_TIMEOUT).cancelled)

    def close(self) -> None:
        """Ends the connection; running queries are cancelled."""
        self._closed = True
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _purpose(self, purpose: str | None) -> str:
        return (self.purpose or "") if purpose is None else purpose

    def _ask(self, method: Any, request: object, seconds: float) -> Any:
        try:
            return self._begin(method, request, seconds)
        except grpc.RpcError as error:
            raise self._explain_error(from_rpc_error(error)) from None

    def _begin(self, method: Any, request: object, seconds: float) -> Any:
        if self._closed:
            raise UnavailableError("the connection is closed")
        return method(request, timeout=seconds, metadata=self._metadata)

    def _explain_error(self, error: ComityError) -> ComityError:
        """Adds what only this end knows: the address, the variable, the limit."""
        own = {
            "TOKEN_MISSING": f"Set {self._token_env} to your token.",
            "TOKEN_INVALID": f"Check the token in {self._token_env}.",
        }
        fallback = {
            "GATEWAY_UNAVAILABLE": f"Is a gateway running at {self.server}?",
            "QUERY_TIMEOUT": "Ask with a longer timeout, or for less.",
            "PURPOSE_MISSING": "Name one with --purpose, purpose= or COMITY_PURPOSE.",
        }
        error.hint = own.get(error.code) or error.hint or fallback.get(error.code)
        return error


def _table(table: catalog_pb2.TableInfo) -> TableInfo:
    return TableInfo(
        department=table.department,
        name=table.name,
        title=table.title,
        department_title=table.department_title,
        sharing=table.sharing,
        grade=table.grade,
        update=table.update,
        columns=tuple(map(_column, table.columns)),
        purposes=tuple(table.purposes),
        members=tuple(table.members),
        reasons=tuple(table.reasons),
        grants=tuple(map(_grant, table.grants)),
        legal_basis=table.legal_basis,
        owner=table.owner,
    )


def _column(column: catalog_pb2.ColumnInfo) -> ColumnInfo:
    return ColumnInfo(
        name=column.name,
        type=column.type,
        title=column.title,
        uses=tuple(column.uses),
        mask=column.mask,
        element=column.element,
        functions=tuple(column.functions),
        grade=column.grade,
        grants=tuple(
            ColumnGrant(each.grant, tuple(each.uses), each.mask, tuple(each.functions))
            for each in column.grants
        ),
    )


def _grant(grant: catalog_pb2.GrantInfo) -> GrantInfo:
    return GrantInfo(
        id=grant.id,
        reason=grant.reason,
        request=grant.request,
        purposes=tuple(grant.purposes),
        valid_until=grant.valid_until,
        rows=grant.rows,
        rows_withheld=grant.rows_withheld,
        floor_entities=grant.floor_entities,
        floor_column=grant.floor_column,
        crossing=grant.crossing,
        limits=dict(sorted(grant.limits.items())),
        joins=tuple(grant.joins),
        tables=tuple(grant.tables),
    )

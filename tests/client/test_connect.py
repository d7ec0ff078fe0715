"""Where a connection goes, with which credentials, and what is retried."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pyarrow as pa
import pytest

import comity
from comity.channel import Address, open_channel, parse_address
from comity.client import Connection
from comity.settings import Settings, resolve_settings
from comity.status import to_status
from comity.v1 import query_pb2, query_pb2_grpc

from .conftest import Gateway

TLS = Path(__file__).parent / "tls"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:50051", Address("127.0.0.1:50051", "127.0.0.1", secure=None)),
        ("gateway.example", Address("gateway.example:50051", "gateway.example", secure=None)),
        ("grpc://localhost:1", Address("localhost:1", "localhost", secure=False)),
        ("grpcs://gateway.example:443/", Address("gateway.example:443", "gateway.example", secure=True)),
        ("[::1]:9", Address("[::1]:9", "::1", secure=None)),
        ("unix:/run/comity.sock", Address("unix:/run/comity.sock", "", secure=False)),
    ],
)
def test_an_address_is_read(text: str, expected: Address) -> None:
    assert parse_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://x:1",
        "grpc://",
        "x:port",
        "grpc://x:1/path",
        "grpc://li:secret@x:1",
        "x:99999",
        "grpc://x:1?a=b",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_a_password(text: str) -> None:
    with pytest.raises(comity.ConfigurationError) as caught:
        parse_address(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("server", ["127.0.0.1:1", "127.3.2.1:1", "localhost:1", "grpc://[::1]:1", "unix:/x"])
def test_this_machine_is_spoken_to_in_plaintext(server: str) -> None:
    comity.connect(server).close()


@pytest.mark.parametrize(
    "server", ["grpc://gateway.example:1", "grpc://10.0.0.1:1", "grpc://localhost.example:1"]
)
def test_another_machine_is_not_spoken_to_in_plaintext(server: str) -> None:
    with pytest.raises(comity.ConfigurationError) as caught:
        comity.connect(server, token="secret-token")
    assert caught.value.code == "CONFIG_TLS"
    assert "secret-token" not in str(caught.value)
    comity.connect(server, plaintext=True).close()


def test_another_machine_without_a_scheme_means_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(grpc, "secure_channel", lambda target, _credentials, _options: opened.append(target))
    open_channel(Settings("gateway.example:5", None, "COMITY_TOKEN", None), "comity")
    assert opened == ["gateway.example:5"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"server": "grpcs://x:1", "certificate": "c.pem"},
        {"server": "grpcs://x:1", "key": "k.pem"},
        {"server": "grpc://127.0.0.1:1", "ca": "ca.pem"},
        {"server": "grpcs://x:1", "plaintext": True},
        {"server": "grpcs://x:1", "ca": "/no/such/ca.pem"},
    ],
    ids=str,
)
def test_contradicting_tls_settings_are_refused(arguments: dict[str, str]) -> None:
    with pytest.raises(comity.ConfigurationError):
        comity.connect(**arguments)  # type: ignore[arg-type]


def test_a_gateway_with_a_certificate_is_spoken_to_over_mutual_tls(people: pa.Table) -> None:
    servicer = Gateway()
    servicer.answer("SELECT 1", people)
    server = grpc.server(ThreadPoolExecutor(4))
    query_pb2_grpc.add_QueryServiceServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]
    pair = ((TLS / "server.key").read_bytes(), (TLS / "server.pem").read_bytes())
    credentials = grpc.ssl_server_credentials([pair], (TLS / "ca.pem").read_bytes(), require_client_auth=True)
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    try:
        address = f"grpcs://localhost:{port}"
        own, key = TLS / "client.pem", TLS / "client.key"
        with comity.connect(address, ca=TLS / "ca.pem", certificate=own, key=key) as connection:
            assert connection.query("SELECT 1").to_arrow() == people
        with comity.connect(address, ca=TLS / "ca.pem") as connection, pytest.raises(comity.UnavailableError):
            connection.query("SELECT 1")
        with (
            comity.connect(address, certificate=own, key=key) as connection,
            pytest.raises(comity.UnavailableError),
        ):
            connection.query("SELECT 1")
    finally:
        server.stop(None).wait()


def test_nobody_listening_is_said_with_the_address() -> None:
    with comity.connect("127.0.0.1:1") as connection, pytest.raises(comity.UnavailableError) as caught:
        connection.query("SELECT 1")
    assert caught.value.code == "GATEWAY_UNAVAILABLE"
    assert "127.0.0.1:1" in str(caught.value.hint)


def test_a_closed_connection_says_so(gateway: Gateway) -> None:
    connection = comity.connect(gateway.address)
    connection.close()
    with pytest.raises(comity.UnavailableError, match="closed"):
        connection.tables()
    with pytest.raises(comity.UnavailableError, match="closed"):
        connection.query("SELECT 1")


@pytest.mark.parametrize(
    ("failures", "attempts"),
    [
        ([grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAVAILABLE], 3),
        ([comity.UnavailableError("draining")], 2),
    ],
    ids=["network", "draining"],
)
def test_what_never_began_is_tried_again(
    gateway: Gateway, connection: Connection, people: pa.Table, failures: list[object], attempts: int
) -> None:
    def answer(
        request: query_pb2.QueryRequest, context: grpc.ServicerContext
    ) -> Iterator[query_pb2.QueryResponse]:
        if len(gateway.requests) <= len(failures):
            failure = failures[len(gateway.requests) - 1]
            if isinstance(failure, comity.ComityError):
                raise failure
            assert isinstance(failure, grpc.StatusCode)
            context.abort(failure, "connection reset")
        yield from gateway.table_script(people)(request, context)

    gateway.scripts["SELECT 1"] = answer
    assert connection.query("SELECT 1").to_arrow() == people
    assert len(gateway.requests) == attempts
    assert len({request.query_id for request in gateway.requests}) == 1


@pytest.mark.parametrize(
    "failure", [comity.SourceError("tax is down"), comity.AuditError("the log cannot be written")], ids=repr
)
def test_what_the_gateway_decided_is_not_tried_again(
    gateway: Gateway, connection: Connection, failure: comity.ComityError
) -> None:
    gateway.scripts["SELECT 1"] = failure
    with pytest.raises(type(failure)):
        connection.query("SELECT 1")
    assert len(gateway.requests) == 1


def test_an_answer_that_has_begun_is_not_tried_again(gateway: Gateway, connection: Connection) -> None:
    def answer(_request: object, context: grpc.ServicerContext) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(pa.schema([("n", pa.int64())]))
        context.abort(grpc.StatusCode.UNAVAILABLE, "connection reset")

    gateway.scripts["SELECT 1"] = answer
    with pytest.raises(comity.UnavailableError):
        connection.query("SELECT 1").to_arrow()
    assert len(gateway.requests) == 1


def test_a_refused_token_names_its_variable(gateway: Gateway) -> None:
    gateway.failure = comity.IdentityError("the token is not known")
    connection = comity.connect(gateway.address, token_env="CITY_TOKEN")
    with connection, pytest.raises(comity.IdentityError) as caught:
        connection.purposes()
    assert "CITY_TOKEN" in str(caught.value.hint)
    assert "authorization" not in gateway.metadata[0]
    assert to_status(gateway.failure).code is grpc.StatusCode.UNAUTHENTICATED


PROFILES = """
[city]
server = "grpcs://city.example:1"
token_env = "CITY_TOKEN"
purpose = "statistics"

[bare]
server = "grpcs://bare.example:1"

[leaky]
token = "abc"

[odd]
colour = "red"

[wrong]
server = 3
"""


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "comity").mkdir()
    (tmp_path / "comity" / "profiles.toml").write_text(PROFILES, "utf-8")
    return {"XDG_CONFIG_HOME": str(tmp_path)}


def test_settings_have_defaults() -> None:
    assert resolve_settings(environ={}) == Settings("127.0.0.1:50051", None, "COMITY_TOKEN", None)


def test_the_environment_gives_settings() -> None:
    environ = {"COMITY_SERVER": "grpcs://e:1", "COMITY_TOKEN": " t\n", "COMITY_PURPOSE": "p", "MINE": "m"}
    assert resolve_settings(environ=environ) == Settings("grpcs://e:1", "t", "COMITY_TOKEN", "p")
    assert resolve_settings(environ=environ, token_env="MINE").token == "m"
    assert resolve_settings(environ=environ, token_env="MISSING").token is None
    assert resolve_settings(environ=environ, server="s", purpose="q", token="u").server == "s"


def test_a_profile_gives_settings(home: dict[str, str]) -> None:
    environ = {**home, "COMITY_PROFILE": "city", "CITY_TOKEN": "c"}
    assert resolve_settings(environ=environ) == Settings(
        "grpcs://city.example:1", "c", "CITY_TOKEN", "statistics"
    )


def test_the_environment_goes_before_its_profile_and_a_profile_asked_for_before_both(
    home: dict[str, str],
) -> None:
    environ = {
        **home,
        "COMITY_PROFILE": "city",
        "COMITY_SERVER": "grpcs://e:1",
        "COMITY_TOKEN": "t",
        "CITY_TOKEN": "c",
    }
    assert resolve_settings(environ=environ).server == "grpcs://e:1"
    assert resolve_settings(environ=environ).token == "t"
    assert resolve_settings(environ=environ, profile="bare").server == "grpcs://bare.example:1"
    assert resolve_settings(environ=environ, profile="bare").purpose is None
    assert resolve_settings(environ=environ, profile="city").token == "c"
    assert resolve_settings(environ=environ, profile="city", server="grpcs://s:1").server == "grpcs://s:1"


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        ("absent", "CONFIG_REFERENCE"),
        ("leaky", "CONFIG_SECRET"),
        ("odd", "CONFIG_INVALID"),
        ("wrong", "CONFIG_INVALID"),
    ],
)
def test_a_wrong_profile_is_refused(home: dict[str, str], profile: str, code: str) -> None:
    with pytest.raises(comity.ConfigurationError) as caught:
        resolve_settings(environ=home, profile=profile)
    assert caught.value.code == code
    assert "abc" not in str(caught.value)


def test_a_missing_or_broken_profiles_file_is_refused(tmp_path: Path, home: dict[str, str]) -> None:
    with pytest.raises(comity.ConfigurationError) as caught:
        resolve_settings(environ={"XDG_CONFIG_HOME": str(tmp_path / "none")}, profile="city")
    assert caught.value.code == "CONFIG_MISSING"
    (tmp_path / "comity" / "profiles.toml").write_text("[city", "utf-8")
    with pytest.raises(comity.ConfigurationError, match="TOML"):
        resolve_settings(environ=home, profile="city")


def test_a_token_that_cannot_be_sent_is_refused_without_repeating_it() -> None:
    with pytest.raises(comity.IdentityError) as caught:
        resolve_settings(environ={"COMITY_TOKEN": "令牌\nx"})
    assert "令牌" not in str(caught.value)


def test_settings_never_show_the_token() -> None:
    assert "hush" not in repr(resolve_settings(environ={"COMITY_TOKEN": "hush"}))

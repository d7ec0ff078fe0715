"""The gRPC channel: addresses, TLS, and options that both ends must agree on."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import grpc

from comity.errors import ConfigurationError
from comity.settings import Settings

MESSAGE_BYTES = 64 * 1024 * 1024
"""The largest message either end takes. Batches are 1-2 MiB; one row may be larger."""

METADATA_BYTES = 16 * 1024
KEEPALIVE_MS = 60_000
"""A query may run for minutes without a byte. The gateway must allow pings this often, or takes them for abuse."""

_Options = list[tuple[str, int | str]]

_SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [{"service": "comity.v1.QueryService"}, {"service": "comity.v1.CatalogService"}],
            # gRPC itself never retries once the first message has arrived. What a gateway decided is not
            # retried either: comity.status says so in the trailers.
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.1s",
                "maxBackoff": "2s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ]
}


@dataclass(frozen=True, slots=True)
class Address:
    """A gateway's address. `secure` is None when the text does not say."""

    target: str
    host: str
    secure: bool | None

    @property
    def loopback(self) -> bool:
        """True when packets to it cannot leave the machine."""
        if self.host in ("localhost", ""):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_address(server: str) -> Address:
    """Reads `host:port`, `grpc://host:port`, `grpcs://host:port` or `unix:/path`."""
    if server.startswith("unix:"):
        return Address(server, "", secure=False)
    scheme, separator, rest = server.partition("://")
    if not separator:
        scheme, rest = "", server
    parts = urlsplit(f"//{rest}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or scheme not in ("", "grpc", "grpcs") or parts.path.strip("/") or parts.query or "@" in rest:
        raise ConfigurationError(
            f"{_shown(server)} is not the address of a gateway",
            hint="Write host:port, grpc://host:port (no encryption) or grpcs://host:port.",
        )
    target_host = f"[{host}]" if ":" in host else host
    return Address(f"{target_host}:{port or 50051}", host, secure={"grpc": False, "grpcs": True}.get(scheme))


def open_channel(settings: Settings, user_agent: str) -> grpc.Channel:
    """A channel by the settings: plaintext to this machine, TLS to any other.

    Connects when first used. Raises `ConfigurationError` (`CONFIG_TLS`) where a token would travel in the
    clear, unless `plaintext` was asked for.
    """
    address = parse_address(settings.server)
    options = [*_client_options(), ("grpc.primary_user_agent", user_agent)]
    tls_given = settings.ca is not None or settings.certificate is not None or settings.key is not None
    if settings.plaintext and (address.secure or tls_given):
        raise ConfigurationError(
            "plaintext and TLS settings contradict each other",
            code="CONFIG_TLS",
            hint="Leave one of them out.",
        )
    secure = address.secure
    if secure is None:
        secure = tls_given or not (settings.plaintext or address.loopback)
    if secure:
        return grpc.secure_channel(address.target, _credentials(settings), options)
    if tls_given:
        raise ConfigurationError(
            f"certificates were given, but {settings.server} asks for no encryption",
            code="CONFIG_TLS",
            hint="Write grpcs:// to use them.",
        )
    if not (address.loopback or settings.plaintext):
        raise ConfigurationError(
            f"{settings.server} is another machine, and grpc:// would send the token in the clear",
            code="CONFIG_TLS",
            hint="Use grpcs://, or ask for plaintext where the network itself is protected.",
        )
    return grpc.insecure_channel(address.target, options)


def _client_options() -> _Options:
    return [
        ("grpc.max_receive_message_length", MESSAGE_BYTES),
        ("grpc.max_send_message_length", MESSAGE_BYTES),
        ("grpc.max_metadata_size", METADATA_BYTES),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 0),
        ("grpc.enable_retries", 1),
        ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
        # A proxy named by http_proxy is for web traffic; a gateway is reached directly.
        ("grpc.enable_http_proxy", 0),
    ]


def _credentials(settings: Settings) -> grpc.ChannelCredentials:
    if (settings.certificate is None) != (settings.key is None):
        raise ConfigurationError("a certificate needs its key, and a key its certificate", code="CONFIG_TLS")
    return grpc.ssl_channel_credentials(
        root_certificates=_read(settings.ca),
        private_key=_read(settings.key),
        certificate_chain=_read(settings.certificate),
    )


def _read(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}", code="CONFIG_MISSING") from None


def _shown(server: str) -> str:
    """The address without what may be a password before an @."""
    return f"…@{server.rpartition('@')[2]}" if "@" in server else server

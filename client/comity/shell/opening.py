"""Opens the connection that a command's options describe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from comity.errors import IdentityError

if TYPE_CHECKING:
    from comity.client import Connection


@dataclass(frozen=True, slots=True)
class Where:
    """The options that say whom to ask, as whom, and why. None: from the profile or the environment."""

    server: str | None = None
    federation: Path | None = None
    profile: str | None = None
    token_env: str | None = None
    purpose: str | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    plaintext: bool = False


@contextmanager
def open_connection(where: Where, *, timeout: float | None = None) -> Iterator[Connection]:
    """A connection to the gateway, or with `federation` to one that runs inside this process meanwhile."""
    from comity.client import Connection
    from comity.settings import DEFAULT_TIMEOUT, resolve_settings
    from comity.shell.plugins import start_embedded

    with ExitStack() as stack:
        server = where.server
        if where.federation is not None:
            # Asked before the gateway starts, which takes seconds.
            _require_token(where)
            server = stack.enter_context(start_embedded(str(where.federation)))
        settings = resolve_settings(
            server=server,
            token_env=where.token_env,
            purpose=where.purpose,
            ca=where.ca,
            certificate=where.certificate,
            key=where.key,
            plaintext=where.plaintext,
            profile=where.profile,
        )
        seconds = DEFAULT_TIMEOUT if timeout is None else timeout
        yield stack.enter_context(Connection(settings, timeout=seconds, locale=locale_of(os.environ)))


def locale_of(environ: os._Environ[str] | dict[str, str]) -> str:
    """The language for error messages: `zh-CN` when the environment's locale is Chinese, else `en`."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environ.get(variable)
        if value:
            return "zh-CN" if value.startswith("zh") else "en"
    return "en"


def _require_token(where: Where) -> None:
    from comity.settings import resolve_settings

    settings = resolve_settings(token_env=where.token_env, profile=where.profile)
    if settings.token is None:
        raise IdentityError(
            f"there is no token: the variable {settings.token_env} is not set",
            code="TOKEN_MISSING",
            hint=f"Set it to one of the tokens in {where.federation}/identity.yaml.",
        )

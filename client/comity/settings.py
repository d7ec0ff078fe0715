"""Where to connect, as whom and why: arguments, environment variables and named profiles.

Each setting is taken from the first place that has it: the argument, the profile named by an argument,
the environment, the profile named by `COMITY_PROFILE`, the default. Profiles stand in
`$XDG_CONFIG_HOME/comity/profiles.toml` (`~/.config/comity/profiles.toml`)::

    [city]
    server = "grpcs://gateway.example:50051"
    token_env = "CITY_TOKEN"
    purpose = "statistics"
    ca = "/etc/comity/ca.pem"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from comity.errors import ConfigurationError, IdentityError

DEFAULT_SERVER = "127.0.0.1:50051"
DEFAULT_TOKEN_ENV = "COMITY_TOKEN"  # noqa: S105 - the name of a variable
DEFAULT_TIMEOUT = 300.0

_PROFILE_KEYS = {"server", "token_env", "purpose", "ca", "certificate", "key", "plaintext"}


@dataclass(frozen=True, slots=True)
class Settings:
    """How one connection is made. `ca`, `certificate` and `key` are PEM files; `token` is never shown."""

    server: str
    token: str | None = field(repr=False)
    token_env: str
    purpose: str | None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    plaintext: bool = False


def resolve_settings(
    *,
    server: str | None = None,
    token: str | None = None,
    token_env: str | None = None,
    purpose: str | None = None,
    ca: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    plaintext: bool = False,
    profile: str | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """The settings that apply; raises `ConfigurationError` for a profile that is missing or malformed."""
    chosen = _profile(profile, environ) if profile else {}
    fallback = (
        _profile(environ["COMITY_PROFILE"], environ) if environ.get("COMITY_PROFILE") and not profile else {}
    )

    def pick(argument: str | Path | None, name: str, variable: str = "") -> str | None:
        given = str(argument) if argument is not None else None
        return given or chosen.get(name) or environ.get(variable) or fallback.get(name)

    variable = token_env or chosen.get("token_env")
    if variable is None:
        # The environment's own token goes before the one a fallback profile points to.
        own = environ.get(DEFAULT_TOKEN_ENV)
        variable = DEFAULT_TOKEN_ENV if own else fallback.get("token_env", DEFAULT_TOKEN_ENV)
    return Settings(
        server=pick(server, "server", "COMITY_SERVER") or DEFAULT_SERVER,
        token=_checked_token(token if token is not None else environ.get(variable), variable),
        token_env=variable,
        purpose=pick(purpose, "purpose", "COMITY_PURPOSE"),
        ca=_path(pick(ca, "ca")),
        certificate=_path(pick(certificate, "certificate")),
        key=_path(pick(key, "key")),
        plaintext=plaintext or "true" in (chosen.get("plaintext"), fallback.get("plaintext")),
    )


def profiles_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the profiles stand."""
    home = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".config")
    return Path(home) / "comity" / "profiles.toml"


def _profile(name: str, environ: Mapping[str, str]) -> dict[str, str]:
    path = profiles_path(environ)
    try:
        profiles = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(
            f"the profile {name} was asked for, but there is no {path}", code="CONFIG_MISSING"
        ) from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} does not read as TOML: {error}") from None
    entry = profiles.get(name)
    if not isinstance(entry, dict):
        known = ", ".join(sorted(key for key, value in profiles.items() if isinstance(value, dict)))
        raise ConfigurationError(
            f"there is no profile {name} in {path}",
            code="CONFIG_REFERENCE",
            hint=f"It has: {known or 'none'}.",
        )
    if "token" in entry:
        raise ConfigurationError(
            f"the profile {name} in {path} holds a token",
            code="CONFIG_SECRET",
            hint="Put the token in an environment variable and name it with token_env.",
        )
    for key, value in entry.items():
        if key not in _PROFILE_KEYS or not isinstance(value, bool if key == "plaintext" else str):
            raise ConfigurationError(
                f"{key} in the profile {name} of {path} is not a setting, or of the wrong type",
                hint=f"Settings are {', '.join(sorted(_PROFILE_KEYS))}.",
            )
    return {key: value if isinstance(value, str) else str(value).lower() for key, value in entry.items()}


def _checked_token(token: str | None, variable: str) -> str | None:
    text = (token or "").strip()
    if not all("!" <= character <= "~" for character in text):
        raise IdentityError(
            "the token has characters that cannot be sent", hint=f"Check the variable {variable}."
        )
    return text or None


def _path(text: str | None) -> Path | None:
    return Path(text).expanduser() if text else None

"""Where a department's database and its keys are: references to variables and files, never a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from policies.yaml_document import Location, YamlDocument

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")
_LOCATION: Location = ("source", "uri")

# user:password@host, and password=… or pwd=… as a query parameter, a DSN word or an ODBC attribute.
_USERINFO = re.compile(r"//[^/?#\s]*?:([^/?#\s]*)@")
_ASSIGNMENT = re.compile(
    r"(?i)(?:^|[?&;\s])[a-z_-]*(?:password|passwd|pwd|secret|token|api[_-]?key)\s*=\s*('[^']*'|[^&;\s]*)"
)


def resolve_uri(document: YamlDocument, text: str, directory: Path, environ: Mapping[str, str] | None) -> str:
    """The URI with `${VARIABLE}` and `file:…` replaced; as written when `environ` is None.

    Raises `ConfigurationError`: `CONFIG_SECRET` for a literal secret, `CONFIG_MISSING` for a variable that is
    not set or a file that is not there. Messages never hold the URI.
    """
    if _has_literal_secret(text):
        message = "`uri` holds a password: put the URI into a variable, `${NAME}`, or a file, `file:…`"
        raise document.error(_LOCATION, message, code="CONFIG_SECRET")
    return _resolve(document, _LOCATION, text, directory, environ)


def resolve_key(
    document: YamlDocument, location: Location, text: str, directory: Path, environ: Mapping[str, str] | None
) -> str:
    """The key that `text` refers to, wholly as `${VARIABLE}` or `file:…`; empty when `environ` is None.

    Raises `ConfigurationError` as `resolve_uri` does, and `CONFIG_SECRET` for a key that stands in the file.
    """
    if not text.startswith("file:") and not _REFERENCE.fullmatch(text):
        message = f"`{location[-1]}` holds a key: put it into a variable, `${{NAME}}`, or a file, `file:…`"
        raise document.error(location, message, code="CONFIG_SECRET")
    found = _resolve(document, location, text, directory, environ)
    return "" if environ is None else found


def _resolve(
    document: YamlDocument, location: Location, text: str, directory: Path, environ: Mapping[str, str] | None
) -> str:
    for name in _REFERENCE.findall(text):
        if not _VARIABLE.match(name):
            raise document.error(location, f"`${{{name}}}` is not the name of a variable")
    if "${" in _REFERENCE.sub("", text):
        raise document.error(location, "`${` without its `}`")
    if environ is None:
        return text
    if text.startswith("file:"):
        return _from_file(document, location, directory / text.removeprefix("file:"))

    def value(match: re.Match[str]) -> str:
        found = environ.get(match[1])
        if not found:
            message = f"the environment variable {match[1]} is not set"
            raise document.error(location, message, code="CONFIG_MISSING")
        return found

    return _REFERENCE.sub(value, text)


def _has_literal_secret(text: str) -> bool:
    secrets = [m[1] for m in _USERINFO.finditer(text)] + [m[1] for m in _ASSIGNMENT.finditer(text)]
    return any(_REFERENCE.sub("", secret).strip("'\" ") for secret in secrets)


def _from_file(document: YamlDocument, location: Location, path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise document.error(location, f"the file {path} cannot be read", code="CONFIG_MISSING") from None
    if not text or "\n" in text:
        message = f"the file {path} must hold one line, the {str(location[-1]).upper()}"
        raise document.error(location, message, code="CONFIG_MISSING")
    return text

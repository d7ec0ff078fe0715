"""The federation's own files: `federation.yaml` and `identity.yaml`.

Every key is described here, in the models; docs/reference/configuration.md says the same for people, and a
test compares the two.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from policies.file_models import FileModel, Grade, Name, Text
from policies.principal import AttributeValue, Principal
from policies.read_file import read_model
from policies.yaml_document import YamlDocument, load_yaml
from sql.keys import KEYS, is_reserved


class TlsFile(FileModel):
    certificate: Text = Field(description="PEM file of the server's certificate chain.")
    key: Text = Field(description="PEM file of its private key.")
    client_ca: Text | None = Field(None, description="PEM file of the CA that signs clients' certificates.")


class IdentityFile(FileModel):
    tokens: Text | None = Field(None, description="File of development tokens.")


class PurposeFile(FileModel):
    title: Text = Field(description="What people read.")


class FederatedTableFile(FileModel):
    union: Text = Field(description="`department.table` with `*` in the department: the members.")
    member_column: Name | None = Field(None, description="A column that holds the member's department.")


class MergeFile(FileModel):
    engine: Literal["duckdb"] = Field("duckdb", description="The engine that finishes queries.")
    memory: Text = Field("2GB", description="Memory for each running merge.")
    threads: int = Field(2, ge=1, description="Threads for each running merge.")
    spill: Literal["none"] = Field("none", description="Raw data is never written to disk.")


class LimitsFile(FileModel):
    sql_bytes: int = Field(262144, ge=1, description="The longest SQL text, in bytes of UTF-8.")
    result_rows: int = Field(50_000_000, ge=1, description="The most rows of one answer.")
    query_seconds: float = Field(600.0, gt=0, description="The longest time of one query.")
    concurrent_queries: int = Field(16, ge=1, description="Queries at once; one more is refused.")


class AuditFile(FileModel):
    path: Text = Field("audit/", description="Directory of the audit log.")


class CeilingsFile(FileModel):
    query: Grade = Field("core", description="Highest grade of data that questions over gRPC may reach.")


class TelemetryFile(FileModel):
    console: bool = Field(False, description="Print spans and metrics on stderr.")
    otlp: Text | None = Field(None, description="Address of an OTLP collector (gRPC).")


class FederationFile(FileModel):
    """`federation.yaml`."""

    name: Name = Field(description="The federation's name; the audit log's origin.")
    listen: Text = Field("127.0.0.1:50051", description="Address and port of the gRPC server.")
    reflection: bool = Field(False, description="Offer gRPC server reflection.")
    tls: TlsFile | None = Field(None, description="Absent: loopback addresses only.")
    identity: IdentityFile = Field(description="How callers are recognised.")
    purposes: dict[Name, PurposeFile] = Field(description="The closed list of purposes.")
    departments: Text | tuple[Text, ...] = Field("departments/*", description="Directories of departments.")
    tables: dict[str, FederatedTableFile] = Field(default_factory=dict, description="Federated tables.")
    prefer: Literal["exposure", "time"] = Field(
        "exposure",
        description="What plans are chosen for: the fewest bytes that leave, or the soonest answer.",
    )
    merge: MergeFile = Field(default_factory=lambda: MergeFile.model_validate({}))
    limits: LimitsFile = Field(default_factory=lambda: LimitsFile.model_validate({}))
    ceilings: CeilingsFile = Field(default_factory=lambda: CeilingsFile.model_validate({}))
    audit: AuditFile = Field(default_factory=lambda: AuditFile.model_validate({}))
    telemetry: TelemetryFile = Field(default_factory=lambda: TelemetryFile.model_validate({}))


class TokenFile(FileModel):
    subject: Text = Field(description="Who holds the token.")
    department: Text = Field(description="The holder's department.")
    roles: tuple[Text, ...] = Field((), description="The holder's roles.")
    attributes: dict[str, str | int | bool | tuple[str, ...]] = Field(
        default_factory=dict, description="What row filters may name as `principal.<attribute>`."
    )
    ceiling: Grade = Field("core", description="The highest grade of data that may reach the holder.")


class TokensFile(FileModel):
    """`identity.yaml`."""

    tokens: dict[Text, TokenFile] = Field(description="Development tokens and whom they stand for.")


@dataclass(frozen=True, slots=True)
class Federation:
    """A federation's settings, with its files found and its names checked."""

    directory: Path
    settings: FederationFile
    department_directories: tuple[Path, ...]
    principals: Mapping[str, Principal]

    @property
    def purposes(self) -> frozenset[str]:
        return frozenset(self.settings.purposes)

    @property
    def audit_path(self) -> Path:
        return self.directory / self.settings.audit.path


def load_federation(directory: Path) -> Federation:
    """Reads `federation.yaml` and `identity.yaml`. Raises `ConfigurationError` with file and line."""
    document = load_yaml(directory / "federation.yaml")
    settings = read_model(document, FederationFile, code="CONFIG_INVALID")
    _check_listen(document, settings)
    patterns = (settings.departments,) if isinstance(settings.departments, str) else settings.departments
    found: dict[Path, None] = {}
    for pattern in patterns:
        directories = [
            match for match in sorted(directory.glob(pattern)) if (match / "department.yaml").is_file()
        ]
        if not directories:
            message = f"`departments`: {pattern} finds no directory with a department.yaml"
            raise document.error(("departments",), message, code="CONFIG_REFERENCE")
        found.update(dict.fromkeys(directories))
    for name in settings.tables:
        if name.count(".") != 1:
            message = f"`{name}`: a federated table is named group.table, as in city.resident"
            raise document.error(("tables", name), message)
        if is_reserved(name.partition(".")[0]):
            raise document.error(("tables", name), f"`{name}`: `{KEYS}` is what fragments call join keys")
    principals: Mapping[str, Principal] = {}
    if settings.identity.tokens is not None:
        principals = load_tokens(directory / settings.identity.tokens)
    return Federation(directory, settings, tuple(found), principals)


def load_tokens(path: Path) -> Mapping[str, Principal]:
    """The principals of `identity.yaml` by token."""
    tokens = read_model(load_yaml(path), TokensFile, code="CONFIG_INVALID")
    return {
        token: Principal(
            holder.subject,
            holder.department,
            frozenset(holder.roles),
            {name: _attribute(value) for name, value in holder.attributes.items()},
            holder.ceiling,
        )
        for token, holder in tokens.tokens.items()
    }


def _attribute(value: str | int | bool | tuple[str, ...]) -> AttributeValue:
    return value


def _check_listen(document: YamlDocument, settings: FederationFile) -> None:
    host, separator, port = settings.listen.rpartition(":")
    if not separator or not port.isdigit():
        message = f"`listen`: {settings.listen} is not an address and a port, as in 127.0.0.1:50051"
        raise document.error(("listen",), message)
    if settings.tls is None and not is_loopback(host):
        message = f"`listen`: {host} can be reached from other machines, so `tls` is required"
        raise document.error(("listen",), message, code="CONFIG_TLS")


def is_loopback(host: str) -> bool:
    """True for addresses that only this machine reaches.

    >>> is_loopback("127.0.0.1"), is_loopback("[::1]"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False

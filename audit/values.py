"""What audit events are made of. None of them has room for a result value."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal, Self

from audit.canonical import canonical_json

Status = Literal["ok", "denied", "failed", "cancelled"]

SALT_BYTES = 32

# Durations are floats of seconds in Python and integers of microseconds in the record.
MICROSECONDS = {"json": "microseconds", "scale": 1_000_000}
# Written beside the leaves, where it can be erased, and not into them.
ERASABLE = {"erasable": True}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, and how we know: `method` is token, oidc, mtls, local or none."""

    subject: str
    department: str
    roles: frozenset[str] = frozenset()
    peer: str = ""
    method: str = "token"


@dataclass(frozen=True, slots=True)
class Payload:
    """The part of a text that may be erased one day: the words themselves, and the salt.

    Without the salt the commitment that stays in the leaf says nothing about the words.
    """

    commitment: str
    salt: str
    sql: str
    parameters: tuple[str, ...] = ()

    def is_genuine(self) -> bool:
        """Whether the words are those that were committed to."""
        return commitment(bytes.fromhex(self.salt), self.sql, self.parameters) == self.commitment


def commitment(salt: bytes, sql: str, parameters: Sequence[str] = ()) -> str:
    """sha256(salt || sql), in hexadecimal; parameters follow as 0x00 and their canonical JSON array."""
    digest = sha256(salt + sql.encode())
    if parameters:
        digest.update(b"\x00" + canonical_json(list(parameters)))
    return digest.hexdigest()


def writable(text: str) -> str:
    """`text` itself, unless it holds half a surrogate pair, which UTF-8 cannot express: then escaped.

    A question that is broken in this way is still recorded, and not refused for being unrecordable.
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class KeyDisclosure:
    """Join keys of one department that another was sent.

    `origin` is the column whose values they are, `department.table.column`; `keys` how many values crossed, in
    `bytes`; `form` is list for all of them, or range for the least and the greatest.
    """

    origin: str
    keys: int
    bytes: int
    form: Literal["list", "range"] = "list"


@dataclass(frozen=True, slots=True)
class QueryText:
    """A SQL text with its literals set apart.

    `sql` has a `?` in place of every literal, and is empty when the text could not be parsed;
    `fingerprint` is equal for texts that differ in literals only. Build it with `of`.
    """

    sql: str
    fingerprint: str
    commitment: str
    payload: Payload | None = field(default=None, metadata=ERASABLE, repr=False)

    @classmethod
    def of(cls, text: str, *, normalized: str, fingerprint: str, parameters: Sequence[str] = ()) -> Self:
        """Commits to `text` as it was asked; `parameters` are the values bound to it, as text."""
        salt = secrets.token_bytes(SALT_BYTES)
        text = writable(text)
        values = tuple(writable(value) for value in parameters)
        digest = commitment(salt, text, values)
        return cls(normalized, fingerprint, digest, Payload(digest, salt.hex(), text, values))

    @classmethod
    def unparsed(cls, text: str, parameters: Sequence[str] = ()) -> Self:
        """A text that is not SQL: all of it is set apart."""
        return cls.of(text, normalized="", fingerprint="", parameters=parameters)


@dataclass(frozen=True, slots=True)
class TableDecision:
    """What one department decided about one table.

    `masks` maps a column to its mask's name. `columns` are those the question uses, `uses` what it uses
    each for, and `policy_columns` those that only the policy itself reads.
    """

    department: str
    table: str
    allowed: bool
    grant_id: str | None
    reasons: tuple[str, ...]
    policy_digest: str
    columns: tuple[str, ...] = ()
    masks: Mapping[str, str] = field(default_factory=dict)
    row_filter: str | None = None
    legal_basis: str | None = None
    uses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    policy_columns: tuple[str, ...] = ()
    floor: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one department says it did for one fragment. `bytes` are those of Arrow batches that left it.

    `native_sql_digest` is the SHA-256, in hexadecimal, of the SQL that its database ran.
    """

    department: str
    fragment_id: str
    published_sql: QueryText
    native_sql_digest: str
    rows: int
    bytes: int
    seconds: float = field(metadata=MICROSECONDS)
    policy_digest: str
    status: Status = "ok"
    code: str | None = None
    execution: str | None = None
    """`native` or `local`: where in the department it ran."""
    suppressed_groups: int = 0
    """The groups that a floor left out, as far as the department tells."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one department contributed to an answer."""

    department: str
    status: Literal["complete", "missing"]
    rows: int
    bytes: int
    fragments: int = 1
    reason: str | None = None
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a query ended. `rows_granted` is never less than `rows_released`, whatever crashed.

    `suppressed_groups` counts the groups that floors left out, as far as departments tell. `code` and `cause`
    are an error's code and message when it failed; `notices` are codes; `timings` maps
    a stage to seconds.
    """

    status: Status
    seconds: float = field(metadata=MICROSECONDS)
    code: str | None = None
    cause: str | None = None
    rows_granted: int = 0
    rows_released: int = 0
    bytes_released: int = 0
    suppressed_groups: int = 0
    partial: bool = False
    notices: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(
        default_factory=dict, metadata={"json": "timings_microseconds", "scale": 1_000_000}
    )
    peak_memory_bytes: int | None = None

"""What a department decided about one table for one question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ColumnDecision:
    """What one column may be used for, as it is (`mask` None) or changed by the named mask.

    `functions` are the aggregate functions that the use `aggregate` is confined to; empty for any. `grade` is
    core, important or general.
    """

    uses: frozenset[str]
    mask: str | None = None
    mask_argument: str | None = None
    functions: frozenset[str] = frozenset()
    grade: str = "general"


@dataclass(frozen=True, slots=True)
class Floor:
    """The least number of distinct `column` values (its entities) that an aggregate may rest on."""

    entities: int
    column: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Allow or deny for one principal, purpose and table.

    `reasons` say in words why: for a denial, what each grant lacked, naming only what the principal may
    know. `known` is False when the principal has no grant on the table under any purpose, so that a denial
    must read as absence. `row_filter` is the policy's own text over published columns, None for no filter.
    `crossing` says what may reach the merge of columns without the use `read`: `aggregate` or `raw`.
    `obligations` are what the agent counts: rows, bytes, rows_per_day, bytes_per_day, matches, matches_per_day,
    and key_exchange, the departments that may receive join keys.
    """

    department: str
    table: str
    allowed: bool
    known: bool
    grant_id: str | None
    reasons: tuple[str, ...]
    columns: Mapping[str, ColumnDecision]
    row_filter: str | None
    legal_basis: str | None
    policy_digest: str
    obligations: Mapping[str, str] = field(default_factory=dict)
    floor: Floor | None = None
    crossing: str = "aggregate"


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one principal may see of one table under one purpose, over all grants that apply.

    `columns` are all that some applicable grant lists with `read` or a mask; `star` are those of the first
    applicable grant in file order, which is what `*` means unless another grant governs the question; `stars`
    has the columns of each applicable grant by its id, in file order. `purposes` are those under which any
    grant of the table names this principal (valid today).
    """

    table: str
    columns: tuple[str, ...]
    star: tuple[str, ...]
    masks: Mapping[str, str]
    purposes: tuple[str, ...]
    reasons: tuple[str, ...]
    stars: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

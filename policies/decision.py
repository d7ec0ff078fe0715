"""What a department decided about one table for one question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


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
class Refusal:
    """Why one grant does not allow one use of one column.

    `column` is empty where the principal may not know it; `use` is empty where it is not about a use. `remedy`
    is the least change of the question or of the grant that would be allowed; `line` and `place` are where the
    question does it (1-based).
    """

    grant_id: str
    column: str
    use: str
    message: str
    remedy: str = ""
    line: int | None = None
    place: int | None = None


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
    and key_exchange, the departments that may receive join keys. `refusals` are those of the grant that came
    nearest; `matches` is how many constants the question compares with match-only columns; `joins_required` says
    that rows count only where they are joined.
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
    refusals: tuple[Refusal, ...] = ()
    matches: int = 0
    joins_required: bool = False


@dataclass(frozen=True, slots=True)
class GrantView:
    """One grant, as somebody whom it names may read it.

    `rows` say in words which rows, empty for all; `rows_withheld` that they are chosen by a column which the
    grant does not list, and which is not told. `joins` are rules in words. `limits` are by name, as in the file.
    """

    id: str
    reason: str
    request: str | None
    purposes: tuple[str, ...]
    valid_until: date | None
    columns: Mapping[str, ColumnDecision]
    rows: str = ""
    rows_withheld: bool = False
    floor: Floor | None = None
    crossing: str = "aggregate"
    limits: Mapping[str, int] = field(default_factory=dict)
    joins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one principal may see of one table under one purpose, over all grants that apply.

    `columns` are all that exist for the principal: those that some applicable grant lists, and every column of a
    table in the public catalogue. `star` are the readable ones, raw or masked, of the first applicable grant in
    file order, which is what `*` means unless another grant governs the question; `stars` has those of each
    applicable grant by its id, in file order. `uses` say what each column may be used for under some grant
    (empty for a column that is only known to exist), `functions` what the use `aggregate` is confined to, and
    `grades` how each column is graded. `floors` are those of the grants, by grant id; `grants` are
    the applicable ones in file order, as they may be told. `purposes` are those under which any grant of the table names this
    principal (valid today).
    """

    table: str
    columns: tuple[str, ...]
    star: tuple[str, ...]
    masks: Mapping[str, str]
    purposes: tuple[str, ...]
    reasons: tuple[str, ...]
    stars: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    functions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    grades: Mapping[str, str] = field(default_factory=dict)
    floors: Mapping[str, Floor] = field(default_factory=dict)
    grants: tuple[GrantView, ...] = ()

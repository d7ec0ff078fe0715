"""What one grant does not allow of one use of its table, in words, with the least change that it would allow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies.decision import ColumnDecision, Refusal
from policies.functions import family, listed_functions
from policies.grades import exceeds
from policies.model import USES, Grant
from policies.published import PublishedTable
from sql.catalog import ColumnUse, TableUse

_AMOUNTS = frozenset({"rows", "bytes", "rows_per_day", "bytes_per_day"})
"""The limits of a grant on how much may leave, by the names of its obligations."""

UNKNOWN = "a column of the question is not one you may use"


@dataclass(frozen=True, slots=True)
class Request:
    """One use of one table by somebody with this ceiling.

    `listed` are the columns that the caller may know; the others may or may not exist. `fragment` says that the
    use is that of a part of a question, whose rest the department does not see.
    """

    department: str
    table: PublishedTable
    use: TableUse
    ceiling: str
    listed: frozenset[str]
    fragment: bool = False

    def uses(self) -> Iterator[ColumnUse]:
        """Every use; a column about which nothing is known more closely is read."""
        yield from self.use.uses
        accounted = {use.column for use in self.use.uses}
        for column in sorted(self.use.columns - accounted):
            # With inference, something that decides nothing; still refused, in case it was overlooked.
            how = "names it, and uses it for nothing" if self.use.uses else ""
            yield ColumnUse(column, "read", how, line=self.use.line, place=self.use.column)


def refusals(grant: Grant, request: Request) -> tuple[Refusal, ...]:
    """Everything that an applicable grant does not allow; empty when it allows the whole use."""
    if not grant.usable:
        return (Refusal(grant.id, "", "", "opens no column"),)
    return tuple(dict.fromkeys(_refusals(grant, request)))


def matches(grant: Grant, request: Request) -> int:
    """How many constants are compared with columns that are for matching and not for filtering."""
    return sum(
        _chosen(grant, use)
        for use in request.uses()
        if (rule := grant.decided.get(use.column)) and "filter" not in rule.uses
    )


def _chosen(grant: Grant, use: ColumnUse) -> int:
    """How many values of the asker's own choice a use compares with.

    The keys of a key set are such values, since whoever sends a fragment makes them up, but where all that they
    decide could have left without them: beside their column, of a table of which neither groups nor rows are counted.
    """
    if use.use == "match":
        return use.values
    counted = grant.floor is not None or not _AMOUNTS.isdisjoint(grant.obligations)
    return use.values if use.use == "join" and (counted or not use.bare) else 0


def _refusals(grant: Grant, request: Request) -> Iterator[Refusal]:
    for use in request.uses():
        found = _refusal(grant, request, use)
        if found is not None:
            yield found
    yield from _about_rows(grant, request)


def _about_rows(grant: Grant, request: Request) -> Iterator[Refusal]:
    use = request.use
    if not use.columns and exceeds(request.table.grade, request.ceiling):
        message = f"the table is graded {request.table.grade}, and {_ceiling(request)}"
        yield Refusal(grant.id, "", "", message, "", use.line, use.column)
    if grant.joins.lacks(use.joined) and not (request.fragment and _delivers_a_key(grant, use)):
        message = "its rows count only where an inner join, by equality, adds a table that the grant requires"
        required = grant.joins.required or ()
        instead = f"join it with {_any_of(required)}, or " if required else ""
        remedy = f"{instead}ask {request.department} to lift joins.required"
        yield Refusal(grant.id, "", "join", message, remedy, use.line, use.column)
    most = grant.limits.matches
    tried = matches(grant, request)
    if most is not None and tried > most:
        message = f"the question tries {tried} values on columns for matching, and {most} are allowed"
        yield Refusal(
            grant.id, "", "match", message, f"ask about at most {most} values", use.line, use.column
        )


def _delivers_a_key(grant: Grant, use: TableUse) -> bool:
    """Whether a fragment hands out a column by which its rows can still be joined, as the rest of it must.

    Those are the columns in `joins.allowed`, or else those with the use join and not read, or else any with join.
    """
    joinable = {name for name, rule in grant.decided.items() if "join" in rule.uses}
    closed = {name for name in joinable if "read" not in grant.decided[name].uses}
    keys = set(grant.joins.allowed) or closed or joinable
    return any(u.column in keys and ((u.use == "cross" and u.bare) or u.use == "group") for u in use.uses)


def _refusal(grant: Grant, request: Request, use: ColumnUse) -> Refusal | None:
    rule = grant.decided.get(use.column)
    if rule is None and use.column not in request.listed:
        return Refusal(grant.id, "", use.use, UNKNOWN)
    place = (use.line, use.place)
    if rule is None:
        message = f"column {use.column} is not in this grant"
        return Refusal(grant.id, use.column, use.use, message, _ask(request, use), *place)
    if exceeds(rule.grade, request.ceiling):
        message = f"column {use.column} is graded {rule.grade}, and {_ceiling(request)}"
        return Refusal(grant.id, use.column, use.use, message, f"leave {use.column} out", *place)
    closed = _closed(grant, request, rule, use)
    if closed is None:
        return None
    reason, remedy = closed
    doing = _doing_in_part(request, use) if request.fragment else _doing(use)
    return Refusal(grant.id, use.column, use.use, f"column {use.column} {reason}{doing}", remedy, *place)


def _closed(grant: Grant, request: Request, rule: ColumnDecision, use: ColumnUse) -> tuple[str, str] | None:
    """What is not allowed of a column that the grant lists, and the remedy."""
    if use.use == "cross":
        stays = _stays(grant, request, rule, use)
        return stays or _fails(request, rule, use)
    if not (use.use in rule.uses or (use.use == "match" and "filter" in rule.uses)):
        return f"is granted for {_uses(rule)}, not for {use.use}", _instead(request, rule, use)
    # Groups that are joined are a group with a partner.
    joins = use.use == "join" or use.partner is not None
    if joins and not grant.joins.permit(use.column, use.partner):
        partner = ".".join(use.partner) if use.partner is not None else "something that is not one column"
        listed = grant.joins.allowed.get(use.column)
        instead = f"join it with {_any_of(listed)}" if listed else "leave that out"
        remedy = f"{instead}, or ask {request.department} for this pair"
        return f"may not be joined with {partner}", remedy
    if use.use == "join" and _chosen(grant, use) and rule.uses.isdisjoint({"match", "filter"}):
        remedy = f"ask without join keys, or ask {request.department} for the use match on {use.column}"
        return "may not be compared with chosen values, as keys from elsewhere are", remedy
    if "read" in rule.uses:
        return None
    if use.use == "aggregate" and rule.functions and family(use.function) not in rule.functions:
        allowed = listed_functions(rule.functions)
        # Of a part that the planner made, another function of the question's would need the same.
        instead = (
            f"ask for what {request.department} can answer from its own tables"
            if request.fragment
            else f"ask {_call(min(rule.functions), use.column)} instead"
        )
        remedy = f"{instead}, or ask {request.department} for {use.function}"
        return f"may stand in {allowed}, not in {use.function}", remedy
    return _fails(request, rule, use)


def _fails(request: Request, rule: ColumnDecision, use: ColumnUse) -> tuple[str, str] | None:
    """Why a column may not stand where a value can make the question fail."""
    if not use.fails or "read" in rule.uses:
        return None
    remedy = f"use {use.column} as it is, or ask {request.department} for the use read on {use.column}"
    return "stands in an expression that can fail on values that you may not see", remedy


def _stays(grant: Grant, request: Request, rule: ColumnDecision, use: ColumnUse) -> tuple[str, str] | None:
    """Why a value may not leave for the merge."""
    # What may be read leaves here; that no single row leaves under a floor is for `policies.floors` to see to.
    if rule.uses and ("read" in rule.uses or grant.crossing == "raw"):
        return None
    if grant.floor is None and use.bare and not rule.uses.isdisjoint({"join", "group"}):
        return None
    asks = f"ask {request.department} for crossing: raw"
    remedy = f"ask for what {request.department} can answer from its own tables, or {asks}"
    return f"may not leave {request.department} value by value", remedy


def _instead(request: Request, rule: ColumnDecision, use: ColumnUse) -> str:
    """The least change of the question, and that of the grant."""
    asks = _ask(request, use)
    column = use.column
    if use.use == "filter" and "match" in rule.uses:
        return f"compare {column} by = or IN with single values, or {asks}"
    if use.use in {"read", "order"}:
        if "aggregate" in rule.uses:
            function = "count" if not rule.functions or "count" in rule.functions else min(rule.functions)
            return f"ask {_call(function, column)} instead, or {asks}"
        if "group" in rule.uses:
            return f"count its groups instead (GROUP BY {column}), or {asks}"
    return f"leave that out, or {asks}"


def _any_of(patterns: Sequence[str]) -> str:
    return " or ".join(patterns)


def _call(function: str, column: str) -> str:
    return f"count(DISTINCT {column})" if function == "count" else f"{function}({column})"


def _ask(request: Request, use: ColumnUse) -> str:
    wanted = "read" if use.use == "cross" else use.use
    return f"ask {request.department} for the use {wanted} on {use.column}"


def _ceiling(request: Request) -> str:
    return f"nothing above {request.ceiling} may reach you"


def _uses(rule: ColumnDecision) -> str:
    return ", ".join(use for use in USES if use in rule.uses) or "no use"


def _doing(use: ColumnUse) -> str:
    place = f" (line {use.line}, column {use.place})" if use.line else ""
    return f": the question {use.how}{place}" if use.how else place


def _doing_in_part(request: Request, use: ColumnUse) -> str:
    """Without a place, which would be one in a text that nobody but the planner wrote."""
    return f": the part of the question that goes to {request.department} {use.how}" if use.how else ""

"""Columns and grants of a caller's view as messages: over all its purposes, and over a federated table's members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from comity.v1 import catalog_pb2 as pb
from policies.decision import ColumnDecision, GrantView, Visibility
from sql.catalog import Table

_USES = ("read", "filter", "match", "join", "group", "order", "aggregate")

Views = Sequence[Sequence[Visibility]]
"""What is visible under each purpose, of each member."""


def describe_columns(
    tables: Sequence[Table], views: Views, elements: Mapping[str, str]
) -> Iterator[pb.ColumnInfo]:
    """The columns that are known under any purpose, in the table's order."""
    member_columns = {table.member_column for table in tables}
    columns = {column.name: column for table in reversed(tables) for column in table.columns}
    order = dict.fromkeys(column.name for table in tables for column in table.columns)
    for name in order:
        column = columns[name]
        if name in member_columns:
            # The federation's own: it says which member a row is from.
            yield pb.ColumnInfo(name=name, type=column.type, title=column.title, uses=_USES)
            continue
        uses = frozenset(use for members in views for use in _uses(members, name))
        usable = [members for members in views if _uses(members, name)]
        first = usable[0][0] if usable else views[0][0]
        yield pb.ColumnInfo(
            name=name,
            type=column.type,
            title=column.title,
            uses=[use for use in _USES if use in uses],
            mask=first.masks.get(name, ""),
            element=elements.get(name, ""),
            functions=sorted(first.functions.get(name, ())) if "read" not in uses else [],
            grade=first.grades.get(name, ""),
            # Grants without uses: the column lies above the caller's ceiling.
            grants=_column_grants(usable or views, name),
        )


def describe_grants(members: Sequence[tuple[str, str]], views: Views) -> list[pb.GrantInfo]:
    """Every grant once, with the tables that it is on, in the order in which grants are tried."""
    found: dict[bytes, pb.GrantInfo] = {}
    for each in views:
        for (department, table), visibility in zip(members, each, strict=True):
            for grant in visibility.grants:
                info = _grant(grant)
                # Members of a federated table often have the same grant.
                kept = found.setdefault(info.SerializeToString(deterministic=True), info)
                name = f"{department}.{table}"
                if name not in kept.tables:
                    kept.tables.append(name)
    return list(found.values())


def _uses(members: Iterable[Visibility], name: str) -> frozenset[str]:
    """What every member allows: a federated table is the rows of all of them."""
    every = [visibility.uses.get(name, frozenset()) for visibility in members]
    return frozenset.intersection(*every) if every else frozenset()


def _column_grants(views: Views, name: str) -> list[pb.ColumnGrant]:
    found: dict[tuple[str, bytes], pb.ColumnGrant] = {}
    for members in views:
        for visibility in members:
            for grant in visibility.grants:
                rule = grant.columns.get(name)
                if rule is not None and rule.uses:
                    message = _column_grant(grant.id, rule)
                    found.setdefault((grant.id, message.SerializeToString(deterministic=True)), message)
    return list(found.values())


def _column_grant(grant: str, rule: ColumnDecision) -> pb.ColumnGrant:
    mask = rule.mask or ""
    if rule.mask is not None and rule.mask_argument is not None:
        mask = f"{rule.mask}({rule.mask_argument})"
    return pb.ColumnGrant(
        grant=grant,
        uses=[use for use in _USES if use in rule.uses],
        mask=mask,
        functions=sorted(rule.functions),
    )


def _grant(grant: GrantView) -> pb.GrantInfo:
    floor = grant.floor
    return pb.GrantInfo(
        id=grant.id,
        reason=grant.reason,
        request=grant.request or "",
        purposes=grant.purposes,
        valid_until=grant.valid_until.isoformat() if grant.valid_until else "",
        rows=grant.rows,
        rows_withheld=grant.rows_withheld,
        floor_entities=floor.entities if floor else 0,
        # An entity that the grant does not list is a column that the caller may not know.
        floor_column=floor.column if floor and floor.column in grant.columns else "",
        crossing=grant.crossing,
        limits=grant.limits,
        joins=grant.joins,
    )

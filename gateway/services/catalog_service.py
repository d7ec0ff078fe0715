"""CatalogService: what the caller may see, under which purposes, and why."""

from __future__ import annotations

from collections.abc import Sequence

from comity.errors import SqlError
from comity.v1 import catalog_pb2 as pb
from comity.v1 import catalog_pb2_grpc
from gateway.admit import Admission
from gateway.catalogs import CallerView, Catalogs
from gateway.services.calls import Call
from gateway.services.catalog_messages import describe_columns, describe_grants
from sql.catalog import Table


class CatalogService(catalog_pb2_grpc.CatalogServiceServicer):
    """The caller's own view; tables and columns it may not see are absent."""

    def __init__(self, catalogs: Catalogs, admission: Admission) -> None:
        self._catalogs = catalogs
        self._admission = admission

    def ListTables(self, request: pb.ListTablesRequest, call: Call) -> pb.ListTablesResponse:
        return pb.ListTablesResponse(tables=self._tables(request.purpose, call))

    def GetTable(self, request: pb.GetTableRequest, call: Call) -> pb.GetTableResponse:
        wanted = request.table.lower()
        for table in self._tables(request.purpose, call):
            if f"{table.department}.{table.name}".lower() == wanted:
                return pb.GetTableResponse(table=table)
        raise SqlError(
            f"there is no table {request.table} that you may see",
            code="SQL_TABLE_UNKNOWN",
            hint="`comity catalog` lists those you may see.",
        )

    def ListPurposes(self, request: pb.ListPurposesRequest, call: Call) -> pb.ListPurposesResponse:
        del request, call
        purposes = self._admission.purposes.items()
        return pb.ListPurposesResponse(
            purposes=[pb.PurposeInfo(name=name, title=title) for name, title in purposes]
        )

    def _tables(self, purpose: str, call: Call) -> list[pb.TableInfo]:
        """Under one purpose, or, without one, what is so under any, purpose by purpose."""
        if purpose:
            self._admission.check_purpose(purpose)
        seen: dict[str, list[tuple[Table, CallerView]]] = {}
        for each in [purpose] if purpose else self._admission.purposes:
            view = self._catalogs.view(call.principal, each)
            for table in view.catalog.tables:
                seen.setdefault(table.qualified_name, []).append((table, view))
        found = (self._info(views) for views in seen.values())
        return sorted(found, key=lambda info: (info.department, info.name))

    def _info(self, views: Sequence[tuple[Table, CallerView]]) -> pb.TableInfo:
        """One table from its views under one or several purposes."""
        table, _ = views[0]
        members = table.members or ((table.department, table.name),)
        first_department, first_name = members[0]
        publication = self._catalogs.publications[first_department]
        notes = next(note for note in publication.notes if note.table == first_name)
        visible = [[view.visibility[member] for member in members] for _, view in views]
        purposes = dict.fromkeys(p for each in visible for v in each if v.grants for p in v.purposes)
        asked = [each[0].purposes for each in visible]
        reasons = dict.fromkeys(reason for each in visible for v in each for reason in v.reasons)
        return pb.TableInfo(
            department=table.department,
            name=table.name,
            title=notes.title,
            department_title="" if table.members else publication.title,
            sharing=notes.sharing,
            grade=notes.grade,
            update=notes.update,
            columns=describe_columns([shown for shown, _ in views], visible, dict(notes.elements)),
            purposes=list(purposes) if any(asked) else [],
            members=[f"{department}.{name}" for department, name in table.members],
            reasons=list(reasons),
            grants=describe_grants(members, visible),
            legal_basis=notes.legal_basis,
            owner=publication.title,
        )

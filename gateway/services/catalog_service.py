"""CatalogService: what the caller may see, under which purposes, and why."""

from __future__ import annotations

from comity.errors import SqlError
from comity.v1 import catalog_pb2 as pb
from comity.v1 import catalog_pb2_grpc
from gateway.admit import Admission
from gateway.catalogs import CallerView, Catalogs
from gateway.services.calls import Call
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
        """Under one purpose, or, without one, each table under the first purpose that shows it."""
        if purpose:
            self._admission.check_purpose(purpose)
        found: dict[str, pb.TableInfo] = {}
        for each in [purpose] if purpose else self._admission.purposes:
            view = self._catalogs.view(call.principal, each)
            for table in view.catalog.tables:
                info = found.get(table.qualified_name)
                if info is None:
                    found[table.qualified_name] = self._info(table, view)
                if each not in found[table.qualified_name].purposes:
                    found[table.qualified_name].purposes.append(each)
        return sorted(found.values(), key=lambda info: (info.department, info.name))

    def _info(self, table: Table, view: CallerView) -> pb.TableInfo:
        members = table.members or ((table.department, table.name),)
        first_department, first_name = members[0]
        publication = self._catalogs.publications[first_department]
        notes = next(note for note in publication.notes if note.table == first_name)
        elements = dict(notes.elements)
        visibility = view.visibility[members[0]]
        columns = [
            pb.ColumnInfo(
                name=column.name,
                type=column.type,
                title=column.title,
                uses=["read"],
                mask=visibility.masks.get(column.name, ""),
                element=elements.get(column.name, ""),
            )
            for column in table.columns
        ]
        reasons = dict.fromkeys(reason for member in members for reason in view.visibility[member].reasons)
        return pb.TableInfo(
            department=table.department,
            name=table.name,
            title=notes.title,
            department_title="" if table.members else publication.title,
            sharing=notes.sharing,
            grade=notes.grade,
            update=notes.update,
            columns=columns,
            members=[f"{department}.{name}" for department, name in table.members],
            reasons=list(reasons),
        )

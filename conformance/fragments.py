"""Sends fragments to an agent as a hostile gateway would: any text, the types it expects, any claim of a grant.

The sender knows all that a gateway knows, the department's whole publication, and speaks through the same port.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from comity.errors import ComityError
from conformance.case import Keys, Question
from conformance.reply import Reply, rows_of
from policies.port import DepartmentPort, FragmentRequest, KeySet
from policies.principal import Principal
from sql.binder import Binder
from sql.catalog import Column, Fragment, Table
from sql.keys import KEY, KEYS
from sql.types import arrow_schema, arrow_type

SECONDS = 30.0


class HostileGateway:
    """Speaks to agents directly. `principals` are the callers that it vouches for, by name."""

    def __init__(self, ports: Mapping[str, DepartmentPort], principals: Mapping[str, Principal]) -> None:
        self._ports = ports
        self._principals = principals
        self._binders: dict[str, Binder] = {}

    def has(self, department: str) -> bool:
        return department in self._ports

    def knows(self, caller: str) -> bool:
        return caller in self._principals

    def ask(self, question: Question, department: str) -> Reply:
        """The question's text as one fragment for `department`, un-authorised and un-planned."""
        reply = self._send(question, department, self._schema(department, question))
        if reply.code == "INTERNAL":
            # Other types than the agent's: those over what the principal may see, which a gateway knows too.
            schema = self._visible_schema(department, question)
            reply = self._send(question, department, schema) if schema is not None else reply
        return reply

    def _send(self, question: Question, department: str, schema: pa.Schema) -> Reply:
        port = self._ports[department]
        fragment = Fragment("fragment_1", department, question.ask, schema)
        request = FragmentRequest(
            str(uuid.uuid4()),
            self._principals[question.caller],
            question.purpose,
            fragment,
            SECONDS,
            question.grants,
            tuple(_key_set(sent) for sent in question.keys),
        )
        batches: list[pa.RecordBatch] = []
        try:
            execution = port.run(request)
            try:
                batches.extend(execution)
                receipt = execution.receipt()
            finally:
                execution.close()
        except ComityError as error:
            told = tuple((name, value) for name, value in error.metadata.items())
            rows = rows_of(batches)
            said = "\n".join([str(error), *error.metadata.values(), *_cells(rows)])
            return Reply(error.code, error.message, told, said=said)
        rows = rows_of(batches)
        return Reply(None, rows=rows, said="\n".join([*_cells(rows), *schema.names, receipt.mode_reason]))

    def close(self) -> None:
        for binder in self._binders.values():
            binder.close()

    def _schema(self, department: str, question: Question) -> pa.Schema:
        """The types the text would answer with, worked out over everything published."""
        tables = self._ports[department].describe().tables
        if department not in self._binders:
            self._binders[department] = Binder(tables)
        try:
            sent = _key_tables(question)
            known = [*tables, *sent] if sent else []
            return arrow_schema(self._binders[department].columns_of(question.ask, known))
        except ComityError:
            return pa.schema([pa.field("value", pa.string())])

    def _visible_schema(self, department: str, question: Question) -> pa.Schema | None:
        port = self._ports[department]
        published = {table.name: table for table in port.describe().tables}
        shown = []
        for view in port.visible(self._principals[question.caller], question.purpose):
            table = published[view.table]
            columns = {column.name: column for column in table.columns}
            if view.star:
                shown.append(replace(table, columns=tuple(columns[name] for name in view.star)))
        try:
            shown += _key_tables(question)
            return arrow_schema(self._binders[department].columns_of(question.ask, shown))
        except ComityError:
            return None


def _key_set(sent: Keys) -> KeySet:
    """The keys as they are sent, whether or not they may be."""
    listed: list[object] = list(range(sent.up_to)) or list(sent.values)
    source: tuple[str, ...] = tuple(sent.of.split("."))
    # As many parts as the case gives: what the port's type says, a hostile gateway does not keep.
    return KeySet(sent.name, source, pa.array(listed).cast(arrow_type(sent.type)))  # type: ignore[arg-type]


def _key_tables(question: Question) -> list[Table]:
    return [Table(KEYS, sent.name, (Column(KEY, sent.type),)) for sent in question.keys]


def _cells(rows: tuple[tuple[str | None, ...], ...]) -> list[str]:
    return [cell for row in rows for cell in row if cell is not None]

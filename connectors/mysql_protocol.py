"""Prepared statements of the MySQL protocol on a PyMySQL connection, their rows left in one buffer.

PyMySQL connects, authenticates and speaks the text protocol; turning rows into Python objects is what makes
it slow. Here a statement is prepared and executed in the binary protocol, and its row packets are only found,
not taken apart: `mysql_rows` reads a whole buffer of them column by column. Reading stops when nobody asks
for more, so the server waits.

Source: the client/server protocol as MySQL and MariaDB document it (COM_STMT_PREPARE, COM_STMT_EXECUTE,
binary result set rows). Uses PyMySQL's `_execute_command`, `_read_packet`, `_rfile` and `_sock`, which the
contract tests hold still.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pymysql.constants import COMMAND, FIELD_TYPE, FLAG
from pymysql.protocol import FieldDescriptorPacket, MysqlPacket

from comity.errors import SourceError

BUFFER_BYTES = 2 * 1024 * 1024
SLACK_BYTES = 16
"""Room after the last packet, so that reading a fixed width at any place in it stays in the buffer."""
_READ_BYTES = 64 * 1024
_LARGEST_PACKET = 0xFFFFFF
_HEADER = struct.Struct("<I")
_BINARY_CHARSET = 63
_QUERY = re.compile(r"[\s(]*(SELECT|WITH|VALUES)\b", re.IGNORECASE)
"""ANALYZE TABLE and its like return rows too, and are not stopped by a read-only session."""


@dataclass(frozen=True, slots=True)
class WireColumn:
    """A result column as the server announces it. `type_code` is one of PyMySQL's FIELD_TYPE."""

    name: str
    type_code: int
    unsigned: bool
    is_bytes: bool
    scale: int


@dataclass(frozen=True, slots=True)
class RowPackets:
    """Rows in `buffer`: row i's packet takes the bytes from `edges[i]` to `edges[i + 1]`, 4 of header first.

    Valid until the next are read.
    """

    buffer: bytearray
    edges: array[int]


class Statement:
    """One SELECT, prepared; the server refuses text of several statements.

    Raises PyMySQL's errors and OSError as they come; `SourceError` when the text is no query.
    """

    def __init__(self, connection: Any, sql: str) -> None:
        if _QUERY.match(sql) is None:
            raise _not_a_query()
        self._connection = connection
        connection._execute_command(COMMAND.COM_STMT_PREPARE, sql)
        answer = connection._read_packet().get_all_data()
        _, self._id, columns, self._parameters = struct.unpack_from("<BIHH", answer)
        for count in (self._parameters, columns):
            self._read_columns(count)
        if columns == 0:
            raise _not_a_query()

    def execute(self, parameters: Sequence[object]) -> tuple[WireColumn, ...]:
        """Starts the query; its rows are read by `rows`."""
        if len(parameters) != self._parameters:
            raise SourceError(
                f"the query has {self._parameters} placeholders and {len(parameters)} parameters were given"
            )
        body = struct.pack("<IBI", self._id, 0, 1) + _encode_parameters(parameters)
        self._connection._execute_command(COMMAND.COM_STMT_EXECUTE, body)
        count = self._connection._read_packet().read_length_encoded_integer()
        return self._read_columns(count)

    def rows(self, batch_rows: int) -> Iterator[RowPackets]:
        """Row packets, at most `batch_rows` at a time, as they arrive."""
        file, buffer = self._connection._rfile, bytearray(BUFFER_BYTES + SLACK_BYTES)
        # What PyMySQL's file has read ahead comes first: `readinto1` would wait for more beyond it.
        ahead = file.read1(_READ_BYTES)
        filled, finished = len(ahead), False
        buffer[:filled] = ahead
        while not finished:
            edges = array("q", [0])
            while not finished and len(edges) <= batch_rows:
                _find_packets(buffer, filled, edges)
                # Only the last packet of a result can be other than a row, which begins with a zero.
                finished = len(edges) > 1 and buffer[edges[-2] + 4] != 0
                room = len(buffer) - SLACK_BYTES - filled
                if finished or (len(edges) > 1 and room < _READ_BYTES):
                    break
                if room < _READ_BYTES:
                    buffer = _enlarged(buffer, filled)
                with memoryview(buffer) as view, view[filled : len(buffer) - SLACK_BYTES] as free:
                    received = file.readinto1(free)
                if not received:
                    raise ConnectionResetError("the server ended the connection")
                filled += received
            end = edges.pop() if finished else edges[-1]
            for first in range(0, len(edges) - 1, batch_rows):
                yield RowPackets(buffer, edges[first : first + batch_rows + 1])
            if finished:
                # Raises the server's error, if that is what the last packet is.
                MysqlPacket(bytes(buffer[edges[-1] + 4 : end]), "utf-8").check_error()
            buffer[: filled - end] = buffer[end:filled]
            filled -= end

    def close(self) -> None:
        """Frees the statement at the server, which sends no answer."""
        self._connection._execute_command(COMMAND.COM_STMT_CLOSE, struct.pack("<I", self._id))

    def _read_columns(self, count: int) -> tuple[WireColumn, ...]:
        packets = [self._connection._read_packet(FieldDescriptorPacket) for _ in range(count)]
        if count:
            self._connection._read_packet()  # the end of the list
        return tuple(
            WireColumn(
                p.name,
                p.type_code,
                bool(p.flags & FLAG.UNSIGNED),
                p.charsetnr == _BINARY_CHARSET,
                p.scale,
            )
            for p in packets
        )


def _not_a_query() -> SourceError:
    return SourceError("only a query that returns rows is run", hint="write one SELECT")


def _find_packets(buffer: bytearray, filled: int, edges: array[int]) -> None:
    """Appends to `edges` where each further whole packet ends."""
    unpack, append, at = _HEADER.unpack_from, edges.append, edges[-1]
    while True:
        stop = at + 4 + (unpack(buffer, at)[0] & _LARGEST_PACKET)
        if stop > filled:
            return
        append(stop)
        at = stop


def _enlarged(buffer: bytearray, filled: int) -> bytearray:
    """A larger buffer for the packet at its beginning."""
    length = int.from_bytes(buffer[:3], "little")
    if length == _LARGEST_PACKET:
        raise SourceError(
            "a row has more than 16 MiB",
            code="SOURCE_UNSUPPORTED",
            hint="leave its large column out, or publish a part of it",
        )
    larger = bytearray(length + 2 * _READ_BYTES + BUFFER_BYTES + SLACK_BYTES)
    larger[:filled] = memoryview(buffer)[:filled]
    return larger


def _encode_parameters(values: Sequence[object]) -> bytes:
    if not values:
        return b""
    nulls = sum(1 << i for i, value in enumerate(values) if value is None)
    encoded = [_encode_parameter(value) for value in values]
    types = b"".join(struct.pack("<H", code) for code, _ in encoded)
    data = b"".join(content for _, content in encoded)
    return nulls.to_bytes((len(values) + 7) // 8, "little") + b"\x01" + types + data


def _encode_parameter(value: object) -> tuple[int, bytes]:
    """The type code and content of one parameter; text is sent as UTF-8."""
    match value:
        case None:
            return FIELD_TYPE.NULL, b""
        case bool() | int() if -(2**63) <= value < 2**63:
            return FIELD_TYPE.LONGLONG, struct.pack("<q", value)
        case int():
            return FIELD_TYPE.NEWDECIMAL, _length_encoded(str(value).encode())
        case float():
            return FIELD_TYPE.DOUBLE, struct.pack("<d", value)
        case Decimal():
            return FIELD_TYPE.NEWDECIMAL, _length_encoded(format(value, "f").encode())
        case str():
            return FIELD_TYPE.VAR_STRING, _length_encoded(value.encode())
        case bytes():
            return FIELD_TYPE.BLOB, _length_encoded(value)
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            clock = (moment.hour, moment.minute, moment.second, moment.microsecond)
            day = (moment.year, moment.month, moment.day)
            return FIELD_TYPE.DATETIME, struct.pack("<BHBBBBBI", 11, *day, *clock)
        case date():
            return FIELD_TYPE.DATE, struct.pack("<BHBB", 4, value.year, value.month, value.day)
        case _:
            raise SourceError(f"a parameter of type {type(value).__name__} cannot be sent to this source")


def _length_encoded(content: bytes) -> bytes:
    size = len(content)
    if size < 251:
        return bytes([size]) + content
    for marker, width in ((252, 2), (253, 3)):
        if size < 1 << (8 * width):
            return bytes([marker]) + size.to_bytes(width, "little") + content
    return b"\xfe" + size.to_bytes(8, "little") + content

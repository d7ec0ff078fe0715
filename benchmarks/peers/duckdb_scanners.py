"""DuckDB with its PostgreSQL, MySQL and SQLite scanners, answering over standard input and output.

A program for the Python of the peer's own environment, whose DuckDB is of another version than Comity's; it
imports nothing of this repository. One JSON object per line: first `{"attach": [{"name", "type", "target",
"schema"}]}`, answered with `{"ready": versions}`; then `{"sql", "answer"}`, answered with `{"seconds", "rows"}` or
`{"error"}`. `answer` names a file for the answer as an Arrow stream, or is null. Only running the statement and
fetching its rows is timed.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import duckdb
import pyarrow as pa
from duckdb_extensions.extension_importer import import_extension  # type: ignore[import-not-found]  # the peer's own

EXTENSIONS = {"postgres": "postgres_scanner", "mysql": "mysql_scanner", "sqlite": "sqlite_scanner"}


def main() -> None:
    connection = duckdb.connect()
    for line in sys.stdin:
        message = json.loads(line)
        try:
            reply = _attach(connection, message) if "attach" in message else _ask(connection, message)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


def _attach(connection: Any, message: dict[str, Any]) -> dict[str, Any]:
    path = []
    for source in message["attach"]:
        extension = EXTENSIONS[source["type"]]
        import_extension(extension, con=connection)
        connection.execute(f"LOAD {extension}")
        target = source["target"].replace("'", "''")
        connection.execute(f"ATTACH '{target}' AS {source['name']} (TYPE {source['type']}, READ_ONLY)")
        path.append(f"{source['name']}.{source['schema']}")
    connection.execute(f"SET search_path = '{','.join(path)}'")
    return {"ready": {"duckdb": duckdb.__version__}}


def _ask(connection: Any, message: dict[str, Any]) -> dict[str, Any]:
    started = time.perf_counter()
    reader = connection.execute(message["sql"]).fetch_record_batch()
    table = pa.Table.from_batches(list(reader), schema=reader.schema)
    seconds = time.perf_counter() - started
    if message.get("answer"):
        with pa.OSFile(message["answer"], "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return {"seconds": seconds, "rows": table.num_rows}


if __name__ == "__main__":
    main()

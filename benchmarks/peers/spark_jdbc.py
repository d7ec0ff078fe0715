"""Spark with JDBC, answering over standard input and output.

A program for the Python of the peer's own environment; it imports nothing of this repository. Sources are Spark's JDBC
catalogs, which ask a database for conditions, aggregates and first rows where they can. The protocol is that of
`duckdb_scanners.py`: `{"attach": [{"name", "url", "driver", "namespace", "tables", "options"}], "jars", "cache"}`, then
`{"sql", "answer"}` in Spark's SQL.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession  # type: ignore[import-not-found]  # the peer's own

CATALOG = "org.apache.spark.sql.execution.datasources.v2.jdbc.JDBCTableCatalog"
SETTINGS = {
    "spark.driver.memory": "6g",
    "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


def main() -> None:
    # Spark talks on standard output when it starts.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    session = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if "attach" in message:
                session = _start(message)
                reply: dict[str, Any] = {"ready": {"spark": session.version}}
            else:
                reply = _ask(session, message)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=answers, flush=True)


def _start(message: dict[str, Any]) -> Any:
    builder = SparkSession.builder.master("local[*]").appName("comity-benchmarks")
    builder = builder.config("spark.jars.packages", ",".join(message["jars"]))
    builder = builder.config("spark.jars.ivy", message["cache"])
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    for source in message["attach"]:
        place = f"spark.sql.catalog.{source['name']}"
        builder = builder.config(place, CATALOG)
        options = {"url": source["url"], "driver": source["driver"], **source["options"]}
        for name, value in options.items():
            builder = builder.config(f"{place}.{name}", value)
    session = builder.getOrCreate()
    for source in message["attach"]:
        for table in source["tables"]:
            place = ".".join(part for part in (source["name"], source["namespace"], table) if part)
            session.sql(f"CREATE TEMPORARY VIEW {table} AS SELECT * FROM {place}")
    return session


def _ask(session: Any, message: dict[str, Any]) -> dict[str, Any]:
    started = time.perf_counter()
    table = session.sql(message["sql"]).toArrow()
    seconds = time.perf_counter() - started
    if message.get("answer"):
        with pa.OSFile(message["answer"], "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return {"seconds": seconds, "rows": table.num_rows}


if __name__ == "__main__":
    main()

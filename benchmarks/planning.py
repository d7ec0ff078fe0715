"""From text to dispatch without a cached plan, against what sqlglot alone needs for the same text: parse,
qualify and generate. Both in this process, over the 22 TPC-H queries, each time with values that were never asked
before, so that no answer of DuckDB's binder is known either; the gateway knows its sources' statistics. Then the
same without a cached plan, but of texts that were read before; and with one: asked again, and asked with other values.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, islice, repeat
from pathlib import Path
from statistics import median

from sqlglot import parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from benchmarks.federation_files import PURPOSE, TOKEN
from benchmarks.report import write_result
from benchmarks.tpch.prepare import default_directory, prepare
from benchmarks.tpch.tables import DEPARTMENTS, query_texts
from gateway.assembly import Gateway, open_gateway
from gateway.stages import Lifetime, QueryRequest
from sql.liftable import Shape, Slot, Value, find_liftable, shape_of
from sql.parse import parse_query
from sql.resolve import resolve_query

Planner = Callable[[str], object]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks planning", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="a directory that tpch-three prepared")
    parser.add_argument("--runs", type=int, default=15, help="runs of each query; times are medians")
    options = parser.parse_args(arguments)
    directory = options.data or default_directory(0.1)
    prepare(directory, 0.1)
    gateway = open_gateway(directory)
    # A gateway that has been up for a while knows its sources, and weighs plans by what it knows.
    gateway.statistics.refresh()
    # As `comity serve` does, for both sides: what stays for good is not looked through again and again.
    gc.collect()
    gc.freeze()
    try:
        texts = {name: _Texts(gateway, text) for name, text in query_texts().items()}
        cold, alone = _measure(plan_once(gateway), sqlglot_once(), texts, options.runs)
        read, beside = _measure(plan_once(gateway), sqlglot_once(), query_texts(), options.runs)
        known, _ = _measure(plan_once(gateway, cached=True), sqlglot_once(), query_texts(), options.runs)
        varied, _ = _measure(plan_once(gateway, cached=True), sqlglot_once(), texts, options.runs)
    finally:
        gateway.close()
        gc.unfreeze()
    print("        text to dispatch     sqlglot   ratio")
    ratios = {name: cold[name] / alone[name] for name in cold}
    for name in cold:
        print(f"{name}  {cold[name] * 1000:11.3f} ms  {alone[name] * 1000:8.3f} ms  {ratios[name]:6.2f}")
    lifted = [name for name, text in texts.items() if text.others]
    middle = median(ratios.values())
    print(
        f"median ratio {middle:.2f} (goal: at most 4); {len(lifted)} of {len(cold)} have values that can be others"
    )
    before = median(read[name] / beside[name] for name in read)
    print(f"of texts that were read before, but not planned: {before:.2f}")
    again = median(known[name] / cold[name] for name in cold)
    print(f"asked again {again:.3f} of cold (goal: at most 0.05)")
    others = median(varied[name] / cold[name] for name in lifted)
    print(f"with other values {others:.3f} of cold")
    queries = {name: {"ours": cold[name], "sqlglot": alone[name], "ratio": ratios[name]} for name in cold}
    path = write_result(
        "planning",
        {
            "median_ratio": middle,
            "read_before": before,
            "cached": again,
            "other_values": others,
            "runs": options.runs,
            "queries": queries,
        },
    )
    print(f"written to {path}")
    return 0


class _Texts:
    """A question with values that were never asked before, each time it is iterated on; itself where it has none."""

    def __init__(self, gateway: Gateway, text: str) -> None:
        others = _texts_with_other_values(gateway, text)
        self.others = others is not None
        self._texts = others if others is not None else repeat(text)

    def __iter__(self) -> Iterator[str]:
        return self._texts


def plan_once(gateway: Gateway, *, cached: bool = False) -> Planner:
    """Everything that a question meets before dispatch, except the write to the audit log.

    `cached` asks what was asked before; otherwise nothing that was kept is used.
    """
    pipeline = gateway.pipeline
    principal = gateway.federation.principals[TOKEN]

    def plan(sql: str) -> object:
        request = QueryRequest(
            query_id=str(uuid.uuid4()),
            trace_id="",
            principal=principal,
            peer="",
            sql=sql,
            positional=(),
            named={},
            purpose=PURPOSE,
            allow_partial=False,
            lifetime=Lifetime(time.monotonic() + 600),
        )
        record = pipeline.recorder.begin(request, pipeline.telemetry)
        return pipeline.plan(request, record) if cached else pipeline.make_plan(request, record)

    return plan


def _texts_with_other_values(gateway: Gateway, text: str) -> Iterator[str] | None:
    """Texts of the same shape, none of them the same; None where no value can be another."""
    catalog = gateway.pipeline.catalogs.view(gateway.federation.principals[TOKEN], PURPOSE).catalog
    parsed = parse_query(text)
    families = find_liftable(
        parsed, resolve_query(parsed, catalog, gateway.pipeline.catalogs.binder).tree, catalog
    )
    shape = shape_of(parsed)
    if not families:
        return None
    return (_filled(shape, families, random.Random(number)) for number in count())


def _filled(shape: Shape, families: Mapping[Slot, str], chance: random.Random) -> str:
    """Values that were equal stay so, and numbers keep their digits: what a plan may depend on."""
    others: dict[Value, Value] = {}
    for slot, family in families.items():
        value = shape.values[slot]
        if value not in others:
            digits = "".join(chance.choice("123456789") if c.isdigit() else c for c in value.text)
            drawn = {"date": f"{chance.randint(1992, 1998)}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}"}
            drawn |= {"number": digits, "text": f"{value.text}{chance.random()}"}
            others[value] = Value(value.is_string, drawn[family])
    values = [others.get(value, value) if slot in families else value for slot, value in shape.values.items()]
    return "".join(
        part + value for part, value in zip(shape.text, [*(v.sql() for v in values), ""], strict=True)
    )


def sqlglot_once() -> Planner:
    """Parse, qualify and generate, with a schema that was built before."""
    tables = {table.name: table.columns for department in DEPARTMENTS for table in department.tables}
    schema = MappingSchema(dict(tables), dialect="duckdb")

    def qualified(sql: str) -> object:
        tree = qualify(parse_one(sql, read="duckdb"), schema=schema, dialect="duckdb")
        return tree.sql("duckdb")

    return qualified


def _measure(
    one: Planner, other: Planner, texts: Mapping[str, str | _Texts], runs: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Median seconds by query of each, in turn, after two runs to warm what both keep for good."""
    medians: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for name, text in texts.items():
        measured: tuple[list[float], list[float]] = ([], [])
        asked = repeat(text) if isinstance(text, str) else text
        for number, sql in enumerate(islice(asked, runs + 2)):
            for run, seconds in zip((one, other), measured, strict=True):
                started = time.perf_counter()
                run(sql)
                if number > 1:
                    seconds.append(time.perf_counter() - started)
        for side, seconds in zip(medians, measured, strict=True):
            side[name] = median(seconds)
    return medians

"""From text to dispatch without a cached plan, against what sqlglot alone needs for the same text: parse,
qualify and generate. Both in this process, over the 22 TPC-H queries. Then the same questions asked again, and
asked with other values.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, islice
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
    # As `comity serve` does, for both sides: what stays for good is not looked through again and again.
    gc.collect()
    gc.freeze()
    try:
        ours, alone = _measure(plan_once(gateway), sqlglot_once(), options.runs)
        known, _ = _measure(plan_once(gateway, cached=True), sqlglot_once(), options.runs)
        varied, lifted = _measure_values(gateway, options.runs)
    finally:
        gateway.close()
    print("        text to dispatch     sqlglot   ratio")
    ratios = {name: ours[name] / alone[name] for name in ours}
    for name in ours:
        print(f"{name}  {ours[name] * 1000:11.3f} ms  {alone[name] * 1000:8.3f} ms  {ratios[name]:6.2f}")
    middle = median(ratios.values())
    print(f"median ratio {middle:.2f} (goal: at most 4)")
    again = median(known[name] / ours[name] for name in ours)
    print(f"asked again {again:.3f} of that (goal: at most 0.05)")
    others = median(varied[name] / ours[name] for name in lifted)
    print(
        f"with other values {others:.3f} of that ({len(lifted)} of {len(ours)} have values that can be others)"
    )
    queries = {name: {"ours": ours[name], "sqlglot": alone[name], "ratio": ratios[name]} for name in ours}
    path = write_result(
        "planning",
        {
            "median_ratio": middle,
            "cached": again,
            "other_values": others,
            "runs": options.runs,
            "queries": queries,
        },
    )
    print(f"written to {path}")
    return 0


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


def _measure_values(gateway: Gateway, runs: int) -> tuple[dict[str, float], list[str]]:
    """Median seconds of the queries with values not asked before, after two that were; and which have any such."""
    plan = plan_once(gateway, cached=True)
    medians: dict[str, float] = {}
    lifted: list[str] = []
    for name, text in query_texts().items():
        found = _texts_with_other_values(gateway, text)
        if found is None:
            continue
        lifted.append(name)
        seconds: list[float] = []
        for number, other in enumerate(islice(found, runs + 2)):
            started = time.perf_counter()
            plan(other)
            if number > 1:
                seconds.append(time.perf_counter() - started)
        medians[name] = median(seconds)
    return medians, lifted


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


def _measure(one: Planner, other: Planner, runs: int) -> tuple[dict[str, float], dict[str, float]]:
    """Median seconds by query of each, in turn, after one run to warm what both keep for good."""
    medians: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for name, text in query_texts().items():
        measured: tuple[list[float], list[float]] = ([], [])
        for number in range(runs + 1):
            for run, seconds in zip((one, other), measured, strict=True):
                started = time.perf_counter()
                run(text)
                if number:
                    seconds.append(time.perf_counter() - started)
        for side, seconds in zip(medians, measured, strict=True):
            side[name] = median(seconds)
    return medians

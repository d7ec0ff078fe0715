"""The stored answers of the scenarios: `python -m tests.city.expected` computes them anew.

Each `examples/city/scenarios/<name>.sql` has its answer in `scenarios/expected/<name>.json`, at scale 1, computed by the
oracle alone: one DuckDB over policy views, no gateway. Run this after changing the generator, a policy or a scenario,
and read the difference before committing it.

    {"columns": [{"name": "town", "type": "VARCHAR"}, …], "rows": [["清溪镇", …], …]}
    {"refused": "POLICY_DENIED", "reasons": ["health.death_certificate: …"]}

Types are DuckDB's names. Decimals, dates and timestamps are texts, so that nothing is lost.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.compare import table_rows
from examples.city.generate import CITY, TODAY, build
from sql.types import arrow_type, canonical_type
from tests.city.scenarios import Scenario, read_scenarios
from tests.oracle.answer import Answer
from tests.oracle.oracle import NoAnswer, Oracle

DIRECTORY = CITY / "scenarios/expected"
RAW = Path(__file__).parent / "oracle"


def full_oracle() -> Oracle:
    """The oracle over the whole city, on the day that its data describe."""
    return Oracle(CITY, build(1.0), TODAY)


def ask(oracle: Oracle, scenario: Scenario) -> Answer | tuple[str, ...]:
    """The right answer, or the reasons of the refusal.

    What policy views cannot say, floors and pseudonyms, a question over the departments' raw rows says instead, in
    `tests/city/oracle/<name>.sql`; and of a refusal by use the scenario itself says why.
    """
    if "because" in scenario.header:
        return (scenario.header["because"],)
    raw = RAW / f"{scenario.name}.sql"
    if raw.exists():
        return oracle.ask_raw(raw.read_text(encoding="utf-8"))
    try:
        return oracle.ask(scenario.sql, oracle.principal(scenario.principal), scenario.purpose)
    except NoAnswer as refusal:
        return refusal.denials


def read_expected(name: str, directory: Path = DIRECTORY) -> pa.Table | tuple[str, ...]:
    """The stored answer, or the stored reasons of a refusal."""
    stored = json.loads((directory / f"{name}.json").read_text(encoding="utf-8"))
    if "refused" in stored:
        return tuple(stored["reasons"])
    fields = [pa.field(column["name"], arrow_type(column["type"])) for column in stored["columns"]]
    columns = list(zip(*stored["rows"], strict=True)) or [()] * len(fields)
    arrays = [
        pa.array([_decoded(value, field.type) for value in values], field.type)
        for field, values in zip(fields, columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def write_expected(name: str, answer: Answer | tuple[str, ...], directory: Path = DIRECTORY) -> Path:
    path = directory / f"{name}.json"
    path.write_text(_text(answer), encoding="utf-8")
    return path


def _text(answer: Answer | tuple[str, ...]) -> str:
    """JSON with one row in a line, so that differences can be read."""
    if isinstance(answer, tuple):
        return (
            json.dumps({"refused": "POLICY_DENIED", "reasons": answer}, ensure_ascii=False, indent=2) + "\n"
        )
    columns = [{"name": field.name, "type": canonical_type(field.type)} for field in answer.table.schema]
    rows = [
        json.dumps([_encoded(value) for value in row], ensure_ascii=False) for row in table_rows(answer.table)
    ]
    body = ",\n".join(rows)
    return f'{{"columns": {json.dumps(columns, ensure_ascii=False)},\n"rows": [\n{body}\n]}}\n'


def _encoded(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _decoded(value: Any, kind: Any) -> Any:
    types: Any = pa.types
    if value is None:
        return None
    if types.is_decimal(kind):
        return Decimal(value)
    if types.is_date(kind):
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if types.is_timestamp(kind) else value


def main() -> int:
    DIRECTORY.mkdir(exist_ok=True)
    oracle = full_oracle()
    for scenario in read_scenarios():
        answer = ask(oracle, scenario)
        path = write_expected(scenario.name, answer)
        found = "refused" if isinstance(answer, tuple) else f"{answer.table.num_rows} rows"
        print(f"{path.name}: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

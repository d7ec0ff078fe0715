"""However departments fail and however callers leave, a question ends soon, with the right word for it, and
leaves nothing behind: no thread, no running fragment, no engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest

from audit.log import AuditLog
from audit.reader import AuditReader
from comity.errors import ComityError
from gateway.answer import Answer
from gateway.configuration import TelemetryFile
from gateway.dispatch import dispatch
from gateway.merge.duckdb import DuckdbMerge
from gateway.planner.make_plan import make_plan
from gateway.record import QueryRecord, Recorder
from gateway.stages import AdmittedQuery, AuthorizedQuery, BoundQuery, Lifetime, QueryRequest
from gateway.telemetry import Telemetry
from policies.principal import Principal
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.engine import EnginePool
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.uses import infer_uses
from tests.gateway.faulty_department import DEAF_SECONDS, ROWS_PER_BATCH, SCRIPTS, FaultyDepartment

SOON = DEAF_SECONDS + 4.0
"""Seconds within which everything ends; generous, because the machine may be busy."""

COLUMNS = (Column("id", "VARCHAR"), Column("name", "VARCHAR"))
CATALOG = Catalog([Table("one", "t", COLUMNS), Table("other", "t", COLUMNS)], "1")
QUESTIONS = {
    "pass through": "SELECT t.id AS id, t.name AS name FROM other.t",
    "stream": "SELECT t.id AS id FROM one.t UNION ALL SELECT t.id AS id FROM other.t",
    "load": "SELECT a.id AS id, b.name AS name FROM one.t a JOIN other.t b ON b.id = a.id",
}
"""Three ways to answer: without a merge, with a merge over streams, with a merge over loaded tables."""

ENDS = {
    "steady": None,
    "slow": None,
    "breaks_in_receipt": None,
    "refuses": "SOURCE_UNAVAILABLE",
    "fails_before_first_row": "SOURCE_FAILED",
    "fails_after_first_row": "SOURCE_FAILED",
    "gives_up": "SOURCE_FAILED",
    "malformed": "SOURCE_TYPE",
    "of_another_type": "SOURCE_TYPE",
    "with_a_column_too_many": "SOURCE_TYPE",
    "breaks": "INTERNAL",
    "breaks_in_close": "INTERNAL",
}
"""Faults after which a question ends by itself, and the code it ends with."""
BESIDE = [
    (fault, beside)
    for fault, code in ENDS.items()
    for beside in (["steady", "endless", "silent"] if code else ["steady"])
]
"""The same beside a department without fault: one that ends, one that would not, and one that waits."""
GOES_ON = sorted(SCRIPTS.keys() - ENDS.keys())
"""Faults under which only a cancellation or the deadline ends a question."""


class Place:
    """A place among the running questions."""

    releases = 0

    def release(self) -> None:
        self.releases += 1


@dataclass
class Asking:
    """Asks questions of faulty departments, through everything but the wire."""

    log: AuditLog
    binder: Binder
    engines: EnginePool
    telemetry: Telemetry

    def ask(
        self,
        shape: str,
        faults: dict[str, str],
        *,
        seconds: float = 60.0,
        partial: bool = False,
    ) -> Asked:
        lifetime = Lifetime(time.monotonic() + seconds)
        sql = QUESTIONS.get(shape, shape)
        principal = Principal("someone", "one")
        request = QueryRequest("id", "trace", principal, "peer", sql, (), {}, "purpose", partial, lifetime)
        parsed = parse_query(sql)
        resolved = resolve_query(parsed, CATALOG, self.binder)
        influence = infer_uses(resolved.tree, resolved.tables, sql)
        bound = BoundQuery(AdmittedQuery(request, parsed, CATALOG), resolved, influence)
        plan = make_plan(AuthorizedQuery(bound, ()), self.binder, CATALOG)
        ports = {name: FaultyDepartment(name, fault) for name, fault in faults.items()}
        record = Recorder(self.log).begin(request, self.telemetry)
        streams = dispatch(plan, ports)
        place = Place()
        result = DuckdbMerge(self.engines).merge(streams)
        return Asked(
            Answer(result, streams, record, place, most_rows=1 << 40), lifetime, ports, place, record
        )

    def outcome(self) -> Mapping[str, Any]:
        """How the question ended that was asked last, as it is on record."""
        records = AuditReader(self.log.path).records()
        ended = [record.event["outcome"] for record in records if record.type == "query.completed"]
        outcome: Mapping[str, Any] = ended[-1]
        return outcome


@dataclass
class Asked:
    """A question on its way."""

    answer: Answer
    lifetime: Lifetime
    ports: dict[str, FaultyDepartment]
    place: Place
    record: QueryRecord

    def read(self, most: int | None = None) -> list[pa.RecordBatch]:
        """All batches, or the first ones, after which the caller walks away."""
        found = []
        batches = self.answer.read()
        try:
            for batch in batches:
                found.append(batch)
                if most is not None and len(found) >= most:
                    break
        finally:
            batches.close()
        return found


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    log = AuditLog.open(tmp_path_factory.mktemp("log") / "audit", "test", sync=lambda file: None)
    asking = Asking(
        log, Binder(CATALOG.tables), EnginePool(threads=2), Telemetry(TelemetryFile.model_validate({}))
    )
    yield asking
    asking.telemetry.close()
    asking.engines.close()
    asking.binder.close()
    log.close()


@pytest.fixture
def asking(tools: Asking) -> Iterator[Asking]:
    """What asks; afterwards nothing may be left of what was asked."""
    # Other tests' servers may still be ending.
    before = set(threading.enumerate())
    yield tools
    names = ("fragment-", "cancel-", "load-", "engine-stopper", "Thread-")
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        new = set(threading.enumerate()) - before
        left = [thread.name for thread in new if thread.name.startswith(names)]
        if not left:
            break
        time.sleep(0.01)
    assert left == []


def within(seconds: float, work: Callable[[], object]) -> ComityError | None:
    """Does the work in a thread of its own, so that a hang is a failure; returns what it raised."""
    raised: list[BaseException | None] = []

    def run() -> None:
        try:
            work()
            raised.append(None)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="reader", daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), "the question did not end"
    (error,) = raised
    assert error is None or isinstance(error, ComityError), repr(error)
    return error


def code_of(error: ComityError | None) -> str | None:
    return error.code if error is not None else None


def check_left_behind(asked: Asked) -> None:
    assert asked.place.releases == 1
    for port in asked.ports.values():
        assert all(run.closed.is_set() for run in port.runs), f"{port.name} still runs a fragment"


SHAPES = list(QUESTIONS)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("fault", "beside"), BESIDE)
def test_a_question_ends_with_what_went_wrong(asking: Asking, shape: str, fault: str, beside: str) -> None:
    asked = asking.ask(shape, {"one": beside, "other": fault})
    error = within(SOON, asked.read)
    assert code_of(error) == ENDS[fault]
    if error is not None:
        assert error.department == "other"
    check_left_behind(asked)
    assert asking.outcome()["status"] == ("ok" if ENDS[fault] is None else "failed")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fault", GOES_ON)
@pytest.mark.parametrize("ending", ["cancelled at once", "cancelled while it runs", "deadline"])
def test_a_question_that_would_go_on_is_stopped(asking: Asking, shape: str, fault: str, ending: str) -> None:
    asked = asking.ask(shape, {"one": "steady", "other": fault}, seconds=0.15 if ending == "deadline" else 60)
    timer = threading.Timer(0.05, asked.lifetime.cancel)
    if ending == "cancelled at once":
        asked.lifetime.cancel()
    elif ending != "deadline":
        timer.start()
    error = within(SOON, asked.read)
    timer.cancel()
    assert code_of(error) == ("QUERY_TIMEOUT" if ending == "deadline" else "CANCELLED")
    check_left_behind(asked)
    assert asking.outcome()["status"] == ("failed" if ending == "deadline" else "cancelled")


@pytest.mark.parametrize("shape", ["pass through", "stream"])
@pytest.mark.parametrize("fault", ["steady", "endless", "deaf", "fails_after_first_row", "breaks_in_cancel"])
def test_a_caller_that_walks_away_leaves_nothing(asking: Asking, shape: str, fault: str) -> None:
    asked = asking.ask(shape, {"one": "endless", "other": fault})
    error = within(SOON, lambda: asked.read(most=1))
    assert code_of(error) in {None, ENDS.get(fault)}
    check_left_behind(asked)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("fault", ["steady", "endless", "silent", "refuses"])
def test_an_answer_that_nobody_reads_can_be_closed(asking: Asking, shape: str, fault: str) -> None:
    asked = asking.ask(shape, {"one": "endless", "other": fault})
    assert within(SOON, asked.answer.close) is None
    check_left_behind(asked)


@pytest.mark.parametrize("shape", ["pass through", "stream"])
def test_a_reader_that_pauses_slows_the_department(asking: Asking, shape: str) -> None:
    asked = asking.ask(shape, {"one": "endless", "other": "endless"})
    batches = asked.answer.read()
    next(batches)
    # DuckDB reads ahead as far as its own buffer reaches.
    rows = [-1]
    for _ in range(50):
        before, rows = rows, [stream.rows for stream in asked.answer.streams.streams.values()]
        if rows == before:
            break
        time.sleep(0.2)
    assert rows == before
    assert within(SOON, batches.close) is None
    check_left_behind(asked)


LIMITED = "SELECT t.id AS id FROM one.t UNION ALL SELECT t.id AS id FROM other.t LIMIT 3"


@pytest.mark.parametrize("fault", ["endless", "steady"])
def test_an_answer_is_complete_without_the_rows_that_a_limit_cuts_off(asking: Asking, fault: str) -> None:
    asked = asking.ask(LIMITED, {"one": "endless", "other": fault}, partial=True)
    found: list[pa.RecordBatch] = []
    assert within(SOON, lambda: found.extend(asked.read())) is None
    assert sum(batch.num_rows for batch in found) == 3
    check_left_behind(asked)
    assert [part.status for part in asked.answer.coverage] == ["complete", "complete"]
    assert asking.outcome()["partial"] is False


@pytest.mark.parametrize("shape", ["stream", "load"])
@pytest.mark.parametrize("fault", ["refuses", "fails_before_first_row"])
def test_a_partial_answer_does_without_a_department_that_failed_at_once(
    asking: Asking, shape: str, fault: str
) -> None:
    asked = asking.ask(shape, {"one": "steady", "other": fault}, partial=True)
    assert within(SOON, asked.read) is None
    assert {part.department: part.status for part in asked.answer.coverage} == {
        "one": "complete",
        "other": "missing",
    }


@pytest.mark.parametrize("shape", ["stream", "load"])
def test_a_partial_answer_never_lacks_part_of_a_department(asking: Asking, shape: str) -> None:
    asked = asking.ask(shape, {"one": "steady", "other": "fails_after_first_row"}, partial=True)
    assert code_of(within(SOON, asked.read)) == "SOURCE_FAILED"


def test_cancelled_fragments_are_not_on_record_as_complete(asking: Asking) -> None:
    asked = asking.ask("load", {"one": "endless", "other": "fails_after_first_row"})
    within(SOON, asked.read)
    errors = {stream.department: code_of(stream.error) for stream in asked.answer.streams.streams.values()}
    assert errors == {"one": "CANCELLED", "other": "SOURCE_FAILED"}


def test_an_engine_survives_what_happened_to_another_question(asking: Asking) -> None:
    """A late cancellation of one question does not stop the next, which may have been lent its engine."""
    for _ in range(3):
        asked = asking.ask("load", {"one": "steady", "other": "steady"})
        assert within(SOON, asked.read) is None
        asked.lifetime.cancel()
        asked.answer.streams.cancel()
        again = asking.ask("load", {"one": "steady", "other": "steady"})
        assert within(SOON, again.read) is None


def test_rows_arrive_whole_and_once(asking: Asking) -> None:
    asked = asking.ask("stream", {"one": "steady", "other": "slow"})
    found: list[pa.RecordBatch] = []
    assert within(SOON, lambda: found.extend(asked.read())) is None
    rows = [row for batch in found for row in batch.column(0).to_pylist()]
    assert sorted(rows) == sorted(
        [str(n) for n in range(20 * ROWS_PER_BATCH)] + [str(n) for n in range(4 * ROWS_PER_BATCH)]
    )

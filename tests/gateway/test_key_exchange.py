"""However the department fails that keys come from, the one that waits for them is asked for the right rows, or for none,
and nothing is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pytest

from audit.log import AuditLog
from audit.narrative import narrate
from audit.reader import AuditReader, Record
from comity.errors import AuditError, CancelledError, ComityError, SourceError
from gateway import collected_keys
from gateway import dispatch as dispatching
from gateway.answer import Answer
from gateway.configuration import TelemetryFile
from gateway.dispatch import dispatch
from gateway.exchange import FragmentStream
from gateway.key_exchange import Launch
from gateway.merge.duckdb import DuckdbMerge
from gateway.planner.choosing import Choosing, Preference
from gateway.planner.estimates import Estimate
from gateway.planner.make_plan import make_plan
from gateway.record import QueryRecord, Recorder
from gateway.stages import (
    AdmittedQuery,
    AuthorizedQuery,
    BoundQuery,
    FederatedPlan,
    Lifetime,
    QueryRequest,
)
from gateway.telemetry import Telemetry
from policies.decision import ColumnDecision, Decision
from policies.port import FragmentRequest
from policies.principal import Principal
from policies.statistics import UNKNOWN_SPEED, ColumnFacts, SourceSpeed, TableFacts
from sql.binder import Binder
from sql.catalog import Catalog, Column, Table
from sql.engine import EnginePool
from sql.parse import parse_query
from sql.resolve import resolve_query
from sql.uses import infer_uses
from tests.gateway.faulty_department import FaultyDepartment, FaultyRun

SOON = 5.0
COLUMNS = (Column("id", "BIGINT"), Column("name", "VARCHAR"))
CATALOG = Catalog([Table(place, "t", COLUMNS) for place in ("small", "large", "third")], "1")
PAIR = "SELECT a.name, b.name FROM small.t a JOIN large.t b ON b.id = a.id WHERE a.name = 'x'"
CHAIN = (
    "SELECT a.name, c.name FROM small.t a JOIN large.t b ON b.id = a.id JOIN third.t c ON c.name = b.name"
    " WHERE a.name = 'x'"
)


class Scripted(FaultyDepartment):
    """Answers with the ids it is told, and keeps what it was asked. `when` happens when it is asked, `then` after the last batch."""

    def __init__(
        self,
        name: str,
        ids: list[list[int | None]],
        then: Callable[[FaultyRun], None] | None = None,
        when: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(name, "scripted")
        self.ids = ids
        self.then = then
        self.when = when
        self.requests: list[FragmentRequest] = []

    def run(self, request: FragmentRequest) -> FaultyRun:
        self.requests.append(request)
        if self.when is not None:
            self.when()
        run = FaultyRun(request, self._batches)
        self.runs.append(run)
        return run

    def _batches(self, run: FaultyRun) -> Iterator[pa.RecordBatch]:
        for ids in self.ids:
            columns = [
                pa.array(ids, pa.int64()) if pa.types.is_integer(f.type) else pa.array([f"n{i}" for i in ids])
                for f in run.schema
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=run.schema)
        if self.then is not None:
            self.then(run)


def broken(_run: FaultyRun) -> None:
    raise SourceError("the database broke off")


def silent(run: FaultyRun) -> None:
    run.stopped.wait()
    raise CancelledError("the query was cancelled")


@dataclass
class Place:
    """A place among the running questions."""

    releases: int = 0

    def release(self) -> None:
        self.releases += 1


@dataclass
class Asked:
    """A question on its way, and who is asked."""

    answer: Answer
    ports: dict[str, Scripted]
    record: QueryRecord
    plan: FederatedPlan
    place: Place = field(default_factory=Place)

    def rows(self) -> list[tuple[object, ...]]:
        table = pa.Table.from_batches(list(self.answer.read()), self.answer.schema)
        return sorted(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def asked_of(self, department: str) -> FragmentRequest:
        """The one fragment that the department was sent."""
        (request,) = self.ports[department].requests
        return request

    def stream(self, department: str) -> FragmentStream:
        return next(s for s in self.answer.streams.streams.values() if s.department == department)


@dataclass
class Asking:
    """Asks questions of scripted departments, whose keys may go anywhere."""

    log: AuditLog
    binder: Binder
    engines: EnginePool
    telemetry: Telemetry

    def plan(
        self,
        sql: str,
        *,
        partial: bool = False,
        seconds: float = 60.0,
        lists: str = "small large third",
        choosing: Choosing | None = None,
    ) -> FederatedPlan:
        lifetime = Lifetime(time.monotonic() + seconds)
        request = QueryRequest(
            "id", "trace", Principal("someone", "one"), "peer", sql, (), {}, "purpose", partial, lifetime
        )
        parsed = parse_query(sql)
        resolved = resolve_query(parsed, CATALOG, self.binder)
        influence = infer_uses(resolved.tree, resolved.tables, sql)
        bound = BoundQuery(AdmittedQuery(request, parsed, CATALOG), resolved, influence)
        read = {c.name: ColumnDecision(frozenset({"read"})) for c in COLUMNS}
        decisions = tuple(
            Decision(
                t.department, t.name, True, True, "g", (), read, None, None, "d", {"key_exchange": lists}
            )
            for t in CATALOG.tables
        )
        return make_plan(AuthorizedQuery(bound, decisions), self.binder, CATALOG, choosing)

    def ask(
        self,
        ports: list[Scripted],
        sql: str = PAIR,
        *,
        partial: bool = False,
        seconds: float = 60.0,
        lists: str = "small large third",
        record: Callable[[list[Launch]], None] | None = None,
        change: Callable[[FederatedPlan], FederatedPlan] = lambda plan: plan,
    ) -> Asked:
        plan = change(self.plan(sql, partial=partial, seconds=seconds, lists=lists))
        recording = Recorder(self.log).begin(plan.authorized.request, self.telemetry)
        recording.authorized(plan)
        named = {port.name: port for port in ports}
        streams = dispatch(plan, named, record or recording.disclosing)  # type: ignore[arg-type]
        place = Place()
        result = DuckdbMerge(self.engines).merge(streams)
        answer = Answer(result, streams, recording, place, most_rows=1 << 40)
        return Asked(answer, named, recording, plan, place)

    def records(self) -> list[Record]:
        """What is on record of the question asked last."""
        records = list(AuditReader(self.log.path).records())
        start = max(n for n, record in enumerate(records) if record.type == "query.received")
        return records[start:]


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    log = AuditLog.open(tmp_path_factory.mktemp("log") / "audit", "test", sync=lambda file: None)
    telemetry = Telemetry(TelemetryFile.model_validate({}))
    asking = Asking(log, Binder(CATALOG.tables), EnginePool(threads=2), telemetry)
    yield asking
    telemetry.close()
    asking.engines.close()
    asking.binder.close()
    log.close()


@pytest.fixture
def asking(tools: Asking) -> Iterator[Asking]:
    before = set(threading.enumerate())
    yield tools
    deadline = time.monotonic() + SOON
    names = ("fragment-", "cancel-", "load-", "Thread-")
    while time.monotonic() < deadline:
        left = [t.name for t in set(threading.enumerate()) - before if t.name.startswith(names)]
        if not left:
            break
        time.sleep(0.01)
    assert left == []


def code_of(work: Callable[[], object]) -> str | None:
    try:
        work()
    except ComityError as error:
        return error.code
    return None


def test_a_fragment_asks_for_the_keys_that_the_other_found(asking: Asking) -> None:
    asked = asking.ask([Scripted("small", [[1, 2, None], [2, 7]]), Scripted("large", [[1, 7]])])
    assert asked.rows() == [("n1", "n1"), ("n7", "n7")]
    request = asked.asked_of("large")
    (keys,) = request.keys
    assert sorted(keys.values.to_pylist()) == [1, 2, 7]
    assert keys.source == ("small", "t", "id")
    assert f'"b"."id" IN (SELECT "key" FROM "_keys"."{keys.name}")' in request.fragment.sql
    assert asked.asked_of("small").keys == ()


def test_keys_are_on_record_before_they_are_sent(asking: Asking) -> None:
    asked = asking.ask([Scripted("small", [[1, 2]]), Scripted("large", [[1]])])
    asked.rows()
    records = asking.records()
    sent = [r.event for r in records if r.type == "fragment.dispatched"]
    assert [(e["department"], e["keys"]) for e in sent] == [
        ("small", []),
        ("large", [{"bytes": 16, "form": "list", "keys": 2, "origin": "small.t.id"}]),
    ]
    assert "    told     large 2 keys of small.t.id, 16 bytes" in narrate(records)
    assert asked.stream("large").key_bytes == 16


def test_nothing_is_sent_when_it_cannot_be_put_on_record(asking: Asking) -> None:
    def full(_launches: list[Launch]) -> None:
        raise AuditError("the disk is full")

    asked = asking.ask([Scripted("small", [[1]]), Scripted("large", [[1]])], record=full)
    assert code_of(asked.rows) == "AUDIT_UNAVAILABLE"
    assert asked.ports["large"].requests == []


def test_who_has_no_key_is_not_asked(asking: Asking) -> None:
    asked = asking.ask([Scripted("small", [[None]]), Scripted("large", [[1]])])
    assert asked.rows() == []
    assert asked.ports["large"].requests == []
    assert [(c.department, c.status, c.rows) for c in asked.answer.coverage] == [
        ("small", "complete", 1),
        ("large", "complete", 0),
    ]
    assert [r.event["department"] for r in asking.records() if r.type == "fragment.dispatched"] == ["small"]
    completed = [r.event["receipt"]["department"] for r in asking.records() if r.type == "fragment.completed"]
    assert completed == ["small"]


def test_keys_go_on_along_a_chain(asking: Asking) -> None:
    ports = [Scripted("small", [[1, 2]]), Scripted("large", [[2]]), Scripted("third", [[2, 3]])]
    asked = asking.ask(ports, CHAIN)
    assert asked.rows() == [("n2", "n2")]
    assert [k.values.to_pylist() for k in asked.asked_of("third").keys] == [["n2"]]


def test_a_chain_without_keys_at_its_start_asks_nobody_else(asking: Asking) -> None:
    ports = [Scripted("small", []), Scripted("large", [[2]]), Scripted("third", [[2, 3]])]
    asked = asking.ask(ports, CHAIN)
    assert asked.rows() == []
    assert [len(port.requests) for port in ports] == [1, 0, 0]


def test_only_departments_that_the_policy_lists_receive_keys(asking: Asking) -> None:
    asked = asking.ask([Scripted("small", [[1]]), Scripted("large", [[1, 2]])], lists="third")
    assert asked.rows() == [("n1", "n1")]
    assert asked.asked_of("large").keys == ()
    assert [r.text for r in asked.plan.remarks if r.kind == "exchange"] == [
        "policy of small.t does not let large receive keys of id"
    ]


def test_too_many_keys_are_not_waited_for(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collected_keys, "MOST_KEYS", 3)
    started = threading.Event()

    def wait_for_the_other(_run: FaultyRun) -> None:
        assert started.wait(SOON)

    large = Scripted("large", [[1, 2]], when=started.set)

    def without_ranges(plan: FederatedPlan) -> FederatedPlan:
        return with_exchanges(plan, ranges=False)

    small = Scripted("small", [[n] for n in range(8)], wait_for_the_other)
    asked = asking.ask([small, large], change=without_ranges)
    assert asked.rows() == [("n1", "n1"), ("n2", "n2")]
    assert asked.asked_of("large").keys == ()
    assert asked.asked_of("large").fragment.sql == asked.stream("large").planned.fragment.sql


def test_of_too_many_keys_the_least_and_the_greatest_may_be_sent(
    asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collected_keys, "MOST_KEYS", 3)
    asked = asking.ask([Scripted("small", [[n] for n in range(-3, 8)]), Scripted("large", [[1, 2]])])
    assert asked.rows() == [("n1", "n1"), ("n2", "n2")]
    assert asked.asked_of("large").fragment.sql.endswith('"b"."id" BETWEEN -3 AND 7')
    sent = [r.event for r in asking.records() if r.type == "fragment.dispatched"][-1]
    assert sent["keys"] == [{"bytes": 16, "form": "range", "keys": 2, "origin": "small.t.id"}]
    # They are values, which no record holds.
    assert "-3" not in (asked.answer.streams.streams["fragment_2"].fragment.sql)


def test_keys_are_not_sent_for_few_rows(asking: Asking) -> None:
    def expecting(plan: FederatedPlan) -> FederatedPlan:
        return with_exchanges(plan, estimate=Estimate(3.0, 1000.0))

    asked = asking.ask([Scripted("small", [[1, 2, 3]]), Scripted("large", [[1, 2]])], change=expecting)
    assert asked.rows() == [("n1", "n1"), ("n2", "n2")]
    assert asked.asked_of("large").keys == ()


class Grouped:
    """So many rows of 25 ids at `large`, and one of each at `small`."""

    def __init__(self, rows: float) -> None:
        self.rows = rows

    def table(self, department: str, name: str) -> TableFacts | None:
        del name
        rows = {"small": 25.0, "large": self.rows}.get(department)
        columns = {name: ColumnFacts(distinct=25.0, null_fraction=0.0, width=8.0) for name in ("id", "name")}
        return TableFacts(rows, columns) if rows is not None else None

    def speed(self, department: str) -> SourceSpeed:
        del department
        return UNKNOWN_SPEED


@pytest.mark.parametrize("prefer", ["exposure", "time"])
@pytest.mark.parametrize(("rows", "waits"), [(800_000.0, True), (20_000.0, False)])
def test_who_groups_many_rows_waits_for_keys_though_few_groups_leave(
    asking: Asking, rows: float, *, waits: bool, prefer: Preference
) -> None:
    sql = "SELECT count(b.name) AS n FROM small.t a JOIN large.t b ON b.id = a.id WHERE a.name = 'x'"
    plan = asking.plan(sql, choosing=Choosing(Grouped(rows), prefer))
    (grouped,) = [planned for planned in plan.fragments if planned.fragment.department == "large"]
    assert "GROUP BY" in grouped.fragment.sql
    assert bool(grouped.exchanges) == waits


class Counted(Grouped):
    """So many rows at `large` and a thousand at `small`, of whose columns nothing is known."""

    def table(self, department: str, name: str) -> TableFacts | None:
        del name
        rows = {"small": 1000.0, "large": self.rows}.get(department)
        return TableFacts(rows, {}) if rows is not None else None


@pytest.mark.parametrize(
    ("rows", "prefer", "waits"),
    [
        (5_000.0, "exposure", False),
        (20_000.0, "exposure", True),
        (20_000.0, "time", False),
        (60_000.0, "time", True),
    ],
)
def test_a_table_that_is_tiny_beside_another_gives_keys_though_it_leaves_out_no_row(
    asking: Asking, rows: float, prefer: Preference, *, waits: bool
) -> None:
    sql = "SELECT a.name, b.name FROM small.t a JOIN large.t b ON b.id = a.id"
    plan = asking.plan(sql, choosing=Choosing(Counted(rows), prefer))
    (large,) = [planned for planned in plan.fragments if planned.fragment.department == "large"]
    assert bool(large.exchanges) == waits
    # Where the other preference decides otherwise, the plan says so.
    other = f"; with prefer: {'time' if prefer == 'exposure' else 'exposure'} it would{' not' if waits else ''} wait"
    told = [remark.text for remark in plan.remarks if remark.fragment == large.fragment.id]
    assert any(text.endswith(other) for text in told) == (rows == 20_000.0)
    assert any("with prefer" in text for text in told) == (rows == 20_000.0)


def test_a_plan_says_what_keys_save(asking: Asking) -> None:
    sql = "SELECT b.name FROM small.t a JOIN large.t b ON b.id = a.id WHERE a.name = 'x'"
    plan = asking.plan(sql, choosing=Choosing(Grouped(20_000.0)))
    (remark,) = plan.remarks
    assert "; with them about 800 rows, " in remark.text
    assert ", without about 20,000 rows, " in remark.text


class Reaching(Grouped):
    """Five hundred rows of 25 ids and as many names at `large`, 25 rows at `small`, and so many at `third`."""

    def table(self, department: str, name: str) -> TableFacts | None:
        del name
        known = {"small": (25.0, 25.0), "large": (500.0, 500.0), "third": (self.rows, 500.0)}.get(department)
        if known is None:
            return None
        rows, names = known
        columns = {"id": ColumnFacts(25.0, 0.0, 8.0), "name": ColumnFacts(names, 0.0, 8.0)}
        return TableFacts(rows, columns)


@pytest.mark.parametrize(
    ("rows", "prefer", "waits"),
    [
        (50_000.0, "exposure", {"large", "third"}),
        (50_000.0, "time", {"large", "third"}),
        (600.0, "exposure", {"large", "third"}),
        (600.0, "time", set()),
    ],
)
def test_who_may_give_keys_to_many_rows_waits_for_few_of_its_own(
    asking: Asking, rows: float, prefer: Preference, waits: set[str]
) -> None:
    plan = asking.plan(CHAIN, choosing=Choosing(Reaching(rows), prefer))
    assert {p.fragment.department for p in plan.fragments if p.exchanges} == waits


@pytest.mark.parametrize("prefer", ["exposure", "time"])
def test_who_leaves_out_no_row_gives_no_keys(asking: Asking, prefer: Preference) -> None:
    sql = "SELECT b.id, c.id FROM large.t b JOIN third.t c ON c.name = b.name"
    plan = asking.plan(sql, choosing=Choosing(Reaching(50_000.0), prefer))
    assert not any(planned.exchanges for planned in plan.fragments)


def test_a_missing_department_leaves_out_nothing_of_the_others(asking: Asking) -> None:
    asked = asking.ask([Scripted("small", [], broken), Scripted("large", [[1, 2]])], partial=True)
    assert asked.rows() == []
    assert asked.asked_of("large").keys == ()
    assert [(c.department, c.status, c.rows) for c in asked.answer.coverage] == [
        ("small", "missing", 0),
        ("large", "complete", 2),
    ]


@pytest.mark.parametrize("batches", [[], [[1]]])
def test_a_failure_is_the_answer_and_nobody_waits_for_its_keys(
    asking: Asking, batches: list[list[int | None]]
) -> None:
    asked = asking.ask([Scripted("small", batches, broken), Scripted("large", [[1]])])
    assert code_of(asked.rows) == "SOURCE_FAILED"
    assert asked.ports["large"].requests == []
    completed = [r.event["receipt"]["department"] for r in asking.records() if r.type == "fragment.completed"]
    assert completed == ["small"]


def test_the_failure_of_who_received_keys_is_the_answer(asking: Asking) -> None:
    asked = asking.ask([Scripted("small", [[1]]), Scripted("large", [[1]], broken)])
    assert code_of(asked.rows) == "SOURCE_FAILED"


@pytest.mark.parametrize("how", ["cancelled", "deadline", "closed"])
def test_who_waits_is_stopped_with_the_question(
    asking: Asking, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "PATIENCE", 2.0)
    seconds = 0.3 if how == "deadline" else 60.0
    asked = asking.ask([Scripted("small", [[1]], silent), Scripted("large", [[1]])], seconds=seconds)
    if how == "closed":
        asked.answer.close()
    elif how == "cancelled":
        timer = threading.Timer(0.1, asked.answer.cancel)
        timer.start()
        assert code_of(asked.rows) == "CANCELLED"
        timer.join()
    else:
        assert code_of(asked.rows) == "QUERY_TIMEOUT"
    assert asked.ports["large"].requests == []
    assert all(run.closed.is_set() for port in asked.ports.values() for run in port.runs)


def test_nobody_waits_for_a_slow_department_for_ever(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "PATIENCE", 0.001)
    started = threading.Event()

    def until_the_other_starts(_run: FaultyRun) -> None:
        assert started.wait(SOON)

    large = Scripted("large", [[1, 2]], when=started.set)
    asked = asking.ask([Scripted("small", [[1]], until_the_other_starts), large])
    assert asked.rows() == [("n1", "n1")]
    assert asked.asked_of("large").keys == ()


def with_exchanges(
    plan: FederatedPlan, *, ranges: bool | None = None, estimate: Estimate | None = None
) -> FederatedPlan:
    """The plan with other expectations of what waits."""
    fragments = []
    for planned in plan.fragments:
        exchanges = tuple(e if ranges is None else replace(e, ranges=ranges) for e in planned.exchanges)
        waits = bool(exchanges)
        fragments.append(
            replace(planned, exchanges=exchanges, estimate=estimate if waits else planned.estimate)
        )
    return replace(plan, fragments=tuple(fragments))

"""The pool of locked engines: nothing leaks from one lease to the next, and nothing gets out."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import repeat

import duckdb
import pyarrow as pa
import pytest

from comity.errors import CancelledError, InternalError, LimitError, SourceError, SqlError, UnavailableError
from sql.engine import Engine, EnginePool

SCHEMA = pa.schema([("a", pa.int64())])
ENDLESS = "select a.range * b.range as x from range(1000000) as a, range(1000000) as b"


def batch(*values: int | None) -> pa.RecordBatch:
    return pa.record_batch([pa.array(values, pa.int64())], schema=SCHEMA)


def stream(*values: int) -> pa.RecordBatchReader:
    return pa.RecordBatchReader.from_batches(SCHEMA, iter([batch(*values)]))


@pytest.fixture(scope="module")
def pool() -> Iterator[EnginePool]:
    pool = EnginePool(memory="200MB", threads=2)
    yield pool
    pool.close()


@pytest.fixture
def engine(pool: EnginePool) -> Iterator[Engine]:
    with pool.lease() as engine:
        yield engine


def test_loaded_tables_and_registered_streams_are_queried_together(engine: Engine) -> None:
    assert engine.load("表 1", SCHEMA, [batch(1, 2), batch(3, None)]) == 4
    engine.register("s", stream(2, 3, 4))
    rows = engine.query('select t.a from "表 1" as t join s using (a) order by 1').read_all()
    assert rows.to_pylist() == [{"a": 2}, {"a": 3}]


def test_a_loaded_table_takes_the_canonical_types_given(engine: Engine) -> None:
    schema = pa.schema([("n", pa.decimal128(38, 0)), ("t", pa.string())])
    data = pa.record_batch([pa.array([1], pa.decimal128(38, 0)), pa.array(["x"])], schema=schema)
    engine.load("f", schema, [data], ["HUGEINT", "VARCHAR"])
    (row,) = engine.query("select typeof(n) as n, typeof(t) as t from f").read_all().to_pylist()
    assert row == {"n": "HUGEINT", "t": "VARCHAR"}


def test_loaded_rows_are_shared_with_another_engine(engine: Engine, pool: EnginePool) -> None:
    engine.load("表 1", SCHEMA, [batch(1, 2)], ["BIGINT"])
    with pool.unoptimized() as other:
        assert engine.share(other, ["表 1"])
        assert other.query('select sum(a) as a from "表 1"').read_all().to_pylist() == [{"a": 3}]


def test_only_loaded_rows_are_shared(engine: Engine, pool: EnginePool) -> None:
    engine.load("loaded", SCHEMA, [batch(1, 2)])
    engine.register("stream", stream(1))
    engine.load("copy", SCHEMA, [batch(1, 2)], keep="p.a = 1", relation="p")
    with pool.unoptimized() as other:
        assert engine.share(other, {"loaded"})
    for name in ("stream", "copy", "nothing"):
        with pool.unoptimized() as other:
            assert not engine.share(other, {"loaded", name})


def test_an_engine_without_optimizer_evaluates_in_the_order_of_the_words(pool: EnginePool) -> None:
    sql = "select t.a from t, t as u where t.a = 1 and u.a = t.a and cast(u.a as tinyint) = 1"
    with pool.lease() as engine:
        engine.load("t", SCHEMA, [batch(1, 1000)])
        with pytest.raises(SqlError):
            engine.query(sql).read_all()
    with pool.unoptimized() as engine:
        engine.load("t", SCHEMA, [batch(1, 1000)])
        assert engine.query(sql).read_all().to_pylist() == [{"a": 1}]


def large(megabytes: int) -> Iterator[pa.RecordBatch]:
    """Integers from 0, in batches of a megabyte."""
    for number in range(megabytes):
        yield pa.record_batch([pa.array(range(number * 131_072, (number + 1) * 131_072), pa.int64())], SCHEMA)


@pytest.mark.parametrize("megabytes", [10, 80])
def test_a_table_is_the_same_whether_there_is_room_to_leave_it_as_it_came(
    megabytes: int, engine: Engine
) -> None:
    rows = megabytes * 131_072
    assert engine.load("f", SCHEMA, large(megabytes), ["BIGINT"]) == rows
    engine.load("g", SCHEMA, large(1))
    text = "select count(*) as n, sum(f.a)::bigint as s, count(g.a) as m from f left join g on f.a = g.a"
    (row,) = engine.query(text).read_all().to_pylist()
    assert row == {"n": rows, "s": rows * (rows - 1) // 2, "m": 131_072}


def test_more_rows_than_memory_holds_are_a_limit(pool: EnginePool) -> None:
    # No sequence, which DuckDB would make small.
    values = [n * 0x9E3779B97F4A7C15 % 2**63 for n in range(131_072)]
    noise = pa.record_batch([pa.array(values, pa.int64())], SCHEMA)
    with pool.lease() as engine, pytest.raises(LimitError) as caught:
        engine.load("f", SCHEMA, repeat(noise, 300))
    assert caught.value.code == "LIMIT_MEMORY"


def test_rows_in_many_small_batches_stay_in_order_and_whole(engine: Engine) -> None:
    assert engine.load("f", SCHEMA, (batch(n) for n in range(5000))) == 5000
    assert engine.query("select a from f").read_all()["a"].to_pylist() == list(range(5000))


def test_several_threads_may_load_at_once(engine: Engine) -> None:
    threads = [
        threading.Thread(target=engine.load, args=(f"f{n}", SCHEMA, [batch(*range(n))])) for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = [
        engine.query(f"select count(*) as n from f{n}").read_all().to_pylist()[0]["n"] for n in range(6)
    ]
    assert counts == [0, 1, 2, 3, 4, 5]


def test_rows_are_computed_as_they_are_read(engine: Engine) -> None:
    produced = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal produced
        for number in range(100_000):
            produced += 1
            yield batch(*([number] * 2048))

    engine.register("s", pa.RecordBatchReader.from_batches(SCHEMA, batches()))
    reader = engine.query("select a + 1 as a from s", batch_rows=2048)
    assert reader.read_next_batch().num_rows
    assert produced < 50_000
    reader.close()


def test_no_lease_sees_what_another_left(pool: EnginePool) -> None:
    held = []
    for number in range(8):
        with pool.lease() as engine:
            held.append(id(engine))
            left = engine.query("select count(*) as n from duckdb_tables()").read_all().to_pylist()
            views = engine.query("select count(*) as n from duckdb_views() where not internal").read_all()
            assert left == views.to_pylist() == [{"n": 0}]
            engine.load("mine", SCHEMA, [batch(number)])
            engine.register("stream", stream(number))
            assert engine.query("select a from mine").read_all().to_pylist() == [{"a": number}]
            engine.query(ENDLESS).read_next_batch()


def test_two_leases_at_once_are_two_databases(pool: EnginePool) -> None:
    with pool.lease() as one, pool.lease() as other:
        one.load("t", SCHEMA, [batch(1)])
        with pytest.raises(SqlError):
            other.query("select * from t")


def test_an_engine_is_not_lent_again_after_a_failure(pool: EnginePool) -> None:
    with pytest.raises(ZeroDivisionError), pool.lease() as engine:
        raise ZeroDivisionError
    assert engine.spent
    with pool.lease() as engine, pytest.raises(SqlError):
        engine.query("select nosuch")
    assert engine.spent
    with pool.lease() as engine:
        engine.cursor().execute("select 1")
    assert engine.spent


@pytest.mark.parametrize(
    "text",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from read_text('/etc/passwd')",
        "select * from glob('/*')",
        "select * from sniff_csv('/etc/passwd')",
        "select getenv('HOME')",
    ],
)
def test_an_engine_reads_nothing_outside_itself(text: str, engine: Engine) -> None:
    with pytest.raises((SqlError, InternalError)) as caught:
        engine.query(text).read_all()
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "attach '/tmp/x.db' as x",
        "copy (select 1) to '/tmp/comity_test_copy'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "reset lock_configuration",
        "create table x (a int)",
        "create macro lower(a) as 'x'",
        "set variable x = 1",
        "pragma version",
        "select 1; select 2",
        "select 1; drop table t",
        "",
    ],
)
def test_an_engine_runs_one_select_and_nothing_else(text: str, engine: Engine) -> None:
    with pytest.raises(InternalError, match="one SELECT"):
        engine.query(text)


@pytest.mark.parametrize(
    "text", ["set memory_limit = '10GB'", "set enable_external_access = true", "set threads = 64"]
)
def test_settings_cannot_be_unlocked_even_by_a_raw_connection(text: str, engine: Engine) -> None:
    with pytest.raises(duckdb.Error):
        engine.cursor().execute(text)


def test_python_objects_are_not_tables(engine: Engine) -> None:
    secret = pa.table({"a": [1]})
    assert secret.num_rows == 1
    with pytest.raises(SqlError, match="secret does not exist"):
        engine.query("select * from secret")


def failing(error: Exception) -> Iterator[pa.RecordBatch]:
    yield batch(1)
    raise error


def test_the_error_of_a_stream_is_the_error_of_the_query(pool: EnginePool) -> None:
    error = SourceError("gone", code="SOURCE_UNAVAILABLE", department="health")
    with pool.lease() as engine, pytest.raises(SourceError) as caught:
        engine.load("f", SCHEMA, failing(error))
    assert caught.value is error
    with pool.lease() as engine:
        engine.register("s", pa.RecordBatchReader.from_batches(SCHEMA, failing(error)))
        with pytest.raises(SourceError) as caught:
            engine.query("select a from s").read_all()
    assert caught.value is error


def test_a_stream_that_breaks_otherwise_is_our_defect_and_shows_no_value(pool: EnginePool) -> None:
    with pool.lease() as engine, pytest.raises(InternalError) as caught:
        engine.load("f", SCHEMA, failing(ValueError("张三 440605")))
    assert "440605" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("select cast(v as date) from (values ('王五')) as x(v)", "cast to DATE"),
        ("select cast(v as integer) from (values ('王五')) as x(v)", "cast to INTEGER"),
        ("select cast(v as decimal(10,2)) from (values ('王五')) as x(v)", "cast to DECIMAL(10,2)"),
        ("select cast(v as timestamp) from (values ('王五')) as x(v)", "cast to TIMESTAMP"),
        ("select cast(v as boolean) from (values ('王五')) as x(v)", "cast to BOOL"),
        ("select cast(v as tinyint) from (values (5000)) as x(v)", "out of the range"),
        ("select v + v from (values (2147483647)) as x(v)", "out of the range"),
        ("select v // 0 from (values (5)) as x(v)", "divided by zero"),
        ("select (select v from (values ('王五'), ('5000')) as x(v))", "more than one row"),
        ("select strptime(v, '%Y') from (values ('王五')) as x(v)", "a value it cannot take"),
        ("select make_date(v, 13, 1) from (values (5000)) as x(v)", "out of the range"),
        (
            "select case when v = 250000 then cast('王五' as int) end from range(300000) as x(v)",
            "cast to INTEGER",
        ),
    ],
)
def test_errors_on_values_name_the_kind_of_error_and_no_value(text: str, says: str, pool: EnginePool) -> None:
    with pool.lease() as engine, pytest.raises(SqlError) as caught:
        engine.query(text).read_all()
    assert caught.value.code == "QUERY_RUNTIME"
    assert says in caught.value.message
    assert "王五" not in str(caught.value)
    assert "5000" not in str(caught.value)


def test_too_much_memory_is_a_limit(pool: EnginePool) -> None:
    text = "select list(range::varchar) as x from range(20000000)"
    with pool.lease() as engine, pytest.raises(LimitError) as caught:
        engine.query(text).read_all()
    assert caught.value.code == "LIMIT_MEMORY"
    assert "temp_directory" not in str(caught.value)


def test_interrupting_stops_what_runs_and_what_would_start(pool: EnginePool) -> None:
    with pool.lease() as engine:
        reader = engine.query(ENDLESS)
        reader.read_next_batch()
        engine.interrupt()
        with pytest.raises(CancelledError):
            reader.read_all()
        with pytest.raises(CancelledError):
            engine.query("select 1")
        with pytest.raises(CancelledError):
            engine.load("f", SCHEMA, [batch(1)])


def test_interrupting_from_another_thread_stops_a_query_that_has_no_row_yet(pool: EnginePool) -> None:
    with pool.lease() as engine:
        started = threading.Event()

        def wait() -> None:
            started.wait()
            engine.interrupt()

        thread = threading.Thread(target=wait)
        thread.start()
        started.set()
        with pytest.raises(CancelledError):
            engine.query(f"select sum(x) from ({ENDLESS})").read_all()
        thread.join()


def test_interrupting_stops_a_load(pool: EnginePool) -> None:
    with pool.lease() as engine:

        def endless() -> Iterator[pa.RecordBatch]:
            for number in range(1_000_000):
                if number == 3:
                    engine.interrupt()
                yield batch(*range(2048))

        with pytest.raises(CancelledError):
            engine.load("f", SCHEMA, endless())


def test_a_closed_pool_lends_nothing_and_takes_back_what_it_lent() -> None:
    pool = EnginePool(memory="100MB", threads=1, spares=1)
    with pool.lease() as engine:
        pool.close()
        assert engine.query("select 1 as x").read_all().to_pylist() == [{"x": 1}]
    with pytest.raises(UnavailableError), pool.lease():
        pass
    pool.close()


def test_a_pool_without_spares_opens_what_is_asked_for() -> None:
    pool = EnginePool(memory="100MB", threads=1, spares=0)
    with pool.lease() as engine:
        assert engine.query("select 1 as x").read_all().num_rows == 1
    pool.close()


def test_a_forgotten_pool_stops_its_thread() -> None:
    before = {thread.ident for thread in threading.enumerate()}
    pool = EnginePool(memory="100MB", threads=1)
    (opener,) = [t for t in threading.enumerate() if t.ident not in before and t.name == "engine-opener"]
    del pool
    gc.collect()
    opener.join()
    assert not opener.is_alive()


def test_an_interpreter_ends_quietly_while_a_pool_is_open() -> None:
    script = "from sql.engine import EnginePool\npool = EnginePool(memory='100MB', threads=1)\nprint('ok')"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.strip()) == (0, "ok"), run.stderr


def test_engines_that_come_back_are_lent_again() -> None:
    pool = EnginePool(memory="100MB", threads=1, spares=1)
    lent = []
    for _ in range(8):
        with pool.lease() as engine:
            lent.append(engine)
            assert engine.query("select 1 as x").read_all().num_rows == 1
    pool.close()
    assert len(set(map(id, lent))) <= 2, "one that is lent and one that is ready"

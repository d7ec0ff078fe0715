"""`comity sql`: rows on stdout in every format, narration on stderr, exit statuses, files."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pyarrow as pa
import pytest
from pyarrow import parquet

import comity
from comity.shell.main import run
from comity.v1 import query_pb2

from .conftest import Gateway
from .golden_files import check_golden

NUMBERS = pa.schema([("n", pa.int64())])


@pytest.fixture(autouse=True)
def asked(gateway: Gateway, people: pa.Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_SERVER", gateway.address)
    monkeypatch.setenv("COMITY_TOKEN", "t-li")
    monkeypatch.setenv("COMITY_PURPOSE", "statistics")
    gateway.scripts["SELECT 1"] = gateway.table_script(people, rows_per_batch=3)
    gateway.scripts["SELECT 0"] = gateway.table_script(people.slice(0, 0))


@pytest.mark.parametrize("kind", ["table", "vertical", "csv", "json", "jsonl", "markdown"])
@pytest.mark.parametrize("sql", ["SELECT 1", "SELECT 0"])
def test_each_text_format_writes_what_its_golden_file_shows(
    kind: str, sql: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sql", "-c", sql, "--format", kind]) == 0
    check_golden(f"{'people' if sql == 'SELECT 1' else 'empty'}.{kind}", capsys.readouterr().out)


def test_table_is_the_default_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sql", "-c", "SELECT 1"]) == 0
    check_golden("people.table", capsys.readouterr().out)


@pytest.mark.parametrize("width", [60, 30])
def test_a_narrow_table_cuts_values_and_leaves_out_columns_and_says_so(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sql", "-c", "SELECT 1", "--max-width", str(width)]) == 0
    out, err = capsys.readouterr()
    check_golden(f"people-{width}.table", out)
    assert "cut to the width" in err


def test_a_table_shows_its_first_rows_and_counts_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sql", "-c", "SELECT 1", "--max-rows", "2", "--format", "vertical"]) == 0
    out, err = capsys.readouterr()
    assert out.count("── row") == 2
    assert "showing the first 2 of 4 rows" in err


def test_the_summary_says_rows_and_what_left_each_department(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sql", "-c", "SELECT 1"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("4 rows in 0.")
    assert err.endswith(" s; health sent 4 rows (400 B); audit record 7\n")


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sql", "-q", "-c", "SELECT 1"]) == 0
    assert capsys.readouterr().err == ""


def test_arrow_on_stdout_is_a_stream(people: pa.Table, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["sql", "-c", "SELECT 1", "--format", "arrow"]) == 0
    assert pa.ipc.open_stream(capfdbinary.readouterr().out).read_all() == people


def test_parquet_on_stdout_is_a_whole_file(
    people: pa.Table, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["sql", "-c", "SELECT 1", "--format", "parquet"]) == 0
    assert parquet.read_table(io.BytesIO(capfdbinary.readouterr().out)) == people


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.arrow", "a.arrows", "a.csv", "a.jsonl", "a.json", "a.md", "a.txt"]
)
def test_a_files_name_tells_its_format(
    name: str, tmp_path: Path, people: pa.Table, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    assert run(["sql", "-c", "SELECT 1", "-o", str(path)]) == 0
    assert capsys.readouterr().out == ""
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    match path.suffix:
        case ".parquet":
            assert parquet.read_table(path) == people
        case ".arrow":
            assert pa.ipc.open_file(path).read_all() == people
        case ".arrows":
            assert pa.ipc.open_stream(path).read_all() == people
        case suffix:
            known = {".csv": "csv", ".jsonl": "jsonl", ".json": "json", ".md": "markdown", ".txt": "table"}
            check_golden(f"people.{known[suffix]}", path.read_bytes().decode())


def breaking(gateway: Gateway) -> None:
    """SELECT 2 brings rows and then fails."""

    def answer(_request: object, _context: object) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        yield gateway.batch(pa.record_batch({"n": pa.array([1, 2], pa.int64())}))
        raise comity.SourceError("the database broke off", department="tax")

    gateway.scripts["SELECT 2"] = answer


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.csv", "a.txt"])
def test_a_failed_answer_leaves_the_file_as_it_was(gateway: Gateway, tmp_path: Path, name: str) -> None:
    breaking(gateway)
    path = tmp_path / name
    path.write_text("of yesterday")
    assert run(["sql", "-c", "SELECT 2", "-o", str(path)]) == 3
    assert path.read_text() == "of yesterday"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_failed_answer_never_looks_whole_on_stdout(
    gateway: Gateway, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    breaking(gateway)
    assert run(["sql", "-c", "SELECT 2", "--format", "parquet"]) == 3
    with pytest.raises(pa.ArrowInvalid):
        parquet.read_table(io.BytesIO(capfdbinary.readouterr().out))
    assert run(["sql", "-c", "SELECT 2", "--format", "json"]) == 3
    assert not capfdbinary.readouterr().out.rstrip().endswith(b"]")
    assert run(["sql", "-c", "SELECT 2"]) == 3
    assert capfdbinary.readouterr().out == b""


def test_a_file_that_cannot_be_written_is_said_before_asking(
    gateway: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sql", "-c", "SELECT 1", "-o", str(tmp_path / "no" / "such.csv")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert gateway.requests == []


def test_a_named_pipe_is_written_to_and_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sql", "-c", "SELECT 1", "-o", "/dev/null", "--format", "csv"]) == 0
    assert not Path("/dev/null").is_file()


ERRORS = {
    "denied": (comity.PolicyError("diagnosis may not be read for statistics", department="health"), 4),
    "place": (
        comity.SqlError(
            "there is no column 年龄 that you may see",
            code="SQL_COLUMN_UNKNOWN",
            line=2,
            column=15,
            hint="Did you mean 年纪?",
        ),
        1,
    ),
    "unavailable": (
        comity.SourceError("the database does not answer", code="SOURCE_UNAVAILABLE", department="tax"),
        3,
    ),
    "purpose": (comity.PolicyError("a purpose is required", code="PURPOSE_MISSING"), 2),
    "cancelled": (comity.CancelledError("cancelled by an administrator"), 130),
    "escape": (comity.SqlError("no table \x1b[2J\u202e", line=1, column=1), 1),
}
QUESTION = "SELECT 姓名,\n\t'中文' AS “x”, 年龄\r\nFROM health.patients"


@pytest.mark.parametrize("case", ERRORS)
def test_each_error_is_told_with_its_place_and_status(
    gateway: Gateway, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    error, status = ERRORS[case]
    gateway.scripts[QUESTION] = error
    assert run(["sql", "-c", QUESTION]) == status
    out, err = capsys.readouterr()
    assert out == ""
    check_golden(f"error-{case}.txt", err)


def test_a_partial_answer_is_shown_told_and_status_5(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.scripts["SELECT 2"] = lambda _request, _context: [
        gateway.schema(NUMBERS),
        gateway.batch(pa.record_batch({"n": pa.array([1], pa.int64())})),
        gateway.notice("GROUPS_SUPPRESSED", "2 small groups are left out", "health"),
        gateway.summary(1, missing="tax"),
    ]
    assert run(["sql", "-c", "SELECT 2", "--allow-partial", "--format", "csv"]) == 5
    out, err = capsys.readouterr()
    assert out == "n\n1\n"
    assert "note: health: 2 small groups are left out [GROUPS_SUPPRESSED]" in err
    assert "partial: tax is missing, a department's database cannot be reached [SOURCE_UNAVAILABLE]" in err
    assert gateway.requests[0].allow_partial


def test_progress_on_a_pipe_is_told_only_when_asked(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.scripts["SELECT 2"] = lambda _request, _context: [
        gateway.schema(NUMBERS),
        gateway.progress("health", "started", 0),
        gateway.progress("health", "streaming", 1000),
        gateway.progress("health", "streaming", 2000),
        gateway.progress("health", "done", 3000),
        gateway.summary(0),
    ]
    assert run(["sql", "-c", "SELECT 2"]) == 0
    assert "streaming" not in capsys.readouterr().err
    assert run(["sql", "-c", "SELECT 2", "--progress"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[-1] for line in lines[:-1]] == ["started", "streaming", "done"]


def test_sql_comes_from_a_file_or_a_pipe(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "question.sql"
    path.write_bytes("\ufeffSELECT 1".encode())
    assert run(["sql", "-f", str(path)]) == 0
    for arguments in (["sql"], ["sql", "-f", "-"]):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"SELECT 1")))
        assert run(arguments) == 0
    assert [request.sql for request in gateway.requests] == ["SELECT 1"] * 3


def test_parameters_are_typed_by_name(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    texts = {
        "town": ("town=0440605", "string_value"),
        "n": ("n:int=5", "int_value"),
        "cost": ("cost:decimal=1.50", "decimal_value"),
        "since": ("since:date=2026-01-31", "date_value"),
        "at": ("at:timestamp=2026-01-31T10:00:00+08:00", "timestamptz_value"),
        "on": ("on:bool=TRUE", "bool_value"),
        "none": ("none:null=", "null_value"),
        "formula": ("formula=a=b:c", "string_value"),
    }
    arguments = [part for text, _kind in texts.values() for part in ("--parameter", text)]
    assert run(["sql", "-c", "SELECT 1", *arguments]) == 0
    sent = {p.name: p.value.WhichOneof("kind") for p in gateway.requests[0].parameters}
    assert sent == {name: kind for name, (_text, kind) in texts.items()}
    assert run(["sql", "-c", "SELECT 1", "-P", "=a", "-P", ":int=2"]) == 0
    assert [p.name for p in gateway.requests[1].parameters] == ["", ""]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "SELECT 1", "-f", "x.sql"],
        ["-f", "/no/such.sql"],
        ["-c", "SELECT 1", "--format", "xml"],
        ["-c", "SELECT 1", "-P", "town"],
        ["-c", "SELECT 1", "-P", "n:int=five"],
        ["-c", "SELECT 1", "-P", "n:money=5"],
        ["-c", "SELECT 1", "-P", "n=1", "-P", "n=2"],
        ["-c", "SELECT 1", "-P", "n=1", "-P", "=2"],
        ["-c", "SELECT 1", "--server", "grpc://gateway.example:1"],
        ["-c", "SELECT 1", "--profile", "none"],
        ["-c", "SELECT 1", "--nonsense"],
        ["extra"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2_and_asks_nothing(
    gateway: Gateway, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sql", *arguments]) == 2
    assert capsys.readouterr().err
    assert gateway.requests == []


def test_a_file_in_another_encoding_is_named_not_guessed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "question.sql"
    path.write_bytes("SELECT '中文'".encode("gb18030"))
    assert run(["sql", "-f", str(path)]) == 2
    assert "not UTF-8" in capsys.readouterr().err


def test_options_reach_the_gateway(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COMITY_SERVER")
    monkeypatch.setenv("MY_TOKEN", "t-wang")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    arguments = ["--server", gateway.address, "--token-env", "MY_TOKEN", "--purpose", "benefit_review"]
    assert run(["sql", "-c", "SELECT 1", *arguments]) == 0
    assert gateway.requests[0].purpose == "benefit_review"
    assert gateway.metadata[0]["authorization"] == "Bearer t-wang"
    assert gateway.metadata[0]["accept-language"] == "zh-CN"


def test_nobody_listening_is_status_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sql", "-c", "SELECT 1", "--server", "127.0.0.1:1"]) == 3
    assert "Is a gateway running at 127.0.0.1:1?" in capsys.readouterr().err


def test_a_timeout_is_status_3(gateway: Gateway, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(_request: object, context: grpc.ServicerContext) -> Iterator[query_pb2.QueryResponse]:
        yield gateway.schema(NUMBERS)
        while context.is_active():
            gateway.left.wait(0.02)

    gateway.scripts["SELECT 2"] = answer
    assert run(["sql", "-c", "SELECT 2", "--timeout", "0.3"]) == 3
    assert "[QUERY_TIMEOUT]" in capsys.readouterr().err

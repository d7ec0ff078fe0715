"""The interactive shell: statements, commands, completion."""

from __future__ import annotations

import pyarrow as pa
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

import comity
from comity.client import Connection
from comity.shell.ask import Presentation
from comity.shell.completion import CatalogCompleter
from comity.shell.interactive import interact
from comity.shell.statements import is_whole, without_semicolon, word_before
from comity.v1 import catalog_pb2

from .conftest import Gateway


@pytest.fixture(autouse=True)
def published(gateway: Gateway, people: pa.Table, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    gateway.answer("SELECT 1", people.select(["姓名"]).slice(0, 1))
    gateway.tables = [
        catalog_pb2.TableInfo(
            department="health",
            name="patients",
            title="患者",
            department_title="卫健局",
            columns=[
                catalog_pb2.ColumnInfo(name="姓名", type="VARCHAR", uses=["read"]),
                catalog_pb2.ColumnInfo(name="person_id", type="VARCHAR", uses=["join"]),
            ],
        )
    ]


def session(connection: Connection, typed: str) -> int:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text(typed)
        return interact(connection, Presentation())


def test_statements_end_with_a_semicolon_and_span_lines(
    gateway: Gateway, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.scripts["SELECT\n  1"] = gateway.scripts["SELECT 1"]
    assert session(connection, "SELECT\r  1;\rSELECT 1;\r\\q\r") == 0
    assert [request.sql for request in gateway.requests] == ["SELECT\n  1", "SELECT 1"]
    out, err = capsys.readouterr()
    assert out.count("王小明") == 2
    assert f"{gateway.address}: 1 table. \\? shows help." in err


def test_the_end_of_input_leaves(connection: Connection) -> None:
    assert session(connection, "\x04") == 0


def test_ctrl_c_forgets_the_line_and_goes_on(gateway: Gateway, connection: Connection) -> None:
    assert session(connection, "SELECT nonsense\x03SELECT 1;\r\x04") == 0
    assert [request.sql for request in gateway.requests] == ["SELECT 1"]


def test_an_error_is_told_and_the_shell_goes_on(
    gateway: Gateway, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.scripts["SELECT )"] = comity.SqlError("syntax error", line=1, column=8)
    assert session(connection, "SELECT );\rSELECT 1;\r\x04") == 0
    out, err = capsys.readouterr()
    assert "  1 | SELECT )\n             ^\n" in err
    assert "王小明" in out


def test_a_wrong_address_or_token_is_said_at_once(gateway: Gateway, connection: Connection) -> None:
    gateway.failure = comity.IdentityError("the token is not known")
    with pytest.raises(comity.IdentityError):
        session(connection, "")


def test_commands_describe_tables_and_change_how_one_asks(
    gateway: Gateway, connection: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway.scripts["SELECT 2"] = gateway.scripts["SELECT 1"]
    lines = [
        "\\d",
        "\\d health.patients;",
        "\\d health.nothing",
        "\\purpose",
        "\\purpose nonsense",
        "\\purpose statistics",
        "\\format csv",
        "\\format parquet",
        "\\timing on",
        "SELECT 1;",
        "\\timing",
        "SELECT 2;",
        "\\nonsense",
        "\\?",
        "\\q",
    ]
    assert session(connection, "".join(f"{line}\r" for line in lines)) == 0
    out, err = capsys.readouterr()
    assert "health.patients │ 患者" in out
    assert "person_id │ VARCHAR" in out
    assert "[SQL_TABLE_UNKNOWN]" in err
    assert "* statistics  统计" in err
    assert "nonsense is not a purpose here: statistics" in err
    assert "姓名\n王小明\n" in out
    assert "the format is csv" in err
    assert err.count("plan 0.010 s") == 1
    assert "\\nonsense is not a command" in err
    assert "\\timing        show" in out


def test_completion_offers_names_that_one_may_use_then_keywords(connection: Connection) -> None:
    completer = CatalogCompleter(["\\d", "\\q"])
    completer.learn(connection.tables())

    def offered(text: str) -> list[str]:
        return [c.text for c in completer.get_completions(Document(text), CompleteEvent())]

    assert offered("SELECT * FROM hea") == ["health.patients", "health."]
    assert offered("SELECT * FROM health.") == ["health.patients"]
    assert offered("SELECT 姓") == ["姓名"]
    assert offered("sel") == ["select"]
    assert offered("PER") == ["person_id"]
    assert offered("\\") == ["\\d", "\\q"]
    assert offered("\\d heal") == ["health.patients", "health."]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("", True),
        ("  ", True),
        ("\\d x", True),
        ("SELECT 1", False),
        ("SELECT 1;", True),
        ("SELECT 1; ", True),
        ("SELECT 1; -- done", True),
        ("SELECT 1 -- ;", False),
        ("SELECT ';'", False),
        ("SELECT ';", False),
        ("SELECT ';';", True),
        ("SELECT 'it''s;", False),
        ('SELECT "a;', False),
        ("SELECT $$;", True),
        ("SELECT $a$;$a$", False),
        ("SELECT $1;", True),
        ("SELECT /* ;", False),
        ("SELECT /* ; */ 1;", True),
        ("SELECT 4 / 2 - 1;", True),
    ],
)
def test_enter_sends_only_whole_statements(text: str, whole: bool) -> None:
    assert is_whole(text) is whole


def test_words_and_statements_are_cut_where_they_end() -> None:
    assert word_before("SELECT p.姓") == "p.姓"
    assert word_before("SELECT (") == ""
    assert without_semicolon("SELECT 1 ;\n") == "SELECT 1 "
    assert without_semicolon("SELECT 1") == "SELECT 1"

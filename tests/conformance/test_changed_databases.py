"""Attack classes 28 and 29: tables that are renamed, altered or replaced while they are asked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from comity.settings import resolve_settings
from conformance.canaries import escaped, load_canaries
from conformance.case import Question
from conformance.prepare import DATA, prepare
from conformance.reply import Reply
from conformance.wire import Gateway
from gateway.embedded import serve

SECRET = "conformance-tests"
CHANGES = {
    "renamed": 'ALTER TABLE "人员" RENAME TO "旧人员"',
    "swapped": 'ALTER TABLE "人员" RENAME TO "旧人员"; ALTER TABLE "机密台账" RENAME TO "人员"',
    "column renamed": 'ALTER TABLE "人员" RENAME COLUMN "姓名" TO "名称"; ALTER TABLE "人员" RENAME COLUMN "内部评级" TO "姓名"',
    "column added": 'ALTER TABLE "人员" ADD COLUMN "新增" TEXT DEFAULT \'评级金丝雀新\'',
    "column dropped": 'ALTER TABLE "人员" DROP COLUMN "备注"',
    "filter column dropped": 'ALTER TABLE "人员" DROP COLUMN "封存"',
    "dropped": 'DROP TABLE "人员"',
    "made a view": 'ALTER TABLE "人员" RENAME TO "旧人员"; CREATE VIEW "人员" AS SELECT * FROM "旧人员"',
}
ASKED = (
    "SELECT * FROM proof.resident",
    "SELECT name, id FROM proof.resident",
    "SELECT count(*) FROM proof.resident",
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    place = tmp_path / "federation"
    prepare(place, ("sqlite",), secret=SECRET)
    return place


def change(directory: Path, statements: str) -> None:
    with sqlite3.connect(directory / DATA / "proof.sqlite") as connection:
        connection.executescript(statements)
    connection.close()


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_table_shows_nothing_that_its_policy_hides(directory: Path, name: str) -> None:
    canaries = load_canaries()
    with (
        serve(directory) as server,
        Gateway(resolve_settings(server=server.address, token=SECRET), SECRET) as gateway,
    ):

        def ask(text: str) -> Reply:
            return gateway.ask(Question(text, "analyst", "proof_statistics").on("sqlite"), "query")

        assert ask(ASKED[0]).rows is not None
        change(directory, CHANGES[name])
        for text in ASKED:
            reply = ask(text)
            question = Question(text, "analyst", "proof_statistics")
            if name == "column renamed":
                # What stands under a published name's physical column is what that name publishes: masked.
                assert reply.rows is None or all("评级金丝雀" not in str(row) for row in reply.rows)
            else:
                assert escaped(reply.said, question, canaries) == []
            if reply.rows is not None and text == ASKED[2]:
                assert reply.rows == (("12",),)

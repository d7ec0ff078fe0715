"""The test file beside a policy as a pydantic model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from policies.file_models import AttributeScalar, FileModel, Grade, IsoDate, Name, Scalar, TablePattern, Text


class TestPrincipal(FileModel):
    """A caller to ask as."""

    __test__ = False

    subject: Text
    department: Text
    roles: tuple[Text, ...] = ()
    attributes: dict[str, AttributeScalar | tuple[str, ...]] = Field(default_factory=dict)
    ceiling: Grade = Field(default="core", description="The highest grade of data that may reach the caller.")


class TestExpectation(FileModel):
    """What must come of a question."""

    __test__ = False

    decision: Literal["allow", "deny"]
    grant: Text | None = Field(default=None, description="The grant that allows it.")
    reason: Text | None = Field(
        default=None, description="Text that must stand in the decision's reasons, or in what it proposes."
    )
    rows: tuple[tuple[Scalar, ...], ...] | None = Field(
        default=None, description="The answer's rows, in any order unless the question orders them."
    )

    @model_validator(mode="after")
    def _fits(self) -> TestExpectation:
        if self.decision == "deny" and (self.rows is not None or self.grant is not None):
            raise PydanticCustomError("deny_rows", "a denial has no rows and no grant")
        if self.decision == "allow" and self.rows is None:
            raise PydanticCustomError("allow_rows", "an allowed question lists the rows it must return")
        return self


class TestQuestion(FileModel):
    """One question, who asks it and why, and what must come of it."""

    __test__ = False

    name: Text
    principal: Text = Field(description="One of the file's principals.")
    purpose: Text
    date: IsoDate | None = Field(
        default=None, description="The day it is asked on; absent: the file's date, or today."
    )
    sql: Text
    expect: TestExpectation


class TestPartner(FileModel):
    """A table that questions join with. Its own policy is not asked: it is shown as its rows stand."""

    __test__ = False

    types: dict[str, Text] = Field(default_factory=dict, description="Types; absent: guessed from the rows.")
    rows: tuple[dict[str, Scalar], ...] = ()


class PolicyTestFile(FileModel):
    """policies/<table>_test.yaml: what the table's policy must allow and refuse."""

    __test__ = False

    table: Name
    principals: dict[str, TestPrincipal]
    date: IsoDate | None = Field(
        default=None, description="The day the questions are asked on; absent: today."
    )
    types: dict[str, Text] = Field(
        default_factory=dict, description="Types of columns whose type department.yaml does not give."
    )
    rows: tuple[dict[str, Scalar], ...] = Field(description="Rows of the published table, before any mask.")
    partners: dict[TablePattern, TestPartner] = Field(
        default_factory=dict, description="Other tables, department.table, that questions may join with."
    )
    questions: tuple[TestQuestion, ...]

"""What a plan does, as a tree of operations: data for people and programs, made from the very queries that run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "limit",
    "sort",
    "distinct",
    "project",
    "window",
    "filter",
    "aggregate",
    "join",
    "set",
    "subquery",
    "members",
    "scan",
    "fragment",
    "values",
]
Step: TypeAlias = Literal["", "partial", "final"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation over the results of its inputs.

    `text` is the operation in the words of the question. `why` says of an operation at the merge why it is done
    there. `step` says of an aggregate that it makes partial results, or makes one of them. `fragment` is set where
    the result of a fragment comes in; `departments` are those whose data the operation works on.
    """

    kind: Kind
    text: str
    why: str = ""
    step: Step = ""
    fragment: str | None = None
    departments: tuple[str, ...] = ()
    inputs: tuple[Operation, ...] = ()

    def walk(self) -> Iterator[Operation]:
        """The operation and those below it, from the top."""
        yield self
        for each in self.inputs:
            yield from each.walk()

    def over(self, *inputs: Operation) -> Operation:
        """The same operation over other inputs, which say which departments it works on."""
        return replace(self, inputs=inputs, departments=departments_of(inputs))


def departments_of(operations: Iterator[Operation] | tuple[Operation, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in operations for name in each.departments))

"""What a plan does, as a tree of operations: data for people and programs, made from the very queries that run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    "repeat",
]
Step: TypeAlias = Literal["", "partial", "final"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation over the results of its inputs.

    `text` is the operation in the words of the question. `why` says of an operation at the merge why it is done
    there. `step` says of an aggregate that it makes partial results, or makes one of them. `fragment` is set where
    the result of a fragment comes in; `departments` are those whose data the operation works on. A `repeat` stands for
    what a WITH name was read as further up.
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

    def written_once(self, names: Mapping[int, str]) -> Operation:
        """The same tree with what is read several times written out once: it grows with the text, not with its uses.

        `names` has the WITH names of operations by their id.
        """
        return _written_once(self, names, set())


def _written_once(operation: Operation, names: Mapping[int, str], written: set[int]) -> Operation:
    if id(operation) in names and operation.inputs:
        if id(operation) in written:
            text = f"{names[id(operation)]}, as above"
            return Operation("repeat", text, departments=operation.departments)
        written.add(id(operation))
    inputs = tuple(_written_once(each, names, written) for each in operation.inputs)
    changed = any(new is not old for new, old in zip(inputs, operation.inputs, strict=True))
    return replace(operation, inputs=inputs) if changed else operation


def departments_of(operations: Iterator[Operation] | tuple[Operation, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in operations for name in each.departments))

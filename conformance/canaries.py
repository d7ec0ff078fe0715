"""Planted values, and whether a reply holds one that its asker may not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pydantic import Field

from conformance.case import Question
from policies.file_models import FileModel, Text
from policies.read_file import read_model
from policies.yaml_document import load_yaml


class _GroupFile(FileModel):
    what: Text
    shown_to: tuple[Text, ...]
    computed: bool = Field(False, description="The values are computed from planted ones, not planted.")
    values: tuple[Text, ...]


class _CanariesFile(FileModel):
    canaries: tuple[_GroupFile, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Canary:
    """A value, where it lies, and the callers that may read it."""

    value: str
    what: str
    shown_to: frozenset[str]
    computed: bool = False


def load_canaries(path: Path | None = None) -> tuple[Canary, ...]:
    """The planted values. Raises `ConfigurationError`."""
    place = path or Path(str(files("conformance") / "federation" / "canaries.yaml"))
    form = read_model(load_yaml(place), _CanariesFile, code="CONFIG_INVALID")
    return tuple(
        Canary(value, group.what, frozenset(group.shown_to), group.computed)
        for group in form.canaries
        for value in group.values
    )


def escaped(said: str, question: Question, canaries: Sequence[Canary]) -> list[Canary]:
    """The canaries in a reply to `question` that its caller may not read and did not write."""
    own = question.own_words
    return [
        canary
        for canary in canaries
        if canary.value in said and question.caller not in canary.shown_to and canary.value not in own
    ]

"""One attack as data: who asks what, in which ways, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

ENGINES: Final = ("postgresql", "mysql", "sqlite", "duckdb")
WAYS: Final = ("query", "explain", "analyze", "fragment", "catalog", "rpc", "policy")
"""How a case reaches Comity.

`query`, `explain` and `analyze` are calls of QueryService. `fragment` goes to the department's agent as if a
hostile gateway had made it. `catalog` asks CatalogService for the table named, or for all. `rpc` calls the method
named, with an empty message. `policy` offers the text to the policy loader as a department's own file.
"""

Parameter = None | bool | int | float | str
Cell = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Keys:
    """Join keys that a hostile gateway sends with a fragment: of which column it says that they are, and what they are.

    `up_to` stands for all whole numbers below it.
    """

    name: str
    of: str
    type: str
    values: tuple[Cell, ...] = ()
    up_to: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """What one caller asks for one purpose.

    `grants` are what a hostile gateway claims to govern a fragment, `keys` what it sends with it.
    """

    ask: str
    caller: str
    purpose: str
    parameters: tuple[Parameter, ...] | Mapping[str, Parameter] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    grants: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[Keys, ...] = ()

    def on(self, engine: str) -> Question:
        """The question about one engine's department, and `other.` about the next one's."""
        keys = tuple(replace(sent, of=place(sent.of, engine)) for sent in self.keys)
        return replace(self, ask=place(self.ask, engine), keys=keys)

    @property
    def own_words(self) -> str:
        """All text that the asker sent, which answers may repeat."""
        values = self.parameters.values() if isinstance(self.parameters, Mapping) else self.parameters
        sent = [str(part) for keys in self.keys for part in (keys.of, *keys.values)]
        return "\n".join([self.ask, *map(str, values), *self.metadata.values(), *self.grants.values(), *sent])


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must come back; exactly one of `refused`, `rows`, `same_as`, `absent` and `answered` is given.

    `refused` are the codes of which one must come; `fragment_refused` those for the way `fragment`, where empty
    means any. `rows` are compared as a multiset unless `ordered`. `same_as` is a question with the very same
    answer. `absent` is a name in the text: with another name that exists nowhere, the reply must be the same to
    the letter. `answered` demands an answer of any content. `says` must and `says_not` must not stand in the
    reply, whatever it is.
    """

    refused: tuple[str, ...] = ()
    fragment_refused: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] | None = None
    ordered: bool = False
    same_as: Question | None = None
    absent: str | None = None
    answered: bool = False
    says: tuple[str, ...] = ()
    says_not: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One attack. `gains` says in a sentence what its author has when it succeeds."""

    id: str
    attack: int
    gains: str
    question: Question
    ways: tuple[str, ...]
    expect: Expectation
    before: tuple[Question, ...] = ()
    engines: tuple[str, ...] = ENGINES

    @property
    def places(self) -> tuple[str | None, ...]:
        """The engines it runs on; None, once, when it names no conformance department."""
        named = any("proof." in q.ask or 'proof".' in q.ask for q in (self.question, *self.before))
        return self.engines if named else (None,)


@dataclass(frozen=True, slots=True)
class AttackClass:
    """One class of attacks. `not_applicable` says why there are no cases, where there are none."""

    number: int
    title: str
    cases: tuple[Case, ...]
    not_applicable: str = ""
    beyond: str = ""


def department(engine: str) -> str:
    """The conformance department on `engine`."""
    return f"proof_{engine}"


def place(text: str, engine: str) -> str:
    """The text with the department on `engine` for `proof.`, and the one on the next engine for `other.`.

    >>> place('SELECT * FROM proof.resident, "other".payment', "duckdb")
    'SELECT * FROM proof_duckdb.resident, "proof_postgresql".payment'
    """
    following = ENGINES[(ENGINES.index(engine) + 1) % len(ENGINES)]
    for word, name in (("proof", department(engine)), ("other", department(following))):
        for mark in (".", '".'):
            text = text.replace(f"{word}{mark}", f"{name}{mark}")
    return text

"""Whether a reply is what its case demands: complaints in words, none when it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from conformance.canaries import Canary, escaped
from conformance.case import Expectation, Question
from conformance.reply import Reply, same_rows

Ask = Callable[[Question], Reply]
"""Asks by the way and at the place of the case."""


def judge(
    question: Question, way: str, expect: Expectation, canaries: Sequence[Canary], ask: Ask, reply: Reply
) -> list[str]:
    """What is wrong with `reply`. May `ask` on, where the expectation compares with another question."""
    found = [f"it holds {c.value!r}: {c.what}" for c in escaped(reply.said, question, canaries)]
    if (
        reply.code in {"GATEWAY_UNAVAILABLE", "INTERNAL", "QUERY_TIMEOUT"}
        and reply.code not in expect.refused
    ):
        found.append(f"the gateway failed: {reply.code} {reply.message}")
        return found
    own = question.own_words
    found += [f"it does not say {words!r}" for words in expect.says if words not in reply.said]
    found += [f"it says {words!r}" for words in expect.says_not if words in reply.said and words not in own]
    if expect.refused:
        found += _refused(way, expect, reply)
    elif expect.absent is not None:
        found += _absent(question, expect.absent, ask, reply)
    elif reply.code is not None:
        found.append(f"it was refused: {reply.code} {reply.message}")
    elif reply.rows is not None:
        found += _answered(question, expect, ask, reply)
    return found


def _refused(way: str, expect: Expectation, reply: Reply) -> list[str]:
    codes = expect.refused if way != "fragment" else expect.fragment_refused
    if reply.code is None:
        rows = "" if reply.rows is None else f" with {len(reply.rows)} rows"
        return [f"it was answered{rows}"]
    if codes and reply.code not in codes:
        return [f"it was refused with {reply.code} ({reply.message}), not {' or '.join(codes)}"]
    return []


def _absent(question: Question, name: str, ask: Ask, reply: Reply) -> list[str]:
    """A name that exists but may not be known, and one that exists nowhere, get the same reply."""
    # A stranger that looks alike, so that what the gateway may suggest instead is the same for both.
    first = "囗" if not name[0].isascii() else "x" if name[0] == "q" else "q"
    stranger = first + name[1:]
    other = ask(replace(question, ask=question.ask.replace(name, stranger)))
    if reply.code is None:
        return ["it was answered"]
    mine, theirs = _neutral(reply, name), _neutral(other, stranger)
    return [] if mine == theirs else [f"{mine} where an absent name gets {theirs}"]


def _neutral(reply: Reply, name: str) -> tuple[str | None, str, tuple[tuple[str, str], ...]]:
    facts = tuple((key, value.replace(name, "…")) for key, value in reply.facts)
    return reply.code, reply.message.replace(name, "…"), facts


def _answered(question: Question, expect: Expectation, ask: Ask, reply: Reply) -> list[str]:
    assert reply.rows is not None
    found = [f"there is no notice {code}" for code in expect.notices if code not in reply.notices]
    if expect.rows is not None and not same_rows(reply.rows, expect.rows, ordered=expect.ordered):
        found.append(f"it was answered with {_shown(reply.rows)}, not {_shown(expect.rows)}")
    if expect.same_as is not None:
        other = ask(expect.same_as)
        if other.code is not None or other.rows is None:
            found.append(f"the question it is compared with was refused: {other.code} {other.message}")
        elif Counter(other.rows) != Counter(reply.rows):
            found.append(f"it was answered with {_shown(reply.rows)}, the other with {_shown(other.rows)}")
    del question
    return found


def _shown(rows: Sequence[Sequence[object]]) -> str:
    listed = "; ".join(", ".join(map(str, row)) for row in rows[:6])
    return f"{len(rows)} rows ({listed}{'; …' if len(rows) > 6 else ''})"

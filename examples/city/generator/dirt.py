"""What goes wrong when people key data in: case, blanks, full-width characters, gaps."""

from __future__ import annotations

from random import Random

_WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")  # the wide forms are the point


def smudge(rng: Random, text: str, *, lower: float = 0, blank: float = 0, wide: float = 0) -> str:
    """`text` as some clerk typed it.

    `lower`, `blank` and `wide` are chances: letters in lower case, one or two trailing blanks, the whole
    text in full-width characters. Few citizen numbers hold a letter, so `lower` touches one in eleven.
    """
    if lower and rng.random() < lower:
        text = text.lower()
    if blank and rng.random() < blank:
        text += " " * rng.randint(1, 2)
    if wide and rng.random() < wide:
        text = text.translate(_WIDE)
    return text


def lose(rng: Random, text: str, chance: float) -> str | None:
    """`text`, or with `chance` nothing."""
    return None if rng.random() < chance else text


def spread(rng: Random, name: str, chance: float) -> str:
    """A two-character name set apart by a full-width blank, as old forms print it."""
    if len(name) == 2 and rng.random() < chance:
        return f"{name[0]}\u3000{name[1]}"
    return name

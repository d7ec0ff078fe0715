"""Numbers that are written differently and mean the same take one form; anything else is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.identifiers import (
    citizen_check,
    credit_check,
    normalise_citizen_number,
    normalise_credit_code,
)

# 11010519491231002X is the example of GB 11643-1999.
CITIZEN = "11010519491231002X"
# 91350100M000100Y43 is the example of GB 32100-2015.
CREDIT = "91350100M000100Y43"


@pytest.mark.parametrize(
    "written",
    [
        CITIZEN,
        "11010519491231002x",
        "110105491231002",
        "１１０１０５１９４９１２３１００２Ｘ",
        "１１０１０５１９４９１２３１００２ｘ",
        "１１０１０５４９１２３１００２",
        " 11010519491231002X\n",
        "110105 19491231 002X",
        "110105-19491231-002x",
        "110105－19491231－002X",
        "110105\u300019491231\u00a0002X",
        "\ufeff11010519491231002X",
        "110105—491231—002",
    ],
)
def test_a_citizen_number_is_one_number_however_it_is_written(written: str) -> None:
    assert normalise_citizen_number(written) == CITIZEN


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("110105194912310021", "110105194912310021"),
        (" 110105194912310021 ", "110105194912310021"),
        ("110105 194912310021", "110105 194912310021"),
        ("11010519491231002y", "11010519491231002y"),
        ("110105491331002", "110105491331002"),
        ("110105491200002", "110105491200002"),
        ("11010549123100", "11010549123100"),
        ("1101054912310020", "1101054912310020"),
        ("11010519491231002XX", "11010519491231002XX"),
        ("不详", "不详"),
        ("　无 ", "无"),
        ("", ""),
        ("  ", ""),
        ("x", "x"),
        ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X"),
        ("①②③", "①②③"),
        ("ß", "ß"),
    ],
)
def test_what_is_no_citizen_number_stays_as_written_but_for_blanks_around_it(written: str, kept: str) -> None:
    assert normalise_citizen_number(written) == kept


def test_a_number_of_fifteen_digits_with_a_centenarians_sequence_belongs_to_the_century_before() -> None:
    assert normalise_citizen_number("110105901231997")[6:10] == "1890"
    assert normalise_citizen_number("110105901231995")[6:10] == "1990"


def test_a_day_that_never_was_keeps_a_number_with_the_right_check_digit() -> None:
    number = "11010519490230002"
    assert normalise_citizen_number(f" {number}{citizen_check(number)}".lower()) == number + citizen_check(
        number
    )


@pytest.mark.parametrize(
    "written",
    [
        CREDIT,
        CREDIT.lower(),
        "9135 0100 M000 100Y 43",
        "９１３５０１００Ｍ０００１００Ｙ４３",
        "91350100-M000100Y4-3",
    ],
)
def test_a_credit_code_is_one_code_however_it_is_written(written: str) -> None:
    assert normalise_credit_code(written) == CREDIT


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("91350100m000100y44", "91350100m000100y44"),
        (" 440301103097413 ", "440301103097413"),
        ("91350100I000100Y43", "91350100I000100Y43"),
        ("", ""),
    ],
)
def test_what_is_no_credit_code_stays_as_written_but_for_blanks_around_it(written: str, kept: str) -> None:
    assert normalise_credit_code(written) == kept


DIGITS = st.text("0123456789", min_size=17, max_size=17)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@given(DIGITS, st.integers(0, 17), st.sampled_from([" ", "-", "\u3000", "－"]), st.booleans())
def test_every_number_meets_itself_in_another_writing(body: str, place: int, gap: str, wide: bool) -> None:
    number = body + citizen_check(body)
    written = (number[:place] + gap + number[place:]).lower()
    if wide:
        written = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in written)
    assert normalise_citizen_number(written) == number


@given(st.text(ALPHABET, min_size=17, max_size=17), st.integers(0, 17))
def test_every_code_meets_itself_in_another_writing(body: str, place: int) -> None:
    code = body + credit_check(body)
    assert normalise_credit_code((code[:place] + " " + code[place:]).lower()) == code


@given(st.text(max_size=24))
def test_a_form_is_its_own_form(text: str) -> None:
    for normalise in (normalise_citizen_number, normalise_credit_code):
        assert normalise(normalise(text)) == normalise(text)


@given(DIGITS, st.integers(0, 16), st.integers(1, 9))
def test_two_numbers_that_differ_in_one_digit_never_meet(body: str, place: int, step: int) -> None:
    other = body[:place] + str((int(body[place]) + step) % 10) + body[place + 1 :]
    one, two = body + citizen_check(body), other + citizen_check(other)
    assert normalise_citizen_number(f" {one}") != normalise_citizen_number(f" {two}")

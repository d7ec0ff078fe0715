"""Check digits, against the examples that the standards print."""

from __future__ import annotations

from datetime import date

import pytest

from examples.city.generator.identifiers import (
    citizen_check,
    citizen_number,
    credit_check,
    organisation_check,
)
from examples.city.generator.market_regulation import working_days_after


@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_citizen_numbers_of_gb_11643_have_their_check_character(number: str) -> None:
    assert citizen_check(number[:17]) == number[17]


def test_a_citizen_number_holds_division_birth_and_sequence() -> None:
    assert citizen_number("440524", date(1880, 1, 1), 1) == "440524188001010014"


def test_the_organisation_code_of_gb_11714_has_its_check_character() -> None:
    assert organisation_check("D2143569") == "X"


def test_the_credit_code_of_gb_32100_has_its_check_character() -> None:
    assert credit_check("91350100M000100Y4") == "3"


@pytest.mark.parametrize(
    ("accepted", "days", "due"),
    [
        (date(2026, 9, 7), 5, date(2026, 9, 14)),  # over one weekend
        (date(2026, 9, 4), 1, date(2026, 9, 7)),  # from a Friday
        (date(2026, 9, 30), 2, date(2026, 10, 9)),  # over the national holiday
    ],
)
def test_a_legal_time_limit_counts_working_days(accepted: date, days: int, due: date) -> None:
    assert working_days_after(accepted, days) == due

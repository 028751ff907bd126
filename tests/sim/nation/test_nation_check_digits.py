"""Check digits (DOMAIN 6), against an oracle written by others where there is one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.jp import cn

from sim.nation.check_digits import (
    corporate_number_check_digit,
    is_corporate_number,
    is_municipality_code,
    is_my_number,
    municipality_check_digit,
    my_number_check_digit,
    resident_code_check_digit,
)
from sim.nation.numbers import MyNumbers, ResidentCodes


def digits(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


@given(digits(12))
def test_corporate_number_agrees_with_stdnum(body: str) -> None:
    number = corporate_number_check_digit(body) + body

    assert cn.is_valid(number)
    assert is_corporate_number(number)


@given(digits(13))
def test_corporate_number_is_refused_when_stdnum_refuses(number: str) -> None:
    assert cn.is_valid(number) == is_corporate_number(number)


@pytest.mark.parametrize("code", ["011002", "131016", "141003", "271004", "401307", "472018", "473821"])
def test_published_municipality_codes(code: str) -> None:
    assert is_municipality_code(code)


# Numbers printed in official examples of documents and in public test data.
@pytest.mark.parametrize("number", ["123456789018", "023456789013"])
def test_known_my_numbers(number: str) -> None:
    assert is_my_number(number)


@given(digits(11), st.integers(0, 10), st.integers(1, 9))
def test_my_number_check_digit_notices_most_single_errors(body: str, place: int, shift: int) -> None:
    number = body + my_number_check_digit(body)
    wrong = body[:place] + str((int(body[place]) + shift) % 10) + body[place + 1 :]

    assert is_my_number(number)
    # Remainders 0 and 1 share a check digit, so only a change between those two goes unnoticed.
    if my_number_check_digit(wrong) == number[-1]:
        assert number[-1] == "0"


@pytest.mark.parametrize(
    "function",
    [
        municipality_check_digit,
        my_number_check_digit,
        resident_code_check_digit,
        corporate_number_check_digit,
    ],
)
@pytest.mark.parametrize("body", ["", "1", "12a45", "１２３４５", "-12345678901", "123456789012345"])
def test_other_than_digits_is_an_error(function: object, body: str) -> None:
    assert callable(function)
    with pytest.raises(ValueError, match="桁の数字ではありません"):
        function(body)


@pytest.mark.parametrize("text", ["", "13101", "1310160", "１３１０１６", "13101x"])
def test_predicates_refuse_other_shapes(text: str) -> None:
    assert not is_municipality_code(text)
    assert not is_my_number(text)
    assert not is_corporate_number(text)


@given(st.integers(0, 10**11 - 1), st.booleans())
def test_numbers_bear_the_digit_of_the_rule(resident: int, valid: bool) -> None:
    shift = 0 if valid else 1
    number = MyNumbers(7, valid=valid).of(resident)
    assert int(number[11]) == (int(my_number_check_digit(number[:11])) + shift) % 10
    code = ResidentCodes(7, valid=valid).of(resident % 10**10)
    assert int(code[10]) == (int(resident_code_check_digit(code[:10])) + shift) % 10

"""Check digits (検査数字) of the codes that cross a border.

Three codes carry one, each by its own published rule:

- municipality code (全国地方公共団体コード): 5 digits + 1, ministry rule of the code table;
- My Number (個人番号): 11 digits + 1, ordinance of 2014 (平成26年総務省令第85号) article 5;
- corporate number (法人番号): 1 + 12 digits, ordinance of 2014 (平成26年財務省令第70号) article 2.

The resident code (住民票コード) has 10 digits + 1; its rule is not public knowledge, so the rule here, which
is My Number's cut to ten digits, is an **assumption** of ours.

All functions take strings of ASCII digits and raise `ValueError` for anything else.
"""

from __future__ import annotations

__all__ = [
    "corporate_number_check_digit",
    "is_corporate_number",
    "is_municipality_code",
    "is_my_number",
    "municipality_check_digit",
    "my_number_check_digit",
    "resident_code_check_digit",
]

_MUNICIPALITY_WEIGHTS = (6, 5, 4, 3, 2)
_MY_NUMBER_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_RESIDENT_CODE_WEIGHTS = _MY_NUMBER_WEIGHTS[1:]
_CORPORATE_WEIGHTS = (2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1)


def municipality_check_digit(body: str) -> str:
    """The sixth digit of a municipality code, from its first five."""
    return str((11 - _weighted(body, _MUNICIPALITY_WEIGHTS) % 11) % 10)


def my_number_check_digit(body: str) -> str:
    """The twelfth digit of a My Number, from its first eleven."""
    return _modulo_eleven(_weighted(body, _MY_NUMBER_WEIGHTS))


def resident_code_check_digit(body: str) -> str:
    """The eleventh digit of a resident code, from its first ten (assumed rule, see the module's text)."""
    return _modulo_eleven(_weighted(body, _RESIDENT_CODE_WEIGHTS))


def corporate_number_check_digit(body: str) -> str:
    """The *first* digit of a corporate number, from the twelve that follow it."""
    return str(9 - _weighted(body, _CORPORATE_WEIGHTS) % 9)


def is_municipality_code(code: str) -> bool:
    """Whether `code` is six digits of which the last is right. It need not belong to a municipality."""
    return _is_digits(code, 6) and municipality_check_digit(code[:5]) == code[5]


def is_my_number(number: str) -> bool:
    """Whether `number` is twelve digits of which the last is right.

    False for the numbers a `Nation` gives by default: theirs is wrong by one on purpose.
    """
    return _is_digits(number, 12) and my_number_check_digit(number[:11]) == number[11]


def is_corporate_number(number: str) -> bool:
    """Whether `number` is thirteen digits of which the first is right."""
    return _is_digits(number, 13) and corporate_number_check_digit(number[1:]) == number[0]


def _is_digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def _modulo_eleven(total: int) -> str:
    remainder = total % 11
    return "0" if remainder <= 1 else str(11 - remainder)


def _weighted(body: str, weights: tuple[int, ...]) -> int:
    if not _is_digits(body, len(weights)):
        raise ValueError(f"{len(weights)}桁の数字ではありません: {body!r}")
    return sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))

"""Numbers that no two residents share: keyed permutations of a number's whole domain.

A Feistel network over two digits of mixed radix adds to each half, by turns, a keyed function of the other. Each step
can be undone, so the whole is a bijection: numbers are unique without a table, and a number leads back to its resident.
"""

from __future__ import annotations

import numpy as np

from sim.nation.chance import Words, key_for

__all__ = ["MyNumbers", "Permutation", "ResidentCodes"]

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_MULTIPLIER_1 = 0xFF51_AFD7_ED55_8CCD
_MULTIPLIER_2 = 0xC4CE_B9FE_1A85_EC53
_ROUNDS = 6


class Permutation:
    """A keyed bijection of 0 … `left · right` - 1 onto itself."""

    def __init__(self, seed: int, purpose: str, left: int, right: int) -> None:
        self.size = left * right
        self._left = left
        self._right = right
        self._keys = tuple(key_for(seed, f"{purpose} {number}") for number in range(_ROUNDS))

    def __call__(self, value: int) -> int:
        a, b = divmod(value, self._right)
        left, right = self._left, self._right
        keys = iter(self._keys)
        for key in keys:
            word = ((b ^ key) * _MULTIPLIER_1) & _MASK
            a = (a + ((((word ^ (word >> 32)) * _MULTIPLIER_2) & _MASK) >> 24)) % left
            word = ((a ^ next(keys)) * _MULTIPLIER_1) & _MASK
            b = (b + ((((word ^ (word >> 32)) * _MULTIPLIER_2) & _MASK) >> 24)) % right
        return a * right + b

    def inverse(self, value: int) -> int:
        a, b = divmod(value, self._right)
        keys = iter(reversed(self._keys))
        for key in keys:
            b = (b - _round(a, key)) % self._right
            a = (a - _round(b, next(keys))) % self._left
        return a * self._right + b

    def column(self, values: Words) -> Words:
        """The permutation of each value."""
        left, right = np.uint64(self._left), np.uint64(self._right)
        a, b = np.divmod(values, right)
        keys = iter(self._keys)
        for key in keys:
            a = (a + _round_column(b, key)) % left
            b = (b + _round_column(a, next(keys))) % right
        return a * right + b


def _round(half: int, key: int) -> int:
    word = ((half ^ key) * _MULTIPLIER_1) & _MASK
    return (((word ^ (word >> 32)) * _MULTIPLIER_2) & _MASK) >> 24


def _round_column(half: Words, key: int) -> Words:
    word = half ^ np.uint64(key)
    word *= np.uint64(_MULTIPLIER_1)
    word ^= word >> np.uint64(32)
    word *= np.uint64(_MULTIPLIER_2)
    word >>= np.uint64(24)
    return word


class MyNumbers:
    """個人番号: eleven permuted digits and a check digit that is wrong by one unless `valid` (DOMAIN 6)."""

    def __init__(self, seed: int, *, valid: bool) -> None:
        self._permutation = Permutation(seed, "my number", 10**5, 10**6)
        self._shift = 0 if valid else 1

    def of(self, resident: int) -> str:
        body = self._permutation(resident)
        return f"{body:011d}{(_check_digit(body) + self._shift) % 10}"

    def resident(self, number: str) -> int | None:
        """The resident whose number it would be; None when it isn't twelve digits or its last isn't ours."""
        if len(number) != 12 or not (number.isascii() and number.isdigit()):
            return None
        resident = self._permutation.inverse(int(number[:11]))
        return resident if self.of(resident) == number else None

    def column(self, residents: Words) -> Words:
        """Each number as an integer of up to twelve digits."""
        body = self._permutation.column(residents)
        return body * np.uint64(10) + _shifted(_check_column(body, 11), self._shift)


class ResidentCodes:
    """住民票コード: ten permuted digits and a check digit, wrong by one unless `valid`.

    The rule of the check digit is assumed (see `check_digits`).
    """

    def __init__(self, seed: int, *, valid: bool) -> None:
        self._permutation = Permutation(seed, "resident code", 10**5, 10**5)
        self._shift = 0 if valid else 1

    def of(self, resident: int) -> str:
        body = self._permutation(resident)
        return f"{body:010d}{(_check_digit(body) + self._shift) % 10}"

    def resident(self, code: str) -> int | None:
        if len(code) != 11 or not (code.isascii() and code.isdigit()):
            return None
        resident = self._permutation.inverse(int(code[:10]))
        return resident if self.of(resident) == code else None

    def column(self, residents: Words) -> Words:
        body = self._permutation.column(residents)
        return body * np.uint64(10) + _shifted(_check_column(body, 10), self._shift)


def _shifted(digits: Words, shift: int) -> Words:
    return (digits + np.uint64(shift)) % np.uint64(10)


def _weighted(digits: int, weights: tuple[int, int, int]) -> int:
    """The weighted sum of three digits, the last first."""
    return digits % 10 * weights[0] + digits // 10 % 10 * weights[1] + digits // 100 * weights[2]


_LOW = tuple(_weighted(digits, (2, 3, 4)) for digits in range(1000))
_HIGH = tuple(_weighted(digits, (5, 6, 7)) for digits in range(1000))


def _check_digit(body: int) -> int:
    """My Number's rule for a body of up to eleven digits, as in `check_digits`, three digits at a time."""
    thousands, low = divmod(body, 1000)
    millions, high = divmod(thousands, 1000)
    billions, low_again = divmod(millions, 1000)
    remainder = (_LOW[low] + _HIGH[high] + _LOW[low_again] + _HIGH[billions]) % 11
    return 0 if remainder <= 1 else 11 - remainder


def _check_column(body: Words, length: int) -> Words:
    """The check digit of My Number's rule: weights 2, 3, 4, 5, 6, 7, 2, … from the right."""
    total = np.zeros_like(body)
    rest = body
    for place in range(length):
        rest, digit = np.divmod(rest, np.uint64(10))
        total += digit * np.uint64(place % 6 + 2)
    remainder = total % np.uint64(11)
    return np.where(remainder <= np.uint64(1), np.uint64(0), np.uint64(11) - remainder)

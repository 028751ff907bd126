"""Local tax (個人住民税) of a resident, by the rules of the law in a shortened form.

Yen throughout. Deductions for insurance premiums, medical costs and donations are rolled into one share of the salary.
"""

from __future__ import annotations

import msgspec

__all__ = ["LocalTax", "assess"]

_BASIC_DEDUCTION = 430_000
_DEPENDANT_DEDUCTION = 330_000
_FLAT_RATE = 3_000  # 均等割 of the municipality
_EXEMPT_ALONE = 450_000
_EXEMPT_PER_HEAD, _EXEMPT_EXTRA = 350_000, 310_000


class LocalTax(msgspec.Struct, frozen=True):
    """An assessment: income and the municipality's two parts of the tax."""

    salary: int
    pension: int
    total_income: int  # 合計所得金額
    dependants: int
    flat: int  # 均等割額
    on_income: int  # 所得割額

    @property
    def is_exempt(self) -> bool:
        return self.flat == 0


def assess(
    salary: int, pension: int, *, dependants: int, taxed_dependants: int, elderly: bool, designated_city: bool
) -> LocalTax:
    """The year's assessment. `taxed_dependants` are those from sixteen years of age, who lower the tax."""
    total = salary - _salary_deduction(salary) + max(0, pension - (1_100_000 if elderly else 600_000))
    exempt_below = _EXEMPT_PER_HEAD * (1 + dependants) + _EXEMPT_EXTRA if dependants else _EXEMPT_ALONE
    if total <= exempt_below:
        return LocalTax(salary, pension, total, dependants, 0, 0)
    premiums = salary * 145 // 1000 + pension * 60 // 1000
    taxable = max(0, total - _BASIC_DEDUCTION - premiums - _DEPENDANT_DEDUCTION * taxed_dependants)
    percent = 8 if designated_city else 6
    return LocalTax(salary, pension, total, dependants, _FLAT_RATE, taxable // 1000 * 1000 * percent // 100)


def _salary_deduction(salary: int) -> int:
    if salary <= 1_900_000:
        return min(salary, 650_000)
    if salary <= 3_600_000:
        return salary * 30 // 100 + 80_000
    if salary <= 6_600_000:
        return salary * 20 // 100 + 440_000
    if salary <= 8_500_000:
        return salary * 10 // 100 + 1_100_000
    return 1_950_000

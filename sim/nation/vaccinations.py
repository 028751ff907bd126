"""Vaccinations (予防接種) a resident has had, by the routine schedule for the age and the year of birth."""

from __future__ import annotations

from datetime import date, timedelta

from sim.nation.chance import draw
from sim.nation.person import Person

__all__ = ["Vaccination", "vaccinations"]

# (vaccine, dose, age in months, percent who had it).
_SCHEDULE: tuple[tuple[str, int, int, int], ...] = (
    ("B型肝炎", 1, 2, 98), ("B型肝炎", 2, 3, 98), ("B型肝炎", 3, 8, 96),
    ("ロタウイルス", 1, 2, 97), ("ロタウイルス", 2, 3, 96),
    ("小児肺炎球菌", 1, 2, 98), ("小児肺炎球菌", 2, 3, 98), ("小児肺炎球菌", 3, 4, 97), ("小児肺炎球菌", 4, 12, 95),
    ("五種混合", 1, 2, 98), ("五種混合", 2, 3, 98), ("五種混合", 3, 4, 97), ("五種混合", 4, 13, 95),
    ("BCG", 1, 5, 98),
    ("麻しん風しん(MR)", 1, 12, 96), ("水痘", 1, 12, 95), ("水痘", 2, 18, 92),
    ("日本脳炎", 1, 36, 92), ("日本脳炎", 2, 37, 91), ("日本脳炎", 3, 48, 88),
    ("麻しん風しん(MR)", 2, 64, 93), ("日本脳炎", 4, 110, 80), ("二種混合", 1, 134, 82),
)  # fmt: skip
_FIVE_IN_ONE_SINCE = date(2024, 4, 1)  # 四種混合 before
_ROTA_SINCE = date(2020, 10, 1)
_HEPATITIS_B_SINCE = date(2016, 10, 1)
_CHICKENPOX_SINCE = date(2014, 10, 1)
_HPV_SINCE = date(2013, 4, 1)
_COVID_FIRST, _COVID_DAYS = date(2021, 6, 1), 150
_DAYS_PER_MONTH = 30.4375

Vaccination = tuple[date, str, int]
"""When, which vaccine, which dose."""


def vaccinations(key: int, identity: int, person: Person, until: date) -> list[Vaccination]:
    """All until a day, the earliest first. Draws by `key` and the person's `identity`."""
    had: list[Vaccination] = []
    for number, (vaccine, dose, months, percent) in enumerate(_SCHEDULE):
        word = draw(key, identity << 8 | number)
        on = person.birth_date + timedelta(days=int(months * _DAYS_PER_MONTH) + word % 40)
        if word >> 32 & 0x7F < 128 * percent // 100 and on <= until:
            had += _routine(vaccine, dose, on)
    word = draw(key, identity << 8 | 200)
    age = person.age(until)
    if person.sex == 2 and age >= 12 and person.birth_date >= date(1998, 4, 1):
        first = max(person.birth_date + timedelta(days=4500 + word % 300), _HPV_SINCE)
        doses = 2 if word >> 8 & 0xFF < 130 else 0
        had += [(first + timedelta(days=180 * dose), "HPV", dose + 1) for dose in range(doses)]
    if person.age(_COVID_FIRST) >= 12 and word >> 16 & 0xFF < 210:
        first = _COVID_FIRST + timedelta(days=word % _COVID_DAYS)
        had += [(first, "新型コロナウイルス", 1), (first + timedelta(days=21), "新型コロナウイルス", 2)]
    if age >= 65 and word >> 24 & 0xFF < 110:
        had.append((_birthday(person.birth_date, 65) + timedelta(days=word % 300), "高齢者肺炎球菌", 1))
    if age >= 66 and word >> 40 & 0xFF < 145:
        years = range(until.year - 3, until.year)
        had += [
            (date(year, 10, 15) + timedelta(days=(word >> 48) % 60), "インフルエンザ", 1) for year in years
        ]
    return sorted(v for v in had if v[0] <= until)


def _routine(vaccine: str, dose: int, on: date) -> list[Vaccination]:
    """The routine vaccine as it was called and given on that day; none where it was not routine yet."""
    if vaccine == "五種混合" and on < _FIVE_IN_ONE_SINCE:
        vaccine = "四種混合" if on >= date(2012, 11, 1) else "三種混合"
    since = {"ロタウイルス": _ROTA_SINCE, "B型肝炎": _HEPATITIS_B_SINCE, "水痘": _CHICKENPOX_SINCE}.get(
        vaccine
    )
    # Municipalities keep records of vaccination on file for their systems' lifetime; ours begin in 1995.
    return [(on, vaccine, dose)] if on >= (since or date(1995, 4, 1)) else []


def _birthday(birth_date: date, years: int) -> date:
    return date(birth_date.year + years, birth_date.month, min(birth_date.day, 28))

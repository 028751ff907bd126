"""When things happen: hours, days and seasons of inquiries and of people (assumed, except the yearly sums).

Sums come from sources (DOMAIN.md 8); how they spread over a year, a week and a day has no published source. Every
table here is an **assumption**: a year's factors have the mean 1, so that no sum changes.
"""

from datetime import date
from itertools import accumulate
from typing import Final

from sim.nation.chance import draw
from sim.nation.holidays import is_office_day

OFFICE_SECONDS: Final = 8 * 3_600
"""Office hours of a day by which 190 million inquiries a year are 27 a second (`sim.network.rates`)."""
OPENS_MINUTE, OFFICE_MINUTES = 8 * 60 + 45, 510
"""As `sim.nation.past` has it: 8:45 to 17:15."""

_INQUIRIES_BY_MONTH: Final = (0.80, 0.95, 1.10, 1.30, 1.15, 1.60, 1.15, 0.95, 0.80, 0.75, 0.75, 0.70)
"""January to December. Municipal tax is assessed from February to June; moves, schools and day care in April; the child
allowance is confirmed in June; insurance premiums are settled in July."""
_SIGN_INS_BY_MONTH: Final = (1.10, 1.60, 1.60, 1.10, 0.85, 0.95, 0.80, 0.75, 0.75, 0.75, 0.80, 0.95)
"""January to December: tax returns are due from mid-February to mid-March."""
_SIGN_INS_BY_WEEKDAY: Final = (1.10, 1.05, 1.00, 1.00, 0.95, 0.90, 1.00)
_SIGN_INS_BY_HOUR: Final = (
    8, 4, 2, 1, 1, 3, 9, 18, 30, 46, 52, 50, 48, 45, 44, 43, 44, 46, 50, 58, 66, 64, 48, 24,
)  # fmt: skip
_BY_HOUR = tuple(accumulate(_SIGN_INS_BY_HOUR))

DAY_MS: Final = 86_400_000


def inquiries_on(day: date, per_second: float) -> float:
    """How many inquiries a day is expected to see at this rate in office hours; none when offices are closed."""
    if not is_office_day(day):
        return 0.0
    return per_second * OFFICE_SECONDS * _INQUIRIES_BY_MONTH[day.month - 1]


def sign_ins_on(day: date, per_day: float) -> float:
    """How many sign-ins a day is expected to see, when an average one sees so many."""
    return per_day * _SIGN_INS_BY_MONTH[day.month - 1] * _SIGN_INS_BY_WEEKDAY[day.weekday()]


def office_moment(word: int) -> int:
    """Milliseconds after midnight, within office hours."""
    return (OPENS_MINUTE * 60_000) + word % (OFFICE_MINUTES * 60_000)


def leisure_moment(word: int) -> int:
    """Milliseconds after midnight, when people have time."""
    at = word % _BY_HOUR[-1]
    hour = next(hour for hour, bound in enumerate(_BY_HOUR) if at < bound)
    return hour * 3_600_000 + (word >> 16) % 3_600_000


def whole(expected: float, key: int, counter: int) -> int:
    """So many, by chance the next larger number: over many days the sum is the expected one."""
    least = int(expected)
    return least + (draw(key, counter) / 2**64 < expected - least)

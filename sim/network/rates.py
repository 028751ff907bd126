"""How much organisations ask each other: the rates of the background traffic, by name. No I/O."""

from math import copysign, isfinite
from types import MappingProxyType
from typing import Final

OFF: Final = "off"
PEAK_FACTOR: Final = 5
RATES: Final = MappingProxyType(
    {
        "actual": 27.0,  # inquiries per second, about 190 million in a year's office hours (DOMAIN.md 8)
        "design": 91.0,
        "actual-peak": 27.0 * PEAK_FACTOR,
        "design-peak": 91.0 * PEAK_FACTOR,
    }
)
PER_SECOND_MAX: Final = 10_000.0


def rate_of(text: str) -> float:
    """Inquiries per second of a setting: ``off``, a name of :data:`RATES`, or a number.

    Raises ValueError in words for people.
    """
    if text == OFF:
        return 0.0
    if text in RATES:
        return RATES[text]
    try:
        per_second = float(text)
    except ValueError:
        per_second = -1.0
    # copysign: "-0" is a slip of the pen, not "nothing".
    if not (isfinite(per_second) and copysign(1, per_second) > 0 and per_second <= PER_SECOND_MAX):
        names = "、".join((OFF, *RATES))
        raise ValueError(
            f"照会の流れは {names} か、1秒あたりの件数（{PER_SECOND_MAX:g}まで）で指定してください。"
        )
    return per_second

"""Moments and days: UTC milliseconds inside, Japan's time at the edges."""

from datetime import UTC, date, datetime, timedelta, timezone

JST = timezone(timedelta(hours=9), "JST")
"""日本標準時"""

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LAST_MS = 253_402_300_800_000
"""The end of the year 9999: everything is earlier."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


_EXACT_MS = 2**32 * SECOND
"""Up to here (the year 2106) seconds as a floating-point number are exact to the microsecond."""


def to_utc(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def to_jst(ms: int) -> datetime:
    if -_EXACT_MS < ms < _EXACT_MS:
        return datetime.fromtimestamp(ms / SECOND, JST)
    # Five times slower.
    return to_utc(ms).astimezone(JST)


def day_of(ms: int) -> date:
    """The day in Japan."""
    return to_jst(ms).date()


def start_of(day: date) -> int:
    """Midnight in Japan at which this day begins, in milliseconds."""
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=JST))


def add_months(ms: int, months: int) -> int:
    """The same moment so many months later, or earlier; the last day of a month that is too short for its day."""
    moment = to_jst(ms)
    years, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    for day in range(moment.day, 27, -1):
        try:
            return to_ms(moment.replace(year=years, month=month + 1, day=day))
        except ValueError:
            continue
    return to_ms(moment.replace(year=years, month=month + 1))


def add_years(ms: int, years: int) -> int:
    """The same moment so many years later; 29 February becomes 28 February where there is none."""
    return add_months(ms, 12 * years)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 - months
    for last in (day.day, 30, 29, 28):
        try:
            return date(index // 12, index % 12 + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError(f"{day} has no day {months} months before")

"""How long certificates live, and who may have which: pure rules (CARD.md 4, "Validity").

Dates are days in Japan; a certificate begins with its first day and ends with its last.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final

JST: Final = timezone(timedelta(hours=9), "JST")
BIRTHDAYS: Final = 5
"""A certificate is valid to this birthday after its issue, …"""
BIRTHDAYS_RENEWED: Final = 6
"""… or to this one, when an earlier one was renewed within its last three months."""
RENEWAL_MONTHS: Final = 3
SIGN_AGE_MIN: Final = 15
"""署名用電子証明書 is not issued to anyone younger."""


def birthday_in(year: int, birth_date: date) -> date:
    """The birthday in that year. Who was born on 29 February has it on 28 February in common years.

    That day is an assumption; [?] in CARD.md. It is the day at whose end the Act on Calculation of Ages adds
    the year.
    """
    try:
        return birth_date.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def age_on(day: date, birth_date: date) -> int:
    """Full years of age on that day; born on 29 February, one is a year older on 1 March of a common year."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def nth_birthday_after(birth_date: date, day: date, count: int) -> date:
    """The `count`-th birthday strictly after that day."""
    first = day.year if birthday_in(day.year, birth_date) > day else day.year + 1
    return birthday_in(first + count - 1, birth_date)


def renewal_opens_on(expires_on: date) -> date:
    """The first day of the last three months, when a renewal costs none of the old certificate's time."""
    month = expires_on.year * 12 + expires_on.month - 1 - RENEWAL_MONTHS
    day = expires_on.day
    while True:
        try:
            return date(month // 12, month % 12 + 1, day)
        except ValueError:  # 31 May has no 31 February
            day -= 1


def expires_on(
    birth_date: date,
    issued_on: date,
    *,
    renews: date | None = None,
    no_later_than: date | None = None,
) -> date:
    """The last day of a certificate.

    `renews` is the last day of the certificate that this one follows, if it does; `no_later_than` is the
    card's last day, for a signature certificate also that of the authentication certificate beside it. Raises
    ValueError when nothing would be left: issued before birth, or after the limit.
    """
    if issued_on < birth_date:
        raise ValueError(f"issued on {issued_on}, before birth on {birth_date}")
    # On the last day itself, a birthday, the fifth after it already lies five full years on: nothing to make
    # up for.
    early = renews is not None and renewal_opens_on(renews) <= issued_on < renews
    last = nth_birthday_after(birth_date, issued_on, BIRTHDAYS_RENEWED if early else BIRTHDAYS)
    if no_later_than is not None:
        last = min(last, no_later_than)
    if last < issued_on:
        raise ValueError(f"issued on {issued_on}, after its last day {last}")
    return last


def may_sign(birth_date: date, issued_on: date) -> bool:
    """Whether a signature certificate may be issued that day: at 15 or older."""
    return age_on(issued_on, birth_date) >= SIGN_AGE_MIN


def first_moment(day: date) -> datetime:
    """When that day begins in Japan, in UTC."""
    return datetime.combine(day, time.min, JST).astimezone(UTC)


def last_moment(day: date) -> datetime:
    """The last second of that day in Japan, in UTC (`14:59:59Z`, as on real certificates)."""
    return datetime.combine(day, time(23, 59, 59), JST).astimezone(UTC)

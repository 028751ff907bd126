"""Service hours, planned stops, latency and layout versions: the rules, apart from any server."""

from datetime import date, datetime, timedelta

import pytest

from portal.wire.disclosure import CopyItem
from portal.wire.moments import DAY, HOUR, JST, MINUTE, to_jst, to_ms
from sim.intermediate.layouts import GRACE_DAYS, HeldCopy, convert, in_layout, previous_layout
from sim.intermediate.profiles import ALWAYS, ASSUMED, PROFILES, Span, answer_ms, is_open, open_from
from sim.nation.catalogue import Layout, catalogue
from sim.nation.holdings import RESIDENCE, TAX

OFFICE = PROFILES["office_hours"]
TAXES = catalogue().information[TAX]
OLD, NEW = TAXES.layouts
TODAY = date(2026, 4, 1)


def at(day: int, hour: int, minute: int = 0) -> int:
    """A moment of April 2026, whose first is a Wednesday."""
    return to_ms(datetime(2026, 4, day, hour, minute, tzinfo=JST))


def test_every_profile_says_that_it_is_assumed() -> None:
    assert ASSUMED
    assert all(profile.about and profile.name == name for name, profile in PROFILES.items())
    for profile in PROFILES.values():
        assert profile.connections_max > 0 and profile.per_send_max > 0
        assert profile.answer_ms_min <= profile.answer_ms_max


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (at(1, 8, 44), at(1, 8, 45)),
        (at(1, 8, 45), at(1, 8, 45)),
        (at(1, 18, 59), at(1, 18, 59)),
        (at(1, 19), at(2, 8, 45)),
        (at(3, 19), at(6, 8, 45)),
        (at(4, 12), at(6, 8, 45)),
        (at(5, 23), at(6, 8, 45)),
    ],
)
def test_service_hours(now: int, opens: int) -> None:
    assert open_from(OFFICE, (), now) == opens
    assert is_open(OFFICE, (), now) == (now == opens)
    assert open_from(ALWAYS, (), now) == now


def test_planned_stops_come_on_top() -> None:
    stop = Span(at(1, 17), at(2, 10))
    assert open_from(OFFICE, [stop], at(1, 18)) == at(2, 10)
    assert open_from(OFFICE, [stop], at(1, 16)) == at(1, 16)
    weekend = Span(at(3, 12), at(4, 12))
    assert open_from(OFFICE, [weekend], at(3, 13)) == at(6, 8, 45)
    assert open_from(ALWAYS, [stop, Span(at(2, 9), at(2, 11))], at(1, 20)) == at(2, 11)
    assert open_from(ALWAYS, [stop], stop.end_ms) == stop.end_ms


def test_a_server_that_never_opens_is_given_up() -> None:
    nights = [Span(at(1, 0) + n * DAY, at(1, 0) + (n + 1) * DAY) for n in range(2_000)]
    assert open_from(ALWAYS, nights, at(1, 0)) > at(1, 0) + 900 * DAY


def test_hours_are_japans() -> None:
    opened = open_from(PROFILES["nightly"], (), at(1, 3))
    assert to_jst(opened).hour == 22
    assert opened - at(1, 3) == 19 * HOUR


def test_latency_is_the_numbers_own() -> None:
    crowded = PROFILES["crowded"]
    times = {answer_ms(crowded, f"{n * 7919:020d}") for n in range(300)}
    assert answer_ms(crowded, "7") == answer_ms(crowded, "7")
    assert min(times) >= crowded.answer_ms_min and max(times) <= crowded.answer_ms_max
    assert len(times) > 100
    assert answer_ms(ALWAYS, "123") == 0
    assert crowded.answer_ms_max == 30 * MINUTE


# 版


def copy(layout: Layout, *names: str) -> HeldCopy:
    chosen = names or layout.items
    return HeldCopy(layout.version, TODAY, tuple(CopyItem(name, f"の{name}") for name in chosen))


def test_the_same_version_is_left_as_it_is() -> None:
    content = convert(TAXES, copy(NEW), NEW.version, TODAY)
    assert content is not None
    assert content.items == copy(NEW).items
    assert content.converted_from is None


def test_an_old_copy_for_a_new_inquirer_has_empty_new_items() -> None:
    content = convert(TAXES, copy(OLD), NEW.version, TODAY)
    assert content is not None
    assert (content.version, content.converted_from) == (NEW.version, OLD.version)
    assert [item.name for item in content.items] == list(NEW.items)
    assert {item.name for item in content.items if not item.value} == set(NEW.items) - set(OLD.items)


def test_a_new_copy_for_an_old_inquirer_loses_what_it_cannot_read() -> None:
    content = convert(TAXES, copy(NEW), OLD.version, TODAY + timedelta(days=9_999))
    assert content is not None
    assert [item.name for item in content.items] == list(OLD.items)


def test_an_old_copy_is_converted_for_a_while_only() -> None:
    last = NEW.valid_from + timedelta(days=GRACE_DAYS)
    assert convert(TAXES, copy(OLD), NEW.version, last) is not None
    assert convert(TAXES, copy(OLD), NEW.version, last + timedelta(days=1)) is None


def test_layouts_that_do_not_build_on_each_other_are_a_mismatch() -> None:
    import msgspec

    other = Layout("0003", date(2027, 6, 1), date(9999, 12, 31), ("別の項目",))
    three = msgspec.structs.replace(TAXES, layouts=(*TAXES.layouts, other))
    assert convert(three, copy(NEW), "0003", TODAY) is None
    assert convert(three, copy(OLD), "0003", TODAY) is None, "two steps at once"
    assert convert(TAXES, HeldCopy("7777", TODAY, ()), NEW.version, TODAY) is None
    assert convert(TAXES, copy(NEW), "7777", TODAY) is None


def test_the_previous_layout() -> None:
    assert previous_layout(TAXES, TODAY) is OLD
    only = catalogue().information[RESIDENCE]
    assert previous_layout(only, TODAY) is only.layouts[0]


def test_repeated_items_bear_a_number() -> None:
    layout = Layout("0001", TODAY, TODAY, ("接種記録",))
    assert in_layout(layout, "接種記録12")
    assert not in_layout(layout, "接種")

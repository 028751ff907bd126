"""What is counted, for whom, and what is not."""

import pytest

from portal import rates
from portal.rates import Limit, Rates, RateSettings
from portal.seams.clock import LiveClock
from portal.web.addresses import PAGES
from portal.wire import records
from portal.wire.problems import ProblemCode


def test_what_is_counted_says_so_in_its_document_and_is_there() -> None:
    for table in (rates.BY_ADDRESS, rates.FAILURES, rates.BY_ACCOUNT):
        for operation in table:
            assert ProblemCode.TOO_MANY in operation.problems, operation.name
    assert {name for _, name in rates.PAGES} <= set(PAGES)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
    ],
)
def test_whom_an_address_stands_for(one: str, other: str, same: bool) -> None:
    counted = Rates(RateSettings(anonymous=1), LiveClock())
    assert counted.of_address(Limit.ANONYMOUS, one) is None
    assert (counted.of_address(Limit.ANONYMOUS, other) is not None) == same


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "", None, "no address"])
def test_who_is_not_counted(address: str | None) -> None:
    counted = Rates(RateSettings(anonymous=1), LiveClock())
    assert [counted.of_address(Limit.ANONYMOUS, address) for _ in range(3)] == [None] * 3


def test_zero_and_not_counting_are_no_limits() -> None:
    for settings in (RateSettings(anonymous=0, files=0), RateSettings(counting=False)):
        counted = Rates(settings, LiveClock())
        assert not any(counted.of_address(Limit.ANONYMOUS, "192.0.2.1") for _ in range(2_000))
        assert not any(counted.refuses(records.RECORDS_PDF, "a") for _ in range(2_000))
    assert Rates(RateSettings(counting=False), LiveClock()).operations == frozenset()

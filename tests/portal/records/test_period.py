"""Which periods can be asked for (REC-1)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.records.model import check_period
from portal.wire.limits import RECORDS_PERIOD_DAYS_MAX

TODAY = date(2026, 4, 1)
days = st.dates(date(2015, 1, 1), date(2030, 12, 31))


@pytest.mark.requirement("REC-1")
@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (date(2026, 3, 1), date(2026, 2, 28), "$.end"),
        (date(2026, 3, 1), TODAY + timedelta(days=1), "$.end"),
        (TODAY + timedelta(days=1), TODAY + timedelta(days=2), "$.end"),
        (date(2018, 1, 1), TODAY, "$.start"),
    ],
)
def test_a_bad_period_names_the_field(start: date, end: date, field: str) -> None:
    refused = check_period(start, end, TODAY)
    assert refused is not None
    assert refused.field == field


@given(days, days)
def test_taken_exactly_when_it_is_past_in_order_and_within_seven_years(start: date, end: date) -> None:
    good = start <= end <= TODAY and (end - start).days <= RECORDS_PERIOD_DAYS_MAX
    assert (check_period(start, end, TODAY) is None) == good

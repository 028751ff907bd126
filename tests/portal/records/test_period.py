"""Which periods can be asked for (REC-1)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.records.model import check_period

TODAY = date(2026, 4, 1)
days = st.dates(date(2015, 1, 1), date(2030, 12, 31))


@pytest.mark.requirement("REC-1")
@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (date(2026, 3, 1), date(2026, 2, 28), "$.end"),
        (date(2026, 3, 1), TODAY + timedelta(days=1), "$.end"),
        (TODAY + timedelta(days=1), TODAY + timedelta(days=2), "$.end"),
        (date(2019, 3, 31), TODAY, "$.start"),
        # Whose records are erased: "there were none" would be untrue.
        (date(2010, 1, 1), date(2010, 1, 2), "$.start"),
    ],
)
def test_a_bad_period_names_the_field(start: date, end: date, field: str) -> None:
    refused = check_period(start, end, TODAY)
    assert refused is not None
    assert refused.field == field


@given(days, days)
def test_taken_exactly_when_it_is_in_order_and_within_the_last_seven_years(start: date, end: date) -> None:
    good = date(2019, 4, 1) <= start <= end <= TODAY
    assert (check_period(start, end, TODAY) is None) == good

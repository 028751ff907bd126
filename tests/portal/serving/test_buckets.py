"""Token buckets: never more than was allowed, never less, a truthful wait, and bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.serving.buckets import Buckets

HOUR_MS = 3_600_000
steps = st.lists(st.integers(0, 5_000), max_size=60)
"""Milliseconds between one try and the next."""


class Model:
    """The bucket as a textbook has it: tokens that drip in, as fractions of one."""

    def __init__(self, burst: int, seconds: int) -> None:
        self.burst, self.per_ms = burst, burst / (seconds * 1000)
        self.tokens, self.at = float(burst), 0

    def take(self, now: int) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.per_ms)
        self.at = now
        if self.tokens < 1 - 1e-9:
            return False
        self.tokens -= 1
        return True


@given(st.integers(1, 8), st.integers(1, 60), steps)
def test_it_is_the_textbooks_bucket(burst: int, seconds: int, pauses: list[int]) -> None:
    buckets, model = Buckets(burst, seconds), Model(burst, seconds)
    now = 1_000_000
    model.at = now
    for pause in pauses:
        now += pause
        assert (buckets.take("a", now) == 0) == model.take(now)


@given(st.integers(1, 8), st.integers(1, 60), steps)
def test_who_waits_as_long_as_was_said_is_let_in_and_not_a_second_sooner(
    burst: int, seconds: int, pauses: list[int]
) -> None:
    buckets, now = Buckets(burst, seconds), 0
    for pause in pauses:
        now += pause
        wait = buckets.take("a", now)
        assert wait == 0 or (wait > 0 and buckets.wait("a", now) == wait)
        if wait:
            assert wait == 1 or buckets.wait("a", now + (wait - 1) * 1000) > 0
            assert buckets.wait("a", now + wait * 1000) == 0


def test_keys_do_not_share() -> None:
    buckets = Buckets(1, 60)
    assert [buckets.take(key, 0) for key in ("a", "a", "b")] == [0, 60, 0]


def test_memory_is_bounded_and_who_was_seen_last_is_kept() -> None:
    buckets = Buckets(1, 60, keys_max=100)
    assert buckets.take("last", 0) == 0
    for number in range(10_000):
        buckets.take(str(number), 0)
        assert len(buckets) <= 100
    assert buckets.take("9999", 0) > 0, "still known"
    assert buckets.take("last", 0) == 0, "forgotten long ago"


@pytest.mark.parametrize("back_ms", [HOUR_MS, 61_000])
def test_a_clock_that_is_put_back_locks_nobody_out(back_ms: int) -> None:
    buckets = Buckets(1, 60)
    assert buckets.take("a", HOUR_MS) == 0
    assert buckets.take("a", HOUR_MS - back_ms) == 0

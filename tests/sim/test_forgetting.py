"""Forgetting along with other writes: once an hour, whatever the clock does."""

import pytest

from portal.store.store import Op
from sim.forgetting import FORGET_EVERY_MS, Forgetting


def forget(now_ms: int) -> Op:
    return Op("DELETE FROM things WHERE done_ms < :now", {"now": now_ms}, None)


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        ([0], [0]),
        ([5, 6, 5 + FORGET_EVERY_MS - 1, 5 + FORGET_EVERY_MS], [5, 5 + FORGET_EVERY_MS]),
        # A clock that was moved back must not stop it for as long as it was moved.
        ([100 * FORGET_EVERY_MS, 7, 8], [100 * FORGET_EVERY_MS, 7]),
    ],
)
def test_once_an_hour(moments: list[int], expected: list[int]) -> None:
    forgetting = Forgetting(forget)

    done = [op.params["now"] for now in moments for op in forgetting.ops(now)]

    assert done == expected

"""What a sieve does not hold is not there; and the core forgets nobody behind it, also after a restart."""

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from linkage_world import LinkageWorld
from trio.testing import MockClock

from portal.wire.network import RecordsAnswer, RecordsOutcome
from sim.jpki.serials import Serials
from sim.nation.nation import Nation
from sim.network.codes import LinkageCodes
from sim.network.sieve import Sieve


@given(st.lists(st.integers(-1, 2**40)), st.lists(st.integers(-1, 2**40)))
@settings(deadline=None, max_examples=30)
def test_whatever_was_put_in_may_be_there(loaded: list[int], added: list[int]) -> None:
    sieve = Sieve()
    assert sieve.may_hold(1), "nobody knows yet"
    sieve.load(loaded)
    for member in added:
        sieve.add(member)

    assert all(sieve.may_hold(member) for member in (*loaded, *added))


def test_most_of_what_was_not_put_in_is_known_not_to_be_there() -> None:
    sieve = Sieve()
    sieve.load(range(0, 200_000, 2))
    in_vain = sum(sieve.may_hold(member) for member in range(1, 200_000, 2))

    assert in_vain < 2_000


@pytest.mark.requirement("REC-2")
async def test_records_of_this_run_are_found_after_a_restart(
    nation: Nation, codes: LinkageCodes, serials: Serials, autojump_clock: MockClock
) -> None:
    world = LinkageWorld(nation, codes, serials)
    async with world.running():
        before = await world.disclose("r1")
        number = await world.make()
        await trio.sleep(5)
    async with world.running():
        after = await world.disclose("r2")
        assert isinstance(before, RecordsAnswer) and isinstance(after, RecordsAnswer)
        assert after.outcome is RecordsOutcome.ANSWERED
        assert {each.record_id for each in after.records} - {each.record_id for each in before.records} == {
            number
        }

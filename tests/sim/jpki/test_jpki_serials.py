"""Serial numbers: a permutation that only its key inverts."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.jpki.serials import GENERATIONS_MAX, HOLDERS_MAX, Holder, Kind, Serials

SERIALS = Serials(b"seed")

holders = st.builds(
    Holder,
    n=st.integers(0, HOLDERS_MAX - 1),
    generation=st.integers(0, GENERATIONS_MAX - 1),
    kind=st.sampled_from(Kind),
)


@given(holders)
def test_a_serial_leads_back_to_its_holder(holder: Holder) -> None:
    serial = SERIALS.serial_of(holder.n, holder.generation, holder.kind)

    assert serial.bit_length() == 63  # positive, and eight bytes of DER
    assert SERIALS.holder_of(serial) == holder


@given(st.integers())
def test_any_number_is_a_holders_serial_or_nobodys(number: int) -> None:
    holder = SERIALS.holder_of(number)

    assert holder is None or SERIALS.serial_of(holder.n, holder.generation, holder.kind) == number


def test_numbers_that_are_not_ours_are_found_out() -> None:
    chance = random.Random(1)

    assert not any(SERIALS.holder_of(chance.getrandbits(62) | 1 << 62) for _ in range(20_000))


def test_serials_of_another_seed_are_not_ours() -> None:
    other = Serials(b"seec")

    assert not any(SERIALS.holder_of(other.serial_of(n, 0, Kind.AUTH)) for n in range(2_000))


def test_serials_look_random() -> None:
    serials = [SERIALS.serial_of(n, 0, Kind.AUTH) for n in range(4_000)]
    ones = [sum(serial >> bit & 1 for serial in serials) for bit in range(62)]

    assert len(set(serials)) == len(serials)
    assert all(1_850 < count < 2_150 for count in ones)  # five standard deviations about the middle
    assert all((a ^ b).bit_count() > 8 for a, b in itertools.pairwise(serials))


def test_serials_are_the_same_on_every_machine() -> None:
    assert SERIALS.serial_of(0, 0, Kind.AUTH) == 0x5EB2A43AD7F9E6DE


@pytest.mark.parametrize(("n", "generation"), [(-1, 0), (HOLDERS_MAX, 0), (0, -1), (0, GENERATIONS_MAX)])
def test_outside_the_limits_there_is_no_serial(n: int, generation: int) -> None:
    with pytest.raises(ValueError):
        SERIALS.serial_of(n, generation, Kind.AUTH)

"""The cards of the nation: PINs and contents that follow from the seed."""

from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from cards.pins import PinName, well_formed
from sim.cards_desk.pins import pins_of
from sim.cards_desk.wallet import Wallet
from sim.jpki.authority import Authority
from sim.jpki.key_cache import KeyCache
from sim.jpki.serials import Kind
from sim.nation.nation import Nation


@given(st.integers(0, 2**63), st.integers(0, 1 << 27))
def test_pins_are_such_as_a_card_takes(seed: int, n: int) -> None:
    pins = pins_of(seed, n)

    assert well_formed(PinName.AUTH, pins.auth.encode())
    assert well_formed(PinName.SIGN, pins.sign.encode())
    assert pins == pins_of(seed, n)


def test_pins_differ() -> None:
    assert len({pins_of(1, n).sign for n in range(1000)}) == 1000
    assert len({pins_of(1, n).auth for n in range(1000)}) > 900
    assert pins_of(1, 7) != pins_of(2, 7)


@pytest.mark.requirement("ACC-1")
def test_examples_have_cards_that_are_valid_today(nation: Nation, tmp_path: Path) -> None:
    keys = KeyCache(tmp_path)
    authority = Authority(b"jpki under test", keys)
    wallet = Wallet(nation, authority, keys, nation.reference_date)

    for person in nation.examples():
        contents = wallet.contents(person.n)
        certificate = x509.load_der_x509_certificate(contents.auth_certificate)
        assert certificate.not_valid_before_utc.date() <= nation.reference_date
        assert certificate.not_valid_after_utc.date() >= nation.reference_date
        assert certificate.serial_number == authority.serials.serial_of(person.n, 0, Kind.AUTH)
        assert (contents.name, contents.my_number) == (person.name, person.my_number)
        assert contents.sign_certificate is not None
        assert wallet.fresh_state(person.n).values[PinName.AUTH] == wallet.pins(person.n).auth

"""Contents at rest: readable by nobody else, in no other place, and not once altered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.folder import sealing
from portal.folder.sealing import Sealer, Unreadable
from portal.seams.chance import LiveChance

MASTER = bytes(range(32))


def _sealer(master: bytes = MASTER) -> Sealer:
    return Sealer(master, LiveChance())


@given(st.binary(max_size=2000))
def test_what_was_sealed_is_opened(content: bytes) -> None:
    sealer = _sealer()
    key = sealer.new_key("account")
    sealed = sealer.seal("account", key, "place", content)

    assert _sealer().open("account", key, "place", sealed) == content
    assert len(content) < 16 or content not in sealed


def test_the_same_content_is_never_sealed_alike() -> None:
    sealer = _sealer()
    key = sealer.new_key("a")
    assert sealer.seal("a", key, "p", b"x") != sealer.seal("a", key, "p", b"x")


@pytest.mark.requirement("FLD-1")
def test_another_account_another_place_or_another_master_key_opens_nothing() -> None:
    sealer = _sealer()
    key, other = sealer.new_key("a"), sealer.new_key("b")
    sealed = sealer.seal("a", key, "p", b"content")
    for account, wrapped, place in (("b", other, "p"), ("a", key, "q")):
        with pytest.raises(Unreadable):
            sealer.open(account, wrapped, place, sealed)
    with pytest.raises(Unreadable):
        _sealer(b"\1" * 32).open("a", key, "p", sealed)


@given(st.integers(0, 42), st.integers(1, 255))
def test_one_altered_byte_is_noticed(place: int, flip: int) -> None:
    sealer = _sealer()
    key = sealer.new_key("a")
    sealed = bytearray(sealer.seal("a", key, "p", b"fifteen bytes.."))
    sealed[place % len(sealed)] ^= flip
    with pytest.raises(Unreadable):
        sealer.open("a", key, "p", bytes(sealed))


def test_keys_in_memory_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "OPEN_KEYS_MAX", 3)
    sealer = _sealer()
    keys = {str(number): sealer.new_key(str(number)) for number in range(10)}
    sealed = {account: sealer.seal(account, key, "p", b"x") for account, key in keys.items()}
    assert repr(sealer) == "<Sealer: 3 keys open>"
    assert all(sealer.open(account, keys[account], "p", sealed[account]) == b"x" for account in keys)


def test_a_key_that_was_never_written_seals_nothing_more() -> None:
    """The opening of something was refused by the disk, and it was opened again under another key."""
    sealer = _sealer()
    sealer.seal("notice", sealer.new_key("notice"), "content", b"refused")

    key = sealer.new_key("notice")
    sealed = sealer.seal("notice", key, "content", b"written")

    assert _sealer().open("notice", key, "content", sealed) == b"written"

"""What a card remembers is on the disk before it answers, whoever else uses the card, and whatever the disk does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import trio

from cards.contents import CardKind
from cards.pins import PinName
from portal.refusal import Refusal
from portal.seams.chance import LiveChance
from portal.store.sqlite import open_sqlite
from portal.wire.systems import System
from sim.cards_desk.memory import MEMORY_FAILURE, CardMemory, KeptCard, MemoryUnreadable, open_memory
from sim.cards_desk.tables import SCHEMAS, StateRow, save
from sim.jpki import system as jpki_system
from sim.jpki.tables import GenerationRow, insert_generation
from sim.world.facts import WorldFacts

N = 12
JPKI = bytes.fromhex("00A4040C0AD392F000260100000001")
TRIES = bytes.fromhex("00200098")
WRONG = bytes.fromhex("0020009804") + b"0000"
FAILED = MEMORY_FAILURE.hex()


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> WorldFacts:
    return WorldFacts(7, tmp_path_factory.mktemp("keys"))


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[CardMemory]:
    opened = trio.run(open_memory, tmp_path)
    yield opened
    opened.close()


def take(facts: WorldFacts, memory: CardMemory, kind: CardKind = CardKind.PLASTIC) -> KeptCard:
    card = memory.card(facts.wallet, N, LiveChance(), kind)
    card.power_on()
    card.transmit(JPKI)
    return card


def right(facts: WorldFacts) -> bytes:
    return bytes.fromhex("0020009804") + facts.wallet.pins(N).auth.encode()


def ask(card: KeptCard, apdu: bytes) -> str:
    return card.transmit(apdu).hex()


@pytest.mark.requirement("ACC-1")
def test_a_try_is_gone_for_every_later_holder(facts: WorldFacts, memory: CardMemory) -> None:
    assert ask(take(facts, memory), WRONG) == "63c2"
    assert ask(take(facts, memory), WRONG) == "63c1"
    card = take(facts, memory)
    assert ask(card, right(facts)) == "9000"
    assert ask(take(facts, memory), TRIES) == "63c3"


def test_what_only_reads_writes_nothing(facts: WorldFacts, memory: CardMemory) -> None:
    card = take(facts, memory)
    ask(card, TRIES)
    assert memory.read(N, 0) is None


def test_each_kind_is_a_card_of_its_own(facts: WorldFacts, memory: CardMemory) -> None:
    assert ask(take(facts, memory), WRONG) == "63c2"
    for kind in (CardKind.ANDROID, CardKind.NEXT_GENERATION_PROVISIONAL):
        assert ask(take(facts, memory, kind), TRIES) == "63c3"


def test_used_elsewhere_it_is_the_same_card_without_rights(
    facts: WorldFacts, memory: CardMemory, tmp_path: Path
) -> None:
    """Another process, such as the card desk of a running world."""
    elsewhere = CardMemory(tmp_path)
    here, there = take(facts, memory), take(facts, elsewhere)
    assert ask(here, right(facts)) == "9000"

    assert ask(there, WRONG) == "63c2"

    # It was taken out of this reader in between: nothing is selected any more, no PIN is verified.
    assert ask(here, bytes.fromhex("802A009733") + bytes(51) + b"\x00") != "9000"
    ask(here, JPKI)
    assert ask(here, TRIES) == "63c2"
    assert ask(here, WRONG) == "63c1"
    assert ask(there, JPKI) == "9000"
    assert ask(there, TRIES) == "63c1"
    elsewhere.close()


def test_what_is_written_in_the_same_moment_is_not_overwritten(
    facts: WorldFacts, memory: CardMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = take(facts, memory)
    really_write = memory.write

    def write_after_another(row: StateRow, before: bytes | None) -> bool:
        monkeypatch.setattr(memory, "write", really_write)
        other = memory.card(facts.wallet, N, LiveChance())
        other.power_on()
        other.transmit(JPKI)
        assert ask(other, WRONG) == "63c2"
        return really_write(row, before)

    monkeypatch.setattr(memory, "write", write_after_another)
    assert ask(card, WRONG) == FAILED
    assert ask(card, TRIES) != "9000"
    ask(card, JPKI)
    assert ask(card, TRIES) == "63c2"


@pytest.mark.requirement("ACC-1")
def test_a_full_disk_tells_nobody_whether_the_pin_was_right(
    facts: WorldFacts, memory: CardMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    troubles: list[str] = []
    card = memory.card(facts.wallet, N, LiveChance(), on_trouble=troubles.append)
    card.power_on()
    ask(card, JPKI)
    assert ask(card, WRONG) == "63c2"

    def full(row: StateRow, before: bytes | None) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(memory, "write", full)
        assert ask(card, WRONG) == FAILED
        ask(card, JPKI)
        assert ask(card, right(facts)) == FAILED
    assert "disk is full" in troubles[0]
    # The tries of that time were not given back: what could not be written then is written with the next command.
    ask(card, JPKI)
    assert ask(card, WRONG) in ("63c2", "63c0", "6984")
    assert ask(take(facts, memory), TRIES) == ask(card, TRIES)


def test_a_state_that_cannot_be_read_is_said(facts: WorldFacts, memory: CardMemory, tmp_path: Path) -> None:
    async def spoil() -> None:
        async with open_sqlite(tmp_path / f"{System.CARD_DESK}.sqlite", SCHEMAS) as store:
            await store.write([save(StateRow(N, 0, b"{}"))])

    trio.run(spoil)
    with pytest.raises(MemoryUnreadable, match="mynasim reset") as refused:
        take(facts, memory)
    assert isinstance(refused.value, Refusal)


@pytest.mark.requirement("ACC-2")
def test_the_card_that_jpki_issued_last(facts: WorldFacts, memory: CardMemory, tmp_path: Path) -> None:
    assert memory.issued_to(facts.wallet, N) is None
    assert ask(take(facts, memory), WRONG) == "63c2"

    async def reissue() -> None:
        async with open_sqlite(tmp_path / f"{System.JPKI}.sqlite", jpki_system.SCHEMAS) as store:
            for n, kind in ((N, "auth"), (N, "sign"), (N + 1, "auth")):
                await store.write([insert_generation(GenerationRow(n, kind, 1, "2026-06-01"))])

    trio.run(reissue)
    issued = memory.issued_to(facts.wallet, N)
    assert issued is not None
    assert (issued.generation, issued.issued_on, issued.sign) == (1, date(2026, 6, 1), (1, date(2026, 6, 1)))
    card = take(facts, memory)
    assert ask(card, TRIES) == "63c3", "a new card"
    assert card.contents.serial != facts.wallet.contents(N).serial
    assert card.state.values[PinName.AUTH] == facts.wallet.pins(N).auth

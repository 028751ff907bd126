"""What cards remember, for a program that holds them in its own hands (``mynasim card``), beside a world that may be running.

It is the desk's own table, in the desk's own file, so that a PIN that was locked at one reader is locked at the other.
Which certificates a card has is looked up in JPKI's file in the same folder, if there is one.

A card answers only after what changed in it is on the disk. When it can't be, or when the card was used elsewhere
in the same moment, the card answers 6581 (memory failure), whatever the PIN was, and forgets the rights it had granted.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from cards.card import Card
from cards.contents import CardContents, CardKind
from cards.state import CardState
from portal.refusal import Refusal
from portal.seams.chance import Chance
from portal.store.sqlite import BUSY_MILLISECONDS, open_sqlite
from portal.store.store import Op, StorageRefused
from portal.wire.systems import System
from sim.cards_desk.tables import SCHEMAS, STATE, StateRow
from sim.cards_desk.wallet import Issue, Wallet
from sim.jpki.serials import GENERATIONS_MAX, Kind
from sim.jpki.service import FIRST, Current, issue_after
from sim.jpki.tables import GENERATIONS, GenerationRow

MEMORY_FAILURE: Final = bytes.fromhex("6581")
_KINDS: Final = tuple(CardKind)


class MemoryUnreadable(Refusal):
    """What a card remembers is there but can't be read."""


def save_over(row: StateRow, before: bytes | None) -> Op:
    """Like :func:`sim.cards_desk.tables.save`, but not over what somebody else wrote meanwhile: then no row changes."""
    return Op(
        "INSERT INTO card_states (person, generation, state) VALUES (:person, :generation, :state) "
        "ON CONFLICT (person, generation) DO UPDATE SET state = excluded.state WHERE card_states.state IS :before",
        {**row._asdict(), "before": before},
    )


async def open_memory(folder: Path) -> "CardMemory":
    """The memories of all cards of this state folder. Raises ``StorageRefused``."""
    # The store's own way of opening, which makes the tables or brings them up to date.
    async with open_sqlite(folder / f"{System.CARD_DESK}.sqlite", SCHEMAS):
        pass
    return CardMemory(folder)


class CardMemory:
    """カードの記憶: made by :func:`open_memory`, closed by whoever opened it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        timeout_s = BUSY_MILLISECONDS / 1000
        path = folder / f"{System.CARD_DESK}.sqlite"
        self._file = sqlite3.connect(path, isolation_level=None, timeout=timeout_s)
        self._file.execute("PRAGMA synchronous=FULL")

    def __repr__(self) -> str:
        return f"CardMemory({self._folder})"

    def close(self) -> None:
        self._file.close()

    @property
    def version(self) -> int:
        """Changes when another program has written anything."""
        found: int = self._file.execute("PRAGMA data_version").fetchone()[0]
        return found

    def read(self, person: int, generation: int) -> bytes | None:
        row = self._file.execute(STATE.sql, {"person": person, "generation": generation}).fetchone()
        return None if row is None else bytes(StateRow(*row).state)

    def write(self, row: StateRow, before: bytes | None) -> bool:
        """Durable when it returns; False when the memory is no longer what it was *before*. Raises ``sqlite3.Error``."""
        sql, params, _ = save_over(row, before)
        return self._file.execute(sql, params).rowcount == 1

    def issued_to(self, wallet: Wallet, n: int) -> Issue | None:
        """Which certificates resident *n* has now, if not the first ones."""
        path = self._folder / f"{System.JPKI}.sqlite"
        if not path.exists():
            return None
        try:
            jpki = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_MILLISECONDS / 1000
            )
            try:
                rows = [GenerationRow(*row) for row in jpki.execute(GENERATIONS.sql)]
            finally:
                jpki.close()
        except sqlite3.Error as error:
            raise StorageRefused(f"{path} を読めません（{error}）。") from error
        found = {Kind(row.kind): Current.of(row) for row in rows if row.person == n}
        first_day = wallet.first_issue(n).issued_on
        return issue_after(found.get(Kind.AUTH, FIRST), found.get(Kind.SIGN, FIRST), first_day)

    def card(
        self,
        wallet: Wallet,
        n: int,
        chance: Chance,
        kind: CardKind = CardKind.PLASTIC,
        *,
        on_trouble: Callable[[str], None] = lambda _: None,
    ) -> "KeptCard":
        """The card of resident *n*, which remembers. Raises ``StorageRefused`` and :class:`MemoryUnreadable`.

        *on_trouble* is told, in words for people, when what the card remembers can't be saved.
        """
        issued = self.issued_to(wallet, n)
        # The table counts the cards of a person; a phone and a card of the next generation are cards of their own.
        generation = _KINDS.index(kind) * GENERATIONS_MAX + (0 if issued is None else issued.generation)

        def remembered(raw: bytes | None) -> CardState:
            kept = None if raw is None else CardState.from_json(raw)
            return wallet.state_for(n, kept, issued)

        try:
            slot = _Slot(self, n, generation, remembered, on_trouble)
            return KeptCard(wallet.contents(n, issued, kind), slot, chance)
        except sqlite3.Error as error:
            raise StorageRefused(str(error)) from error
        except ValueError as error:
            raise MemoryUnreadable(
                f"保存されたカードの状態を読めません（{error}）。mynasim reset で空にしてください。"
            ) from error


class _Slot(NamedTuple):
    """One card's place in the memory."""

    memory: CardMemory
    person: int
    generation: int
    remembered: Callable[[bytes | None], CardState]
    on_trouble: Callable[[str], None]

    def read(self) -> bytes | None:
        return self.memory.read(self.person, self.generation)


class KeptCard(Card):
    """A card whose memory is on the disk before it answers."""

    __slots__ = ("_on_disk", "_saved_revision", "_slot", "_version")

    def __init__(self, contents: CardContents, slot: _Slot, chance: Chance) -> None:
        self._slot = slot
        self._version = slot.memory.version
        self._on_disk = slot.read()
        state = slot.remembered(self._on_disk)
        self._saved_revision = state.revision
        super().__init__(contents, state, chance.random_bytes)

    def transmit(self, apdu: bytes) -> bytes:
        """As a card does; 6581 when what it has to remember can't be written down."""
        try:
            self._catch_up()
            answer = super().transmit(apdu)
            if self.save():
                return answer
            trouble = "別のプログラムが同じカードを使っています"
        except sqlite3.Error as error:
            trouble = str(error)
        self._slot.on_trouble(f"カードの状態を保存できないため、カードは 6581 を返しました（{trouble}）。")
        # Whatever this command has granted, it was not told, and it is taken back.
        if self.powered:
            self.reset()
        return MEMORY_FAILURE

    def save(self) -> bool:
        """Write down what changed, if anything; False when the card was changed elsewhere. Raises ``sqlite3.Error``."""
        if self.state.revision == self._saved_revision:
            return True
        raw = self.state.to_json()
        row = StateRow(self._slot.person, self._slot.generation, raw)
        if not self._slot.memory.write(row, self._on_disk):
            self._take_over()
            return False
        self._on_disk, self._saved_revision = raw, self.state.revision
        return True

    def _catch_up(self) -> None:
        """If the card was used elsewhere, it was not in this reader then: its memory is what it is now, without rights."""
        version = self._slot.memory.version
        if version == self._version:
            return
        self._version = version
        if self._slot.read() == self._on_disk:
            return
        self._take_over()
        if self.powered:
            self.reset()

    def _take_over(self) -> None:
        self._on_disk = self._slot.read()
        elsewhere = self._slot.remembered(self._on_disk)
        state = self.state
        state.values, state.tries_left = elsewhere.values, elsewhere.tries_left
        state.revision = self._saved_revision = elsewhere.revision

"""模擬カードリーダー: reads a resident's virtual card for a browser that has no card of its own.

What a card remembers is written down before its answer is told, so that no crash gives a try back.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import urlsplit

import trio

from cards.card import Card
from cards.keys import sha256_digest_info
from cards.state import CardState
from cards.terminal import CardError, Locked, Signed, WrongPin, authenticate
from portal.serving.system import Surroundings
from portal.store.store import read_one
from sim.cards_desk import tables
from sim.cards_desk.tables import StateRow
from sim.cards_desk.wallet import Issue, Wallet
from sim.nation.nation import Nation

CARDS_OPEN_MAX: Final = 2_000
"""Cards in the hands of actors in this process, some tens of kilobytes each."""
_DIGEST_BYTES: Final = 32

IssuedTo = Callable[[int], Issue | None]


def never_reissued(_: int) -> None:
    """Everybody has the first card."""


def is_digest_info(value: bytes) -> bool:
    """Whether a card is asked for what signing in needs: a DigestInfo of SHA-256, and nothing else."""
    return len(value) > _DIGEST_BYTES and value == sha256_digest_info(value[-_DIGEST_BYTES:])


class Desk:
    """The reader, and the cards that lie beside it.

    *portal_origins* are the only places that an answer is sent back to, each like ``http://127.0.0.1:8600``;
    *issued_to* says who got a new card (from JPKI).
    """

    def __init__(
        self,
        surroundings: Surroundings,
        nation: Nation,
        wallet: Wallet,
        *,
        portal_origins: Collection[str],
        issued_to: IssuedTo = never_reissued,
        open_max: int = CARDS_OPEN_MAX,
    ) -> None:
        self.nation = nation
        self.wallet = wallet
        self._store = surroundings.store
        self._chance = surroundings.chance
        self._origins = frozenset(origin.rstrip("/") for origin in portal_origins if origin)
        self._issued_to = issued_to
        self._open_max = open_max
        self._open: OrderedDict[tuple[int, int], Card] = OrderedDict()
        self._put_away: dict[tuple[int, int], CardState] = {}
        self._reading = trio.Lock()

    def __repr__(self) -> str:
        return f"Desk({self.nation!r}, {len(self._open)} cards open)"

    def origin_of(self, return_to: str) -> str | None:
        """The portal that this address belongs to, or None when an answer may not go there."""
        try:
            parts = urlsplit(return_to)
        except ValueError:
            return None
        origin = f"{parts.scheme}://{parts.netloc}"
        # Compared as a whole: an address that only begins like the portal's may be anybody's.
        return origin if origin in self._origins else None

    async def read(self, n: int, pin: str, digest_info: bytes) -> Signed | WrongPin | Locked | CardError:
        """Put the card of resident *n* on the reader and let it sign with the user-authentication key (ACC-1).

        Raises `UnknownResident`, and ``StorageRefused`` when what the card remembers could not be kept.
        """
        assert is_digest_info(digest_info), digest_info.hex()
        # One card at a time, as on a reader: two tries at once would count as one.
        async with self._reading:
            issued = self._issued_to(n)
            generation = 0 if issued is None else issued.generation
            row = await read_one(self._store, tables.STATE, {"person": n, "generation": generation})
            state = self.wallet.fresh_state(n) if row is None else CardState.from_json(row.state)
            before = state.revision
            card = self.wallet.card(n, self._chance, state, issued)
            card.power_on()
            outcome = authenticate(card.transmit, pin, digest_info)
            card.power_off()
            if card.state.revision != before:
                await self._store.write([tables.save(StateRow(n, generation, card.state.to_json()))])
        return outcome

    def card_for(self, n: int) -> Card:
        """The card of resident *n* for an actor in this process, with power on. Raises `UnknownResident`.

        What it remembers is kept in memory, apart from the desk's store: it is in the actor's hand, not on the desk.
        """
        issued = self._issued_to(n)
        key = (n, 0 if issued is None else issued.generation)
        card = self._open.get(key)
        if card is None:
            card = self.wallet.card(n, self._chance, self._put_away.pop(key, None), issued)
            card.power_on()
            self._open[key] = card
            while len(self._open) > self._open_max:
                oldest, closed = self._open.popitem(last=False)
                if closed.state.revision:
                    # Somebody changed it: it can't be made from nothing again.
                    self._put_away[oldest] = closed.state
        else:
            self._open.move_to_end(key)
        return card

"""A virtual card reader: connections, transactions, cards that come and go. No I/O; the time is told by the caller.

Follows pcscd (winscard.c of pcsc-lite 1.9): a handle that was open while the card was reset by another, or taken out, is
told so at its next call and must reconnect.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from cards.card import Card
from cards.pcsc.messages import (
    PROTOCOL_T1,
    READER_NAME_BYTES,
    STATE_ABSENT,
    STATE_POWERED,
    STATE_PRESENT,
    STATE_SPECIFIC,
    Disposition,
    Rv,
    Share,
    reader_state,
)

POWER_OFF_GRACE_S = 5.0
"""pcscd leaves an idle card its power for this long (PCSCLITE_POWER_OFF_GRACE_PERIOD)."""

_handles = itertools.count(0x1000)


@dataclass(eq=False, slots=True)
class Handle:
    """One SCardConnect. `trouble` is what its next call must be told first."""

    number: int
    share: Share
    trouble: Rv = Rv.SUCCESS
    nested: int = 0


@dataclass(eq=False, slots=True)
class Reader:
    """カードリーダー. Insert, remove and swap cards at any time, also while programs are connected."""

    name: str
    card: Card | None = None
    events: int = 0
    handles: dict[int, Handle] = field(default_factory=dict)
    owner: Handle | None = None
    """Holds the transaction."""
    on_change: Callable[[], None] = lambda: None
    """Called when a card came or went; set by whoever serves the reader."""
    on_free: Callable[[], None] = lambda: None
    """Called when a transaction ended."""
    idle_since_s: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.encode()) < READER_NAME_BYTES:
            raise ValueError(f"a reader's name has 1 to {READER_NAME_BYTES - 1} bytes")

    def __repr__(self) -> str:
        return f"Reader({self.name!r}, {self.card!r}, {len(self.handles)} handles)"

    def insert(self, card: Card) -> None:
        """Put a card in. Raises ValueError when there is one already."""
        if self.card is not None:
            raise ValueError(f"{self.name} has a card in it")
        self.card = card
        self.events += 1
        self.on_change()

    def remove(self) -> Card:
        """Take the card out; its power goes, its state stays. Raises ValueError when there is none."""
        card = self.card
        if card is None:
            raise ValueError(f"{self.name} has no card in it")
        card.power_off()
        self.card = None
        self.events += 1
        self.idle_since_s = None
        self.owner = None
        for handle in self.handles.values():
            handle.trouble = Rv.REMOVED_CARD
            handle.nested = 0
        self.on_change()
        self.on_free()
        return card

    def swap(self, card: Card) -> Card:
        """Take the card out and put another in: two events, as with hands."""
        taken = self.remove()
        self.insert(card)
        return taken

    def state(self, now_s: float) -> bytes:
        """This reader's place in the reader-state array."""
        self._power_off_when_idle(now_s)
        sharing = sum(1 for each in self.handles.values() if each.share is not Share.DIRECT)
        if any(each.share is Share.EXCLUSIVE for each in self.handles.values()):
            sharing = -1
        if self.card is None:
            return reader_state(self.name, self.events, STATE_ABSENT, sharing, b"", 0)
        # pcscd powers a card when it is put in, to learn its ATR; the ATR is known here without that.
        bits = STATE_PRESENT | STATE_POWERED | STATE_SPECIFIC
        return reader_state(self.name, self.events, bits, sharing, self.card.atr, PROTOCOL_T1)

    def _power_off_when_idle(self, now_s: float) -> None:
        if self.idle_since_s is not None and now_s - self.idle_since_s >= POWER_OFF_GRACE_S:
            self.idle_since_s = None
            if self.card is not None:
                self.card.power_off()

    def connect(self, share: int, protocols: int, now_s: float) -> tuple[Rv, Handle | None]:
        """SCardConnect. Powers the card when it has no power."""
        self._power_off_when_idle(now_s)
        try:
            mode = Share(share)
        except ValueError:
            return Rv.INVALID_VALUE, None
        if any(each.share is Share.EXCLUSIVE for each in self.handles.values()):
            return Rv.SHARING_VIOLATION, None
        if mode is Share.EXCLUSIVE and self.handles:
            return Rv.SHARING_VIOLATION, None
        if mode is not Share.DIRECT:
            if self.card is None:
                return Rv.NO_SMARTCARD, None
            if not protocols & PROTOCOL_T1:
                return Rv.PROTO_MISMATCH, None
            if not self.card.powered:
                self.card.power_on()
        self.idle_since_s = None
        handle = Handle(next(_handles), mode)
        self.handles[handle.number] = handle
        return Rv.SUCCESS, handle

    def check(self, handle: Handle, *, needs_card: bool = True) -> Rv:
        """Whether the handle may speak to the card now."""
        if self.owner is not None and self.owner is not handle:
            return Rv.SHARING_VIOLATION
        if handle.trouble is not Rv.SUCCESS:
            return handle.trouble
        if needs_card and self.card is None:
            return Rv.NO_SMARTCARD
        return Rv.SUCCESS

    def reconnect(self, handle: Handle, share: int, protocols: int, initialization: int) -> Rv:
        """SCardReconnect: forgives what happened to the card, and resets it when asked to."""
        if self.owner is not None and self.owner is not handle:
            return Rv.SHARING_VIOLATION
        try:
            mode, disposition = Share(share), Disposition(initialization)
        except ValueError:
            return Rv.INVALID_VALUE
        if mode is Share.EXCLUSIVE and len(self.handles) > 1:
            return Rv.SHARING_VIOLATION
        if mode is not Share.DIRECT:
            if self.card is None:
                return Rv.NO_SMARTCARD
            if not protocols & PROTOCOL_T1:
                return Rv.PROTO_MISMATCH
            self._dispose(handle, disposition)
            if not self.card.powered:
                self.card.power_on()
        handle.share = mode
        handle.trouble = Rv.SUCCESS
        return Rv.SUCCESS

    def begin(self, handle: Handle) -> Rv:
        """SCardBeginTransaction. May be nested."""
        allowed = self.check(handle)
        if allowed is Rv.SUCCESS:
            self.owner = handle
            handle.nested += 1
        return allowed

    def end(self, handle: Handle, disposition: int) -> Rv:
        """SCardEndTransaction."""
        if handle.trouble is not Rv.SUCCESS:
            return handle.trouble
        if self.owner is not handle:
            return Rv.NOT_TRANSACTED
        try:
            self._dispose(handle, Disposition(disposition))
        except ValueError:
            return Rv.INVALID_VALUE
        handle.nested -= 1
        if handle.nested == 0:
            self.owner = None
            self.on_free()
        return Rv.SUCCESS

    def transmit(self, handle: Handle, apdu: bytes) -> tuple[Rv, bytes]:
        """SCardTransmit."""
        allowed = self.check(handle)
        if allowed is not Rv.SUCCESS:
            return allowed, b""
        card = self.card
        assert card is not None
        if not card.powered:
            card.power_on()
        return Rv.SUCCESS, card.transmit(apdu)

    def disconnect(self, handle: Handle, disposition: int, now_s: float) -> Rv:
        """SCardDisconnect. Ends the handle's transactions."""
        try:
            wished = Disposition(disposition)
        except ValueError:
            return Rv.INVALID_VALUE
        if self.owner is not None and self.owner is not handle and wished is not Disposition.LEAVE:
            # Another's transaction must not lose the card's state.
            wished = Disposition.LEAVE
        if handle.trouble is Rv.SUCCESS:
            self._dispose(handle, wished)
        del self.handles[handle.number]
        if self.owner is handle:
            self.owner = None
            self.on_free()
        if not self.handles and self.card is not None and self.card.powered:
            self.idle_since_s = now_s
        return Rv.SUCCESS

    def _dispose(self, by: Handle, disposition: Disposition) -> None:
        """Reset or unpower the card; the other handles are told."""
        if self.card is None or disposition is Disposition.LEAVE:
            return
        if disposition is Disposition.RESET:
            self.card.reset()
        else:
            self.card.power_off()
        for handle in self.handles.values():
            if handle is not by and handle.trouble is Rv.SUCCESS:
                handle.trouble = Rv.RESET_CARD

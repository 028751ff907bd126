"""失効: which certificates are revoked, since when and why, and which certificates belong to one person
(ACC-2).

State in memory only; whoever owns the store feeds it at start and writes down what
:meth:`RevocationList.revoke` accepted.

When which certificate is revoked (CARD.md 4): the signature certificate at any change of name, birth date,
sex or address; both at death, emigration, loss of the card, on request. A revocation is never taken back, not
even `certificateHold`.
"""

from bisect import insort
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum

import msgspec

from portal.wire.jpki import RevocationReason
from sim.jpki.serials import Kind, Serials


class Good(msgspec.Struct, frozen=True):
    """有効: ours, and not revoked by then. Says nothing about its dates."""


class Revoked(msgspec.Struct, frozen=True):
    """失効"""

    reason: RevocationReason
    at: datetime


class Unknown(msgspec.Struct, frozen=True):
    """不明: no such certificate of this authority."""


Status = Good | Revoked | Unknown
GOOD = Good()
UNKNOWN = Unknown()


class RevokeOutcome(Enum):
    """What came of a wish to revoke."""

    REVOKED = "revoked"
    ALREADY = "already"
    """Revoked before; the first reason and time stay."""
    NOT_OURS = "not ours"


class Linkage(msgspec.Struct, frozen=True):
    """新旧シリアル番号: all certificates of one kind that one person has had."""

    root_serial: int
    """Of the first; the same for life."""
    previous_serials: tuple[int, ...]
    """All before the current one, oldest first."""
    current_serial: int


class RevocationList:
    """All revocations of both authorities.

    `current_generation(n, kind)` says which certificate of a kind a person has now, None if none was ever
    issued. With it, certificates that were never issued are unknown; without it every serial that decodes
    counts as issued.
    """

    def __init__(
        self, serials: Serials, current_generation: Callable[[int, Kind], int | None] | None = None
    ) -> None:
        self._serials = serials
        self._current_generation = current_generation
        self._revoked: dict[Kind, dict[int, Revoked]] = {kind: {} for kind in Kind}
        self._order: dict[Kind, list[int]] = {kind: [] for kind in Kind}
        """The serials in their order: a list that is asked for every day need not be sorted every day."""

    def __repr__(self) -> str:
        counts = ", ".join(f"{kind.value} {len(revoked)}" for kind, revoked in self._revoked.items())
        return f"RevocationList({counts})"

    def __len__(self) -> int:
        return sum(len(revoked) for revoked in self._revoked.values())

    def revoke(self, serial: int, reason: RevocationReason, at: datetime) -> RevokeOutcome:
        """Revoke from that moment on, which may lie in the future."""
        if at.tzinfo is None:
            raise ValueError("a time without a time zone is ambiguous: pass an aware datetime")
        kind = self._kind_of_issued(serial)
        if kind is None:
            return RevokeOutcome.NOT_OURS
        if serial in self._revoked[kind]:
            return RevokeOutcome.ALREADY
        self._revoked[kind][serial] = Revoked(reason, at)
        insort(self._order[kind], serial)
        return RevokeOutcome.REVOKED

    def status(self, serial: int, kind: Kind, at: datetime) -> Status:
        """The status of this serial as a certificate of this kind, as of that moment."""
        revoked = self._revoked[kind].get(serial)
        if revoked is not None:
            return revoked if revoked.at <= at else GOOD
        return GOOD if self._kind_of_issued(serial) is kind else UNKNOWN

    def entries(self, kind: Kind, at: datetime) -> Iterator[tuple[int, Revoked]]:
        """The revocations of one authority as of that moment, by serial: the same however they were fed."""
        revoked = self._revoked[kind]
        return ((serial, entry) for serial in self._order[kind] if (entry := revoked[serial]).at <= at)

    def _kind_of_issued(self, serial: int) -> Kind | None:
        holder = self._serials.holder_of(serial)
        if holder is None:
            return None
        if self._current_generation is not None:
            current = self._current_generation(holder.n, holder.kind)
            if current is None or not holder.is_issued(current):
                return None
        return holder.kind


def linkage(serials: Serials, serial: int, kind: Kind, current_generation: int) -> Linkage | None:
    """All serials of the cards of whoever has this one (on a card or a phone), up to the current generation.

    None when the serial is not one of this kind, or is newer than the current one: no such certificate was
    issued.
    """
    holder = serials.holder_of(serial)
    if holder is None or holder.kind is not kind or not holder.is_issued(current_generation):
        return None
    chain = [serials.serial_of(holder.n, generation, kind) for generation in range(current_generation + 1)]
    return Linkage(root_serial=chain[0], previous_serials=tuple(chain[:-1]), current_serial=chain[-1])

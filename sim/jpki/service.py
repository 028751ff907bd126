"""JPKI at work: which certificate a person has now, which are revoked, and what OCSP and CRL say of it.

The lists are in memory, read from the store at start. Whatever changes them is durable before it shows.
"""

from datetime import date, timedelta
from typing import NamedTuple

import trio

from portal.serving.system import Surroundings
from portal.store.store import Conflict
from portal.wire.jpki import AuthorityName, Linkage, RevocationReason
from portal.wire.moments import day_of, to_utc
from sim.jpki import revocation, tables
from sim.jpki.authority import Authority
from sim.jpki.crl import build_crl, crl_moment
from sim.jpki.ocsp import OCSP_REFRESH, OcspResponder
from sim.jpki.revocation import RevocationList, RevokeOutcome
from sim.jpki.serials import GENERATIONS_MAX, Kind
from sim.jpki.tables import GenerationRow, RevocationRow

KIND_OF = {AuthorityName.AUTHENTICATION: Kind.AUTH, AuthorityName.SIGNATURE: Kind.SIGN}


class Current(NamedTuple):
    """Which of a person's certificates of one kind is the present one."""

    generation: int
    issued_on: date | None
    """None for the first, whose day follows from the card."""


_FIRST = Current(0, None)


class Jpki:
    """公的個人認証サービス: made by the world, put behind its operations by :func:`sim.jpki.system.build`.

    *people* are the residents 0 … people - 1. Everyone counts as having been issued the first certificates.
    *refresh_every* is how often OCSP learns of new revocations; the real interval by default (CARD.md 4).
    """

    def __init__(
        self,
        surroundings: Surroundings,
        authority: Authority,
        people: int,
        *,
        refresh_every: timedelta = OCSP_REFRESH,
    ) -> None:
        self.authority = authority
        self._people = people
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._renewed: dict[tuple[int, Kind], Current] = {}
        self._revocations = RevocationList(authority.serials, self._current_generation)
        self._responder = OcspResponder(authority, self._revocations, refresh_every=refresh_every)
        self._refresh_every = refresh_every
        self._crls: dict[Kind, tuple[object, bytes]] = {}
        self._changing = trio.Lock()

    def __repr__(self) -> str:
        return f"Jpki({self._revocations!r}, renewed {len(self._renewed)})"

    async def load(self) -> None:
        """Read what was renewed and revoked before the last restart."""
        for row in await self._store.read(tables.GENERATIONS):
            self._renewed[row.person, Kind(row.kind)] = Current(
                row.generation, date.fromisoformat(row.issued_on)
            )
        for revoked in await self._store.read(tables.REVOCATIONS):
            self._revocations.revoke(
                int(revoked.serial), RevocationReason(revoked.reason), to_utc(revoked.at_ms)
            )

    # What is asked

    def current(self, person: int, kind: Kind = Kind.AUTH) -> Current:
        """The certificate that this person has now."""
        return self._renewed.get((person, kind), _FIRST)

    def serial(self, person: int, kind: Kind = Kind.AUTH) -> int:
        """発行番号 of the certificate that this person has now."""
        return self.authority.serials.serial_of(person, self.current(person, kind).generation, kind)

    def holder_of(self, serial: int) -> int | None:
        """Whose certificate this is, of either kind; None when it was never issued."""
        holder = self.authority.serials.holder_of(serial)
        return holder.n if holder is not None and self._is_issued(serial) else None

    def ocsp(self, request: bytes) -> bytes:
        """The answer to these bytes, whatever they are."""
        return self._responder.answer(request, to_utc(self._clock.now_ms()))

    def crl(self, name: AuthorityName) -> bytes:
        """The list in force now, DER; signed once for each issue."""
        kind = KIND_OF[name]
        moment = crl_moment(to_utc(self._clock.now_ms()), max(self._refresh_every, timedelta(minutes=1)))
        state = (moment, len(self._revocations))
        kept = self._crls.get(kind)
        if kept is None or kept[0] != state:
            kept = self._crls[kind] = (state, build_crl(self.authority.ca(kind), self._revocations, moment))
        return kept[1]

    def certificate(self, name: AuthorityName) -> bytes:
        return self.authority.ca(KIND_OF[name]).certificate_der

    def linkage(self, serial: int) -> Linkage | None:
        """All user-authentication certificates of whoever has this one (ACC-2); None when nobody has it."""
        holder = self.authority.serials.holder_of(serial)
        if holder is None or holder.n >= self._people:
            return None
        generation = self.current(holder.n, Kind.AUTH).generation
        found = revocation.linkage(self.authority.serials, serial, Kind.AUTH, generation)
        if found is None:
            return None
        return Linkage(str(found.root_serial), tuple(str(each) for each in found.previous_serials))

    # What changes

    async def revoke(self, serial: int, reason: RevocationReason) -> RevokeOutcome:
        """失効: durable when this returns; what is revoked already stays so, for the first reason."""
        async with self._changing:
            if not self._is_issued(serial):
                return RevokeOutcome.NOT_OURS
            now = self._clock.now_ms()
            await self._store.write([tables.insert_revocation(RevocationRow(str(serial), reason, now))])
            return self._revocations.revoke(serial, reason, to_utc(now))

    async def reissue(self, person: int, *, issued_on: date | None = None) -> int:
        """New certificates of both kinds; the old ones are revoked as superseded. Returns the new serial (ACC-2).

        Raises ValueError for nobody, or for one who had as many as a lifetime allows.
        """
        if not 0 <= person < self._people:
            raise ValueError(f"person number {person} is not in 0..{self._people - 1}")
        async with self._changing:
            now = self._clock.now_ms()
            day = day_of(now) if issued_on is None else issued_on
            old = [(kind, self.current(person, kind).generation) for kind in Kind]
            if any(generation + 1 >= GENERATIONS_MAX for _, generation in old):
                raise ValueError(f"person {person} has had {GENERATIONS_MAX} certificates")
            rows = [GenerationRow(person, kind, generation + 1, day.isoformat()) for kind, generation in old]
            serials = [self.authority.serials.serial_of(person, generation, kind) for kind, generation in old]
            gone = [RevocationRow(str(serial), RevocationReason.SUPERSEDED, now) for serial in serials]
            outcome = await self._store.write(
                [*map(tables.insert_generation, rows), *map(tables.insert_revocation, gone)]
            )
            assert not isinstance(outcome, Conflict), "somebody else writes into JPKI's store"
            for row in rows:
                self._renewed[person, Kind(row.kind)] = Current(row.generation, day)
            for serial in serials:
                self._revocations.revoke(serial, RevocationReason.SUPERSEDED, to_utc(now))
        return self.serial(person)

    def _is_issued(self, serial: int) -> bool:
        holder = self.authority.serials.holder_of(serial)
        if holder is None:
            return False
        current = self._current_generation(holder.n, holder.kind)
        return current is not None and holder.generation <= current

    def _current_generation(self, person: int, kind: Kind) -> int | None:
        return self.current(person, kind).generation if person < self._people else None

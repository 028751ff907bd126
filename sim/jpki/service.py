"""JPKI at work: which certificate a person has now, which are revoked, and what OCSP and CRL say of it.

The lists are in memory, read from the store at start. Whatever changes them is durable before it shows.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import trio

from portal.serving.system import Surroundings
from portal.store.store import Conflict, Op, read_one
from portal.wire.jpki import AuthorityName, Linkage, RevocationReason
from portal.wire.moments import day_of, to_utc
from sim.jpki import revocation, tables
from sim.jpki.authority import Authority
from sim.jpki.crl import build_crl, crl_moment
from sim.jpki.events import REVOKED_BY, CardEvent
from sim.jpki.holder import FirstIssue, Issue
from sim.jpki.ocsp import OCSP_REFRESH, OcspResponder
from sim.jpki.revocation import RevocationList, RevokeOutcome
from sim.jpki.serials import GENERATIONS_ON_A_MEDIUM_MAX, Holder, Kind, Medium
from sim.jpki.tables import GenerationRow, RevocationRow
from sim.jpki.validity import may_sign

KIND_OF = {AuthorityName.AUTHENTICATION: Kind.AUTH, AuthorityName.SIGNATURE: Kind.SIGN}


class Current(NamedTuple):
    """Which of a person's certificates of one kind is the present one."""

    generation: int
    issued_on: date | None
    """None for the first, whose day follows from the card."""

    @classmethod
    def of(cls, row: GenerationRow) -> "Current":
        return cls(row.generation, date.fromisoformat(row.issued_on))


FIRST = Current(0, None)


def issue_after(auth: Current, sign: Current, first_day: date | None) -> Issue | None:
    """What is on the card of a person who has these; None when they are the first ones, of *first_day*."""
    if auth.issued_on is None and sign.issued_on is None:
        return None
    issued_on = auth.issued_on or first_day
    assert issued_on is not None, "who is not told of first issues can't say when the card was issued"
    return Issue(auth.generation, issued_on, sign.generation, sign.issued_on or first_day)


class Jpki:
    """公的個人認証サービス: made by the world, put behind its operations by :func:`sim.jpki.system.build`.

    *people* are the residents 0 … people - 1. Everyone counts as having been issued the first certificates, but nobody
    under 15 that of signatures: *first_issue* says when that was (the wallet knows); without it everyone was older.
    *refresh_every* is how often OCSP learns of new revocations; the real interval by default (CARD.md 4).
    """

    def __init__(
        self,
        surroundings: Surroundings,
        authority: Authority,
        people: int,
        *,
        first_issue: Callable[[int], FirstIssue] | None = None,
        refresh_every: timedelta = OCSP_REFRESH,
    ) -> None:
        self.authority = authority
        self._serials = authority.serials
        self._people = people
        self._first_issue = first_issue
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._renewed: dict[tuple[int, Kind], Current] = {}
        self._revocations = RevocationList(authority.serials, self._current_generation)
        self._responder = OcspResponder(authority, self._revocations, refresh_every=refresh_every)
        self._refresh_every = refresh_every
        self._crls: dict[Kind, tuple[object, bytes]] = {}
        self._crl_entries: dict[Kind, dict[int, bytes]] = {kind: {} for kind in Kind}
        self._changing = trio.Lock()

    def __repr__(self) -> str:
        return f"Jpki({self._revocations!r}, renewed {len(self._renewed)})"

    async def load(self) -> None:
        """Read what was renewed and revoked before the last restart."""
        for row in await self._store.read(tables.GENERATIONS):
            self._renewed[row.person, Kind(row.kind)] = Current.of(row)
        for revoked in await self._store.read(tables.REVOCATIONS):
            self._revocations.revoke(
                int(revoked.serial), RevocationReason(revoked.reason), to_utc(revoked.at_ms)
            )

    # What is asked

    def current(self, person: int, kind: Kind = Kind.AUTH) -> Current:
        """The certificate that this person has now."""
        return self._renewed.get((person, kind), FIRST)

    def issued_to(self, person: int) -> Issue | None:
        """What this person got after the first certificates; None when nothing."""
        first_day = self._first_issue(person).issued_on if self._first_issue is not None else None
        return issue_after(self.current(person, Kind.AUTH), self.current(person, Kind.SIGN), first_day)

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
            encoded = self._crl_entries[kind]
            crl = build_crl(self.authority.ca(kind), self._revocations, moment, encoded=encoded)
            kept = self._crls[kind] = (state, crl)
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

    async def happened(self, person: int, event: CardEvent) -> tuple[int, ...]:
        """Revoke what this event revokes, on the card and on the phone; returns the serials concerned.

        What was revoked before keeps its first reason. Raises ValueError for nobody.
        """
        self._must_be_somebody(person)
        async with self._changing:
            return await self._write([], self._revoked_by(person, event))

    async def noted(self, notice: str, person: int, event: CardEvent) -> tuple[int, ...]:
        """As :meth:`happened`, once for each notice: who hears of it again may have new certificates by then."""
        self._must_be_somebody(person)
        async with self._changing:
            if await read_one(self._store, tables.NOTICE, {"notice": notice}) is not None:
                return ()
            note = tables.insert_notice(notice, self._clock.now_ms())
            return await self._write([], self._revoked_by(person, event), [note])

    async def reissue(self, person: int, *, issued_on: date | None = None) -> int:
        """A new card: new certificates of both kinds; the old ones are revoked as superseded. Returns the new serial (ACC-2).

        Who is under 15 gets no signature certificate. Raises ValueError for nobody, or for one who had as many as a
        lifetime allows.
        """
        self._must_be_somebody(person)
        async with self._changing:
            day = self._today() if issued_on is None else issued_on
            rows = [self._next(person, Kind.AUTH, day)]
            if self._may_sign(person, day):
                rows.append(self._next(person, Kind.SIGN, day))
            await self._write(rows, self._revoked_by(person, CardEvent.RENEWED))
        return self.serial(person)

    async def issue_signature(self, person: int, *, issued_on: date | None = None) -> int | None:
        """A new signature certificate on the same card, as after a move or at 15; the old one is superseded.

        Returns its serial; None for who is under 15. Raises as :meth:`reissue`.
        """
        self._must_be_somebody(person)
        async with self._changing:
            day = self._today() if issued_on is None else issued_on
            if not self._may_sign(person, day):
                return None
            gone = [one for one in self._revoked_by(person, CardEvent.RENEWED) if one[0].kind is Kind.SIGN]
            await self._write([self._next(person, Kind.SIGN, day)], gone)
        return self.serial(person, Kind.SIGN)

    async def _write(
        self,
        rows: list[GenerationRow],
        gone: list[tuple[Holder, RevocationReason]],
        more: Sequence[Op] = (),
    ) -> tuple[int, ...]:
        """These certificates are issued and those revoked: first in the store, then in memory."""
        now = self._clock.now_ms()
        serials = [self._serials.serial_of(one.n, one.generation, one.kind) for one, _ in gone]
        revoked = [
            RevocationRow(str(serial), reason, now) for serial, (_, reason) in zip(serials, gone, strict=True)
        ]
        outcome = await self._store.write(
            [*map(tables.insert_generation, rows), *map(tables.insert_revocation, revoked), *more]
        )
        assert not isinstance(outcome, Conflict), "somebody else writes into JPKI's store"
        # Before the new ones: until then the old ones are the current ones.
        for serial, (_, reason) in zip(serials, gone, strict=True):
            self._revocations.revoke(serial, reason, to_utc(now))
        for row in rows:
            self._renewed[row.person, Kind(row.kind)] = Current.of(row)
        return tuple(serials)

    def _revoked_by(self, person: int, event: CardEvent) -> list[tuple[Holder, RevocationReason]]:
        found = []
        for kind, reason in REVOKED_BY[event].items():
            current = self._current_generation(person, kind)
            if current is not None:
                for medium in (Medium.CARD, Medium.PHONE):
                    found.append((Holder(person, medium.generation(current), kind), reason))
        return found

    def _next(self, person: int, kind: Kind, day: date) -> GenerationRow:
        current = self._current_generation(person, kind)
        generation = 0 if current is None else current + 1
        if generation >= GENERATIONS_ON_A_MEDIUM_MAX:
            raise ValueError(f"person {person} has had {GENERATIONS_ON_A_MEDIUM_MAX} certificates")
        return GenerationRow(person, kind, generation, day.isoformat())

    def _must_be_somebody(self, person: int) -> None:
        if not 0 <= person < self._people:
            raise ValueError(f"person number {person} is not in 0..{self._people - 1}")

    def _today(self) -> date:
        return day_of(self._clock.now_ms())

    def _may_sign(self, person: int, day: date) -> bool:
        return self._first_issue is None or may_sign(self._first_issue(person).birth_date, day)

    def _is_issued(self, serial: int) -> bool:
        holder = self._serials.holder_of(serial)
        if holder is None:
            return False
        current = self._current_generation(holder.n, holder.kind)
        return current is not None and holder.is_issued(current)

    def _current_generation(self, person: int, kind: Kind) -> int | None:
        """None when this person never had a certificate of this kind: a signature certificate is not for children."""
        if person >= self._people:
            return None
        renewed = self._renewed.get((person, kind))
        if renewed is not None:
            return renewed.generation
        if kind is Kind.SIGN and self._first_issue is not None and not may_sign(*self._first_issue(person)):
            return None
        return FIRST.generation

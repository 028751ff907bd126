"""What life has changed (異動の重ね合わせ): residents as they are after the events that an overlay was told.

The computed nation never changes. An overlay stands for a *set* of events: told the same ones in any order, in any
portions, some of them twice, it comes to the same. A system that keeps the events it has received can so be told of a
late one, or begin anew, and agrees with every other. Inside, events take effect in one order (day, kind, resident);
what comes late undoes what came after it and does it again.

An event that can't be true any more when its turn comes (of somebody dead, a second marriage) is not carried out but
named in `Applied.unfit`. Households keep the rule of the computed nation: a household's number is its head's.

Who needs more than a Person (work, insurer, copies, the past) asks the computed nation about the computed person,
`nation.person(n)`; a changed one stands in a household that the nation does not know.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec

from sim.nation.blocks import Role
from sim.nation.chance import draw, key_for
from sim.nation.changes import Applied, Change, Resident, Unfit
from sim.nation.life import LifeEvent, LifeEventKind, Newborn
from sim.nation.municipalities import municipality
from sim.nation.nation import Nation, UnknownResident
from sim.nation.person import Address, Card, Person
from sim.nation.towns import address_text, towns

__all__ = ["Overlay"]

_Order = tuple[date, int, int, bytes]
_FULL_AGE = 18
_KINDS = tuple(LifeEventKind)
_NEWBORN_SERIALS = 500_000_000_000  # above every resident's identity, within the serials' domain


class _Step(msgspec.Struct):
    """An event that was carried out, with what it wrote, so that it can be undone."""

    event: LifeEvent
    residents: list[int] = msgspec.field(default_factory=list)
    homes: list[int] = msgspec.field(default_factory=list)
    unfit: Unfit | None = None


class Overlay:
    """A nation, and the events since its reference date."""

    def __init__(self, nation: Nation, events: Iterable[LifeEvent] = ()) -> None:
        self.nation = nation
        self._steps: list[_Step] = []
        self._known: set[LifeEvent] = set()
        self._residents: dict[int, list[Resident]] = {}  # each change of a resident, the last last
        self._homes: dict[int, list[tuple[int, ...]]] = {}  # each change of a household, by its head
        self.apply(events)

    def __repr__(self) -> str:
        return f"<Overlay: {len(self._steps)} events, {len(self._residents)} residents changed>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Overlay):
            return NotImplemented
        return self.nation.seed == other.nation.seed and self._known == other._known

    __hash__ = None  # type: ignore[assignment]

    @property
    def events(self) -> tuple[LifeEvent, ...]:
        """All events told, in their order; a system that keeps them can begin anew."""
        return tuple(step.event for step in self._steps)

    def apply(self, events: Iterable[LifeEvent]) -> Applied:
        """Take these events in. Those known already change nothing.

        Raises `UnknownMunicipality` for a move to nowhere, and takes in none of them.
        """
        new = sorted({event for event in events if event not in self._known}, key=_order)
        for event in new:
            if event.municipality is not None:
                municipality(event.municipality)
        before: dict[int, Resident | None] = {}
        first_done = len(self._steps)
        if new:
            undone = self._undo_from(_order(new[0]), before)
            first_done = len(self._steps)
            for event in sorted([*undone, *new], key=_order):
                self._known.add(event)
                self._do(event, before)
        changes = (Change(n, was, self._last(n)) for n, was in sorted(before.items()))
        return Applied(
            tuple(change for change in changes if change.before != change.after),
            tuple((step.event, step.unfit) for step in self._steps[first_done:] if step.unfit is not None),
        )

    def __contains__(self, event: LifeEvent) -> bool:
        return event in self._known

    def withdraw(self, events: Iterable[LifeEvent]) -> None:
        """As if these events had never been told; those that never were change nothing."""
        gone = sorted({event for event in events if event in self._known}, key=_order)
        if not gone:
            return
        before: dict[int, Resident | None] = {}
        undone = self._undo_from(_order(gone[0]), before)
        self._known.difference_update(gone)
        for event in undone:
            if event in self._known:
                self._do(event, before)

    @property
    def unfit(self) -> tuple[tuple[LifeEvent, Unfit], ...]:
        """All events that were not carried out, and why."""
        return tuple((step.event, step.unfit) for step in self._steps if step.unfit is not None)

    # Looking

    def resident(self, n: int, on: date | None = None) -> Resident:
        """Who `n` is, or was at the end of a day. Raises `UnknownResident` for one not (yet) born."""
        found = self._last(n, on)
        if found is None:
            raise UnknownResident(f"番号{n}の住民はいません。")
        return found

    def person(self, n: int, on: date | None = None) -> Person:
        """As `resident`, without what concerns authorities only; fits where a simulator asks who somebody is on a day."""
        return self.resident(n, on).person

    def household(self, n: int) -> list[Person]:
        """All who live with `n` now, `n` included; the head first. Nobody for the dead."""
        resident = self.resident(n)
        if resident.died is not None:
            return []
        return [self.person(member) for member in self._home(resident.person.household)]

    def living_at(self, head: int) -> tuple[int, ...]:
        """All who live in the household of this number now; nobody where it has come to an end."""
        return self._home(head)

    def _last(self, n: int, on: date | None = None) -> Resident | None:
        for resident in reversed(self._residents.get(n, ())):
            if on is None or resident.since is None or resident.since <= on:
                return resident
        return Resident(self.nation.person(n)) if 0 <= n < self.nation.size else None

    def _home(self, head: int) -> tuple[int, ...]:
        changes = self._homes.get(head)
        if changes:
            return changes[-1]
        if not 0 <= head < self.nation.size:
            return ()
        return tuple(member.n for member in self.nation.members(self.nation.person(head)))

    # Doing and undoing

    def _undo_from(self, order: _Order, before: dict[int, Resident | None]) -> list[LifeEvent]:
        at = bisect_left(self._steps, order, key=lambda step: _order(step.event))
        undone = self._steps[at:]
        del self._steps[at:]
        for step in reversed(undone):
            for n in reversed(step.residents):
                before.setdefault(n, self._residents[n][-1])
                _pop(self._residents, n)
            for head in reversed(step.homes):
                _pop(self._homes, head)
        return [step.event for step in undone]

    def _do(self, event: LifeEvent, before: dict[int, Resident | None]) -> None:
        step = _Step(event)
        self._steps.append(step)
        step.unfit = _Turn(self, step, before).carry_out()

    def _write(self, step: _Step, resident: Resident, before: dict[int, Resident | None]) -> None:
        n = resident.person.n
        before.setdefault(n, self._last(n))
        self._residents.setdefault(n, []).append(resident)
        step.residents.append(n)

    def _settle(self, step: _Step, head: int, members: tuple[int, ...]) -> None:
        self._homes.setdefault(head, []).append(members)
        step.homes.append(head)


def _pop(changes: dict[int, list[Any]], number: int) -> None:
    changes[number].pop()
    if not changes[number]:
        del changes[number]


def _order(event: LifeEvent) -> _Order:
    """Where an event stands among all; two that differ never stand in one place."""
    return event.day, _KINDS.index(event.kind), event.n, msgspec.json.encode(event)


class _Turn:
    """One event's turn: looks at the overlay as it is after all earlier ones, and writes what the event changes."""

    def __init__(self, overlay: Overlay, step: _Step, before: dict[int, Resident | None]) -> None:
        self._overlay = overlay
        self._nation = overlay.nation
        self._step = step
        self._event = step.event
        self._before = before

    def carry_out(self) -> Unfit | None:
        """Carry the event out, or say why not; then nothing has been written."""
        resident = self._overlay._last(self._event.n)
        if resident is None:
            return Unfit.UNKNOWN
        if resident.died is not None:
            return Unfit.DEAD
        match self._event.kind:
            case LifeEventKind.BIRTH:
                return self._birth(resident.person)
            case LifeEventKind.DEATH:
                self._set(resident.person.n, died=self._event.day)
                self._leave(resident.person.household, {resident.person.n})
                return None
            case LifeEventKind.MARRIAGE:
                return self._marriage(resident.person)
            case LifeEventKind.MOVE:
                return self._move(resident.person)
            case LifeEventKind.JOB:
                if self._event.insurer is None:
                    return Unfit.INCOMPLETE
                self._set(resident.person.n, job_insurer=self._event.insurer)
                return None

    # What each kind does

    def _birth(self, mother: Person) -> Unfit | None:
        newborn = self._event.newborn
        if newborn is None:
            return Unfit.INCOMPLETE
        if self._overlay._last(newborn.n) is not None:
            return Unfit.ALREADY_BORN
        child = _child(self._nation, newborn, mother, self._event.day)
        self._overlay._write(self._step, Resident(child, self._event.day), self._before)
        home = self._overlay._home(mother.household)
        self._overlay._settle(self._step, mother.household, (*home, newborn.n))
        return None

    def _marriage(self, person: Person) -> Unfit | None:
        if self._event.partner is None:
            return Unfit.INCOMPLETE
        found = self._overlay._last(self._event.partner)
        if found is None:
            return Unfit.UNKNOWN
        partner, day = found.person, self._event.day
        if found.died is not None:
            return Unfit.DEAD
        if partner.household == person.household:
            return Unfit.SAME_HOUSEHOLD
        if min(person.age(day), partner.age(day)) < _FULL_AGE:
            return Unfit.UNDER_AGE
        if not (self._is_single(person) and self._is_single(partner)):
            return Unfit.NOT_SINGLE
        if person.role is not Role.HEAD:
            self._leave(person.household, {person.n})
            self._set(person.n, household=person.n, role=Role.HEAD)
            self._overlay._settle(self._step, person.n, (person.n,))
        # Children whom nobody of age would be left with come along; they keep their surname.
        others = [n for n in self._overlay._home(partner.household) if n != partner.n]
        is_anyone_left = any(self._overlay.person(n).age(day) >= _FULL_AGE for n in others)
        along = () if is_anyone_left else tuple(others)
        self._leave(partner.household, {partner.n, *along})
        self._set(person.n, spouse=partner.n)
        self._set(
            partner.n,
            household=person.n,
            role=Role.SPOUSE,
            family=person.family,
            family_kana=person.family_kana,
            spouse=person.n,
            **self._at(partner, person.address),
        )
        for n in along:
            child = self._overlay.person(n)
            self._set(n, household=person.n, role=Role.CHILD, **self._at(child, person.address))
        home = self._overlay._home(person.n)
        self._overlay._settle(self._step, person.n, (*home, partner.n, *along))
        return None

    def _move(self, person: Person) -> Unfit | None:
        if self._event.municipality is None:
            return Unfit.INCOMPLETE
        home = self._overlay._home(person.household)
        movers = self._movers(person, home)
        address = self._new_address(person.n, self._event.municipality, alone=len(movers) == 1)
        if len(movers) < len(home):
            self._leave(person.household, set(movers))
            for n in movers:
                role = _role_beside(person.role, self._overlay.person(n).role) if n != person.n else Role.HEAD
                self._set(n, household=person.n, role=role)
            others = (n for n in movers if n != person.n)
            self._overlay._settle(self._step, person.n, (person.n, *others))
        for n in movers:
            self._set(n, **self._at(self._overlay.person(n), address))
        return None

    def _movers(self, person: Person, home: tuple[int, ...]) -> tuple[int, ...]:
        """Who moves as a household takes along all who live with them by now; others those who are named."""
        if not 0 <= person.n < self._nation.size:
            return home
        computed = self._nation.person(person.n)
        has_own_home = computed.role is Role.CHILD and person.role in (Role.HEAD, Role.SPOUSE)
        household = {member.n for member in self._nation.members(computed)}
        if has_own_home or household <= {person.n, *self._event.members}:
            return home
        return tuple(n for n in home if n == person.n or n in self._event.members)

    # What they have in common

    def _is_single(self, person: Person) -> bool:
        if person.role is Role.CHILD:
            return True
        couple = (Role.PARENT,) if person.role is Role.PARENT else (Role.HEAD, Role.SPOUSE)
        home = self._overlay._home(person.household)
        return not any(n != person.n and self._overlay.person(n).role in couple for n in home)

    def _leave(self, head: int, leaving: set[int]) -> None:
        """Some leave a household; when its head is among them, another becomes head."""
        home = self._overlay._home(head)
        staying = tuple(n for n in home if n not in leaving)
        if head not in leaving:
            self._overlay._settle(self._step, head, staying)
            return
        self._overlay._settle(self._step, head, ())
        if not staying:
            return
        successor = min(staying, key=lambda n: _claim(self._overlay.person(n), self._event.day))
        for n in staying:
            self._set(n, household=successor, **({"role": Role.HEAD} if n == successor else {}))
        others = (n for n in staying if n != successor)
        self._overlay._settle(self._step, successor, (successor, *others))

    def _new_address(self, n: int, code: str, *, alone: bool) -> Address:
        key = key_for(self._nation.seed, "new home")
        word = draw(key, n << 20 | self._event.day.toordinal())
        choices = towns().of(code)
        postal_code, chome, town = choices[word % len(choices)]
        text = address_text(municipality(code).full_name, town, chome=chome, alone=alone, bits=word >> 32)
        return Address(code, postal_code, text)

    def _at(self, person: Person, address: Address) -> dict[str, Any]:
        if person.address == address:
            return {}
        return {"address": address, "moved_from": person.municipality_code, "moved_on": self._event.day}

    def _set(self, n: int, **changes: Any) -> None:
        """Change fields of a resident, or of the person that the resident is."""
        resident = self._overlay.resident(n)
        of_person = {name: changes.pop(name) for name in tuple(changes) if name in Person.__struct_fields__}
        person = msgspec.structs.replace(resident.person, **of_person)
        changed = msgspec.structs.replace(resident, person=person, since=self._event.day, **changes)
        self._overlay._write(self._step, changed, self._before)


def _claim(person: Person, day: date) -> tuple[int, date, int]:
    """Who becomes head after the head: the spouse, a grown child, a parent, a child; of several the oldest."""
    if person.role is Role.SPOUSE:
        rank = 0
    elif person.role is Role.PARENT:
        rank = 2
    else:
        rank = 1 if person.age(day) >= _FULL_AGE else 3
    return rank, person.birth_date, person.n


def _role_beside(head: Role, other: Role) -> Role:
    """What one of a household is to another of it who becomes head elsewhere; siblings count as children."""
    if head is Role.SPOUSE and other is Role.HEAD:
        return Role.SPOUSE
    if head is Role.CHILD and other in (Role.HEAD, Role.SPOUSE):
        return Role.PARENT
    return other


def _child(nation: Nation, newborn: Newborn, mother: Person, day: date) -> Person:
    fifth = date(day.year + 5, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)
    return Person(
        newborn.n,
        f"{mother.municipality_code}-{newborn.n}",
        mother.family,
        newborn.given,
        mother.family_kana,
        newborn.given_kana,
        day,
        newborn.sex,
        mother.address,
        mother.household,
        Role.CHILD,
        newborn.my_number,
        newborn.resident_code,
        Card(nation.card_serial(_NEWBORN_SERIALS + newborn.n), day, fifth, fifth, signature=False),
        holds_card=False,
    )

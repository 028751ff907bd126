"""Certificates that are issued again, through JPKI's dispatcher: what the counter does when somebody renews (ACC-2)."""

from collections.abc import AsyncIterator

import pytest
from sim_wiring import Wiring, code_of
from trio.testing import MockClock

from portal.wire.jpki import (
    ISSUE_SIGNATURE,
    LINKAGE,
    NOTE_EVENT,
    REISSUE,
    CardEvent,
    Linkage,
    NoteEvent,
    OneSerial,
    Reissued,
)
from portal.wire.operation import Done
from portal.wire.problems import ProblemCode
from portal.wire.systems import Party, System
from sim.jpki import system as jpki_system
from sim.jpki import tables
from sim.jpki.authority import Authority
from sim.jpki.serials import GENERATIONS_ON_A_MEDIUM_MAX, Kind
from sim.jpki.service import Jpki

PEOPLE = 100
N = 12


@pytest.fixture
async def up(authority: Authority) -> AsyncIterator[Wiring]:
    wiring = Wiring({System.JPKI: jpki_system.SCHEMAS})
    surroundings = wiring.surroundings(System.JPKI)
    async with wiring.running(jpki_system.build(surroundings, Jpki(surroundings, authority, PEOPLE))):
        yield wiring


@pytest.mark.requirement("ACC-2")
async def test_the_new_certificate_belongs_to_the_same_person(
    up: Wiring, authority: Authority, autojump_clock: MockClock
) -> None:
    old, new = (authority.serials.serial_of(12, generation, Kind.AUTH) for generation in (0, 1))

    answer = await up.ask(REISSUE, OneSerial(str(old)), Party.OPERATOR)

    assert isinstance(answer, Reissued), answer
    assert (answer.serial, answer.generation) == (str(new), 1)
    assert await up.ask(LINKAGE, OneSerial(str(new))) == Linkage(str(old), (str(old),))


async def test_nobody_has_such_a_certificate(
    up: Wiring, authority: Authority, autojump_clock: MockClock
) -> None:
    beyond = authority.serials.serial_of(PEOPLE, 0, Kind.AUTH)
    later = authority.serials.serial_of(12, 1, Kind.AUTH)
    for serial in (1, beyond, later):
        answer = await up.ask(REISSUE, OneSerial(str(serial)), Party.OPERATOR)
        assert code_of(answer) is ProblemCode.NOT_FOUND, serial


async def test_a_lifetime_has_an_end(up: Wiring, authority: Authority, autojump_clock: MockClock) -> None:
    serial = OneSerial(str(authority.serials.serial_of(12, 0, Kind.AUTH)))
    for _ in range(GENERATIONS_ON_A_MEDIUM_MAX - 1):
        assert isinstance(await up.ask(REISSUE, serial, Party.OPERATOR), Reissued)

    assert code_of(await up.ask(REISSUE, serial, Party.OPERATOR)) is ProblemCode.CONFLICT


@pytest.mark.parametrize("sender", [System.PORTAL, System.NETWORK])
async def test_only_the_operator_may(
    up: Wiring, authority: Authority, autojump_clock: MockClock, sender: System
) -> None:
    serial = OneSerial(str(authority.serials.serial_of(12, 0, Kind.AUTH)))

    answer = await up.ask(REISSUE, serial, sender)

    assert code_of(answer) is ProblemCode.FORBIDDEN


# Notices of the registry, and a new signature certificate on the same card


@pytest.mark.requirement("ACC-2")
async def test_a_notice_revokes_once_and_never_what_came_after_it(
    up: Wiring, authority: Authority, autojump_clock: MockClock
) -> None:
    serials = authority.serials
    note = NoteEvent("1/12/moved", N, CardEvent.MOVED)
    assert await up.ask(NOTE_EVENT, note, System.REGISTRY) == Done()
    first = {row.serial for row in await up.stores[System.JPKI].read(tables.REVOCATIONS)}
    assert str(serials.serial_of(N, 0, Kind.SIGN)) in first
    assert str(serials.serial_of(N, 0, Kind.AUTH)) not in first

    auth = OneSerial(str(serials.serial_of(N, 0, Kind.AUTH)))
    new = await up.ask(ISSUE_SIGNATURE, auth, Party.OPERATOR)
    assert isinstance(new, Reissued)
    assert (new.serial, new.generation) == (str(serials.serial_of(N, 1, Kind.SIGN)), 1)
    assert await up.ask(NOTE_EVENT, note, System.REGISTRY) == Done(), "it comes again"
    assert {row.serial for row in await up.stores[System.JPKI].read(tables.REVOCATIONS)} == first

    await up.ask(NOTE_EVENT, NoteEvent("2/12/moved", N, CardEvent.MOVED), System.REGISTRY)
    assert new.serial in {row.serial for row in await up.stores[System.JPKI].read(tables.REVOCATIONS)}


async def test_only_the_registry_gives_notice_and_only_of_residents(
    up: Wiring, autojump_clock: MockClock
) -> None:
    note = NoteEvent("1", N, CardEvent.DIED)
    assert code_of(await up.ask(NOTE_EVENT, note, Party.OPERATOR)) is ProblemCode.FORBIDDEN
    nobody = NoteEvent("1", PEOPLE, CardEvent.DIED)
    assert code_of(await up.ask(NOTE_EVENT, nobody, System.REGISTRY)) is ProblemCode.NOT_FOUND
    assert code_of(await up.ask(ISSUE_SIGNATURE, OneSerial("1"), Party.OPERATOR)) is ProblemCode.NOT_FOUND

"""Revocations and the linkage of old and new serials."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.wire.jpki import RevocationReason as Reason
from sim.jpki.revocation import (
    GOOD,
    UNKNOWN,
    Linkage,
    RevocationList,
    Revoked,
    RevokeOutcome,
    linkage,
)
from sim.jpki.serials import GENERATIONS_ON_A_MEDIUM_MAX, HOLDERS_MAX, Kind, Serials

SERIALS = Serials(b"seed")
NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_a_certificate_is_good_until_it_is_revoked() -> None:
    revocations = RevocationList(SERIALS)
    serial = SERIALS.serial_of(7, 0, Kind.AUTH)

    assert revocations.status(serial, Kind.AUTH, NOON) == GOOD
    assert revocations.revoke(serial, Reason.KEY_COMPROMISE, NOON) is RevokeOutcome.REVOKED
    assert revocations.status(serial, Kind.AUTH, NOON - SECOND) == GOOD
    assert revocations.status(serial, Kind.AUTH, NOON) == Revoked(Reason.KEY_COMPROMISE, NOON)


@pytest.mark.parametrize("first", Reason)
def test_a_revocation_is_for_ever_and_its_reason_stays(first: Reason) -> None:
    revocations = RevocationList(SERIALS)
    serial = SERIALS.serial_of(7, 0, Kind.SIGN)
    revocations.revoke(serial, first, NOON)

    assert revocations.revoke(serial, Reason.SUPERSEDED, NOON - SECOND) is RevokeOutcome.ALREADY
    assert revocations.status(serial, Kind.SIGN, NOON) == Revoked(first, NOON)
    assert len(revocations) == 1


def test_the_two_authorities_do_not_know_each_others_certificates() -> None:
    revocations = RevocationList(SERIALS)
    auth, sign = (SERIALS.serial_of(7, 0, kind) for kind in Kind)
    revocations.revoke(auth, Reason.SUPERSEDED, NOON)

    assert revocations.status(auth, Kind.SIGN, NOON) == UNKNOWN
    assert revocations.status(sign, Kind.SIGN, NOON) == GOOD
    assert list(revocations.entries(Kind.SIGN, NOON)) == []
    assert list(revocations.entries(Kind.AUTH, NOON)) == [(auth, Revoked(Reason.SUPERSEDED, NOON))]


def test_a_serial_that_nobody_has_is_unknown_and_cannot_be_revoked() -> None:
    revocations = RevocationList(SERIALS)

    for serial in (-1, 0, 1, 1 << 62, 1 << 64):
        assert revocations.status(serial, Kind.AUTH, NOON) == UNKNOWN
        assert revocations.revoke(serial, Reason.SUPERSEDED, NOON) is RevokeOutcome.NOT_OURS


def test_a_certificate_that_was_never_issued_is_unknown() -> None:
    current = {(7, Kind.AUTH): 1}
    revocations = RevocationList(SERIALS, lambda n, kind: current.get((n, kind)))

    def status(n: int, generation: int, kind: Kind) -> object:
        return revocations.status(SERIALS.serial_of(n, generation, kind), kind, NOON)

    assert [status(7, generation, Kind.AUTH) for generation in range(3)] == [GOOD, GOOD, UNKNOWN]
    assert status(7, 0, Kind.SIGN) == UNKNOWN
    assert status(8, 0, Kind.AUTH) == UNKNOWN


def test_entries_do_not_depend_on_the_order_of_feeding() -> None:
    one, other = RevocationList(SERIALS), RevocationList(SERIALS)
    serials = [SERIALS.serial_of(n, 0, Kind.AUTH) for n in range(20)]
    for serial in serials:
        one.revoke(serial, Reason.SUPERSEDED, NOON)
    for serial in reversed(serials):
        other.revoke(serial, Reason.SUPERSEDED, NOON)

    assert list(one.entries(Kind.AUTH, NOON)) == list(other.entries(Kind.AUTH, NOON))
    assert list(one.entries(Kind.AUTH, NOON - SECOND)) == []


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        RevocationList(SERIALS).revoke(
            SERIALS.serial_of(7, 0, Kind.AUTH), Reason.SUPERSEDED, datetime(2026, 4, 1)
        )


@pytest.mark.requirement("ACC-2")
@given(st.integers(0, HOLDERS_MAX - 1), st.integers(0, GENERATIONS_ON_A_MEDIUM_MAX - 1), st.data())
def test_every_certificate_of_a_person_leads_to_the_same_root(
    n: int, current: int, data: st.DataObject
) -> None:
    generation = data.draw(st.integers(0, current))
    found = linkage(SERIALS, SERIALS.serial_of(n, generation, Kind.AUTH), Kind.AUTH, current)

    assert found is not None
    assert found.root_serial == SERIALS.serial_of(n, 0, Kind.AUTH)
    assert found.current_serial == SERIALS.serial_of(n, current, Kind.AUTH)
    assert len(found.previous_serials) == current


@pytest.mark.requirement("ACC-2")
def test_linkage_by_example() -> None:
    serials = [SERIALS.serial_of(7, generation, Kind.AUTH) for generation in range(4)]

    assert linkage(SERIALS, serials[0], Kind.AUTH, 0) == Linkage(serials[0], (), serials[0])
    assert linkage(SERIALS, serials[1], Kind.AUTH, 2) == Linkage(
        serials[0], (serials[0], serials[1]), serials[2]
    )
    assert linkage(SERIALS, serials[3], Kind.AUTH, 2) is None  # not issued yet
    assert linkage(SERIALS, serials[1], Kind.SIGN, 2) is None
    assert linkage(SERIALS, 12345, Kind.AUTH, 2) is None

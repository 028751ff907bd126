"""What is read once of a certificate and of an OCSP answer; and that time and revocation are asked every time."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import trio

from portal.links.link import Link
from portal.links.memory import MemoryCarrier, Passage, Slot
from portal.seams.clock import Clock
from portal.sessions import certificates, revocation
from portal.sessions.certificates import TrustAnchors, Unacceptable, Verified
from portal.sessions.revocation import CLOCK_SKEW, Revocation, Standing
from portal.settings import PortalSettings
from portal.wire import jpki
from portal.wire.jpki import RevocationReason
from portal.wire.moments import to_ms
from portal.wire.operation import WireRequest, WireResponse
from portal.wire.problems import ProblemCode
from portal.wire.systems import System
from sim.jpki.authority import Authority
from sim.jpki.holder import HolderFacts
from sim.jpki.key_cache import KeyCache
from sim.jpki.ocsp import OCSP_REFRESH, OcspResponder
from sim.jpki.personalisation import IssuedCertificates, issue
from sim.jpki.revocation import RevocationList
from sim.jpki.serials import Kind

NOW = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
POLICIES = PortalSettings().policies


def _facts(n: int) -> HolderFacts:
    address = "東京都清瀬市中里五丁目８４２番地"
    return HolderFacts(n, "山田　花子", date(1980, 2, 17), 2, address, "132217", "Kiyose-shi")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder: Path = tmp_path_factory.mktemp("keys")
    return Authority(b"known certificates", KeyCache(folder))


@pytest.fixture(scope="module")
def hanako(authority: Authority) -> IssuedCertificates:
    return issue(authority, _facts(12), 0, date(2025, 10, 27))


@pytest.fixture(scope="module")
def jiro(authority: Authority) -> IssuedCertificates:
    return issue(authority, _facts(13), 0, date(2025, 10, 27))


@pytest.fixture
def anchors(authority: Authority) -> TrustAnchors:
    return TrustAnchors([authority.ca(Kind.AUTH).certificate_der], POLICIES)


class HandClock(Clock):
    """Stands where it was set."""

    def __init__(self, now: datetime) -> None:
        super().__init__()
        self.now = now

    def _unmoved_ms(self) -> int:
        return to_ms(self.now)


class Jpki:
    """JPKI's answers, and what stands in for them on a wire that somebody else holds."""

    def __init__(self, authority: Authority, clock: HandClock) -> None:
        self.revoked = RevocationList(authority.serials)
        self._responder = OcspResponder(authority, self.revoked)
        self._clock = clock
        self.instead: bytes | None = None
        self.gave: list[bytes] = []

    async def answer(self, request: WireRequest) -> WireResponse:
        der = self.instead or self._responder.answer(request.body, self._clock.now)
        self.gave.append(der)
        return WireResponse(200, jpki.OCSP.response_media, der)


class Calm:
    def passage(self, sender, receiver, operation) -> Passage:
        return Passage()


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW)


@pytest.fixture
def jpki_side(authority: Authority, clock: HandClock) -> Jpki:
    return Jpki(authority, clock)


@pytest.fixture
def asked(anchors: TrustAnchors, clock: HandClock, jpki_side: Jpki) -> Revocation:
    slot = Slot(System.JPKI)
    slot.occupy(jpki_side.answer)
    link = Link(System.PORTAL, System.JPKI, MemoryCarrier(System.PORTAL, slot, Calm()), clock)
    return Revocation(link, clock, anchors, crl_instead_of_ocsp=False)


def verified(anchors: TrustAnchors, issued: IssuedCertificates, now: datetime = NOW) -> Verified:
    found = anchors.verify(issued.auth_der, now)
    assert isinstance(found, Verified), found
    return found


@pytest.mark.requirement("ACC-1")
def test_a_known_certificate_expires_all_the_same(anchors: TrustAnchors, hanako: IssuedCertificates) -> None:
    known = verified(anchors, hanako)
    assert verified(anchors, hanako) is known
    ends = known.certificate.not_valid_after_utc

    for now, expected in (
        (known.certificate.not_valid_before_utc - timedelta(seconds=1), ProblemCode.CERTIFICATE_EXPIRED),
        (ends + timedelta(seconds=1), ProblemCode.CERTIFICATE_EXPIRED),
    ):
        outcome = anchors.verify(hanako.auth_der, now)
        assert isinstance(outcome, Unacceptable)
        assert outcome.code is expected
    assert verified(anchors, hanako, ends) is known


@pytest.mark.requirement("ACC-1")
def test_every_byte_of_a_known_certificate_counts(anchors: TrustAnchors, hanako: IssuedCertificates) -> None:
    """Except what stands outside of the signed part and changes nothing of what it says."""
    signed = verified(anchors, hanako).certificate.tbs_certificate_bytes
    der = hanako.auth_der

    for place in range(len(der)):
        altered = der[:place] + bytes([der[place] ^ 1]) + der[place + 1 :]
        outcome = anchors.verify(altered, NOW)
        if isinstance(outcome, Verified):
            assert outcome.certificate.tbs_certificate_bytes == signed, place
            assert place > len(signed)


def test_the_other_kind_of_certificate_is_refused_each_time(
    anchors: TrustAnchors, hanako: IssuedCertificates
) -> None:
    assert hanako.sign_der is not None
    for _ in range(2):
        assert isinstance(anchors.verify(hanako.sign_der, NOW), Unacceptable)


def test_no_more_are_kept_than_the_limit(
    anchors: TrustAnchors,
    hanako: IssuedCertificates,
    jiro: IssuedCertificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(certificates, "CERTIFICATES_KNOWN_MAX", 1)
    first, second = verified(anchors, hanako), verified(anchors, jiro)

    assert verified(anchors, jiro) is second
    assert verified(anchors, hanako) is not first


@pytest.mark.requirement("ACC-1")
async def test_a_revocation_shows_as_soon_as_jpki_says_so(
    asked: Revocation, jpki_side: Jpki, anchors: TrustAnchors, hanako: IssuedCertificates, clock: HandClock
) -> None:
    known = verified(anchors, hanako)
    assert [await asked.standing(known) for _ in range(2)] == [Standing.GOOD] * 2

    jpki_side.revoked.revoke(known.serial_number, RevocationReason.KEY_COMPROMISE, clock.now)
    clock.now += OCSP_REFRESH

    assert [await asked.standing(known) for _ in range(2)] == [Standing.REVOKED] * 2


@pytest.mark.requirement("ACC-1")
async def test_a_known_answer_is_believed_no_longer_than_a_new_one(
    asked: Revocation, jpki_side: Jpki, anchors: TrustAnchors, hanako: IssuedCertificates, clock: HandClock
) -> None:
    """Somebody on the wire who repeats an old answer gains nothing by its being known."""
    known = verified(anchors, hanako)
    assert await asked.standing(known) is Standing.GOOD
    [jpki_side.instead] = jpki_side.gave
    ends = NOW + 2 * OCSP_REFRESH + CLOCK_SKEW

    clock.now = ends
    assert await asked.standing(known) is Standing.GOOD
    clock.now = ends + timedelta(seconds=1)
    assert await asked.standing(known) is Standing.NO_ANSWER
    clock.now = NOW - CLOCK_SKEW - timedelta(seconds=1)
    assert await asked.standing(known) is Standing.NO_ANSWER


@pytest.mark.requirement("ACC-1")
async def test_a_known_answer_about_somebody_else_says_nothing(
    asked: Revocation,
    jpki_side: Jpki,
    anchors: TrustAnchors,
    hanako: IssuedCertificates,
    jiro: IssuedCertificates,
) -> None:
    assert await asked.standing(verified(anchors, jiro)) is Standing.GOOD
    [jpki_side.instead] = jpki_side.gave

    assert await asked.standing(verified(anchors, hanako)) is Standing.NO_ANSWER


@pytest.mark.requirement("ACC-1")
async def test_an_altered_answer_says_nothing_though_the_genuine_one_is_known(
    asked: Revocation, jpki_side: Jpki, anchors: TrustAnchors, hanako: IssuedCertificates
) -> None:
    known = verified(anchors, hanako)
    assert await asked.standing(known) is Standing.GOOD
    [genuine] = jpki_side.gave
    # The signature's last byte stands before the responder's certificate.
    signature = genuine.rindex(b"\xa0\x82") - 1
    for place in (signature, signature - 100):
        jpki_side.instead = genuine[:place] + bytes([genuine[place] ^ 1]) + genuine[place + 1 :]
        assert await asked.standing(known) is Standing.NO_ANSWER


async def test_no_more_answers_are_kept_than_the_limit(
    asked: Revocation,
    anchors: TrustAnchors,
    hanako: IssuedCertificates,
    jiro: IssuedCertificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revocation, "ANSWERS_KNOWN_MAX", 1)
    for issued in (hanako, jiro, hanako):
        assert await asked.standing(verified(anchors, issued)) is Standing.GOOD
    assert len(asked._answers) == 1
    await trio.lowlevel.checkpoint()

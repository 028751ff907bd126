"""The operator (運用者): the hand at the simulators' controls, and the counter where cards are issued again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from cryptography import x509

from portal.links.link import Unreachable
from portal.wire import inquiries, jpki
from portal.wire.controls import Control, Controls, Mode, control
from portal.wire.jpki import Reissued, RevocationReason, Revoke
from portal.wire.operation import Done
from portal.wire.problems import Problem
from portal.wire.registry import REPORT_EVENT, EventKind, EventTaken, ReportEvent
from portal.wire.systems import JAPANESE_NAMES, Party, System
from scenarios.actors.resident import Resident
from scenarios.checking import answered
from scenarios.stage import Stage
from sim.cards_desk.wallet import Issue
from sim.faults import live
from sim.faults.vocabulary import CertificateRevoked, ClockJump, Crash, Fault


class Operator:
    """運用者: everything that this actor does must succeed."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __repr__(self) -> str:
        return "Operator()"

    async def set(self, system: System, wanted: Control) -> Controls:
        link = self._stage.link(Party.OPERATOR, system)
        outcome = await link.call(control(system), wanted)
        return answered(outcome, Controls, f"{JAPANESE_NAMES[system]}の操作盤")

    async def stop(self, system: System) -> None:
        """It answers 503 to everything from now on."""
        await self.set(system, Control(Mode.STOPPED))

    async def resume(self, system: System) -> None:
        await self.set(system, Control(Mode.NORMAL))

    async def answer_late(self, system: System, seconds: int) -> None:
        """It takes requests and answers them so much later."""
        await self.set(system, Control(Mode.LATE, late_seconds=seconds))

    async def stop_organisation(self, organisation: str) -> None:
        """Only this organisation's intermediate server."""
        await self.set(System.INTERMEDIATE, Control(Mode.STOPPED, organisation))

    async def resume_organisation(self, organisation: str) -> None:
        await self.set(System.INTERMEDIATE, Control(Mode.NORMAL, organisation))

    async def waiting_inquiries(self) -> tuple[inquiries.DeskInquiry, ...]:
        """窓口に届いたお問い合わせ, oldest first."""
        link = self._stage.link(Party.OPERATOR, System.PORTAL)
        outcome = await link.call(inquiries.LIST_FOR_DESK, inquiries.ListForDesk())
        return answered(outcome, inquiries.DeskInquiries, "窓口に届いたお問い合わせ").inquiries

    async def answer_inquiry(self, inquiry_id: str, text: str) -> Done | Problem | Unreachable:
        link = self._stage.link(Party.OPERATOR, System.PORTAL)
        return await link.call(inquiries.ANSWER_INQUIRY, inquiries.AnswerInquiry(inquiry_id, text))

    async def trigger(self, fault: Fault) -> None:
        """Bring a fault about that can be brought about live and simulated alike.

        A crash is at once, whatever its plan says. Raises ``NotLive`` for a kind that exists in the explorer only.
        """
        match fault:
            case Crash(system=system):
                await self._stage.stop(system)
            case ClockJump(by_ms=by_ms):
                await self._stage.pass_time(timedelta(milliseconds=by_ms))
            case _:
                orders = live.begins(fault, self._stage.facts.serials)
                await self._carry_out(orders, first_only=isinstance(fault, CertificateRevoked))

    async def relieve(self, fault: Fault) -> None:
        """Take it back. Raises ``NotLive`` for what can't be."""
        match fault:
            case Crash(system=system):
                await self._stage.start(system)
            case _:
                await self._carry_out(live.ends(fault), first_only=False)

    async def _carry_out(self, orders: Sequence[live.Order], *, first_only: bool) -> None:
        for operation, request in orders:
            outcome = await self._stage.link(Party.OPERATOR, operation.system).call(operation, request)
            if first_only and not isinstance(outcome, Problem):
                return
            if not first_only:
                answered(outcome, operation.response, "障害の操作")

    async def revoke(self, resident: Resident, reason: RevocationReason) -> None:
        """失効: of the user-authentication certificate on the card that the resident holds."""
        link = self._stage.link(Party.OPERATOR, System.JPKI)
        outcome = await link.call(jpki.REVOKE, Revoke(serial_of(resident), reason))
        answered(outcome, Done, "電子証明書の失効")

    async def report(self, kind: EventKind, resident: Resident, **more: Any) -> EventTaken:
        """異動の届出: something happens to this resident."""
        link = self._stage.link(Party.OPERATOR, System.REGISTRY)
        wanted = ReportEvent(
            self._stage.chance.random_bytes(8).hex(), resident.person.resident_id, kind, **more
        )
        return answered(await link.call(REPORT_EVENT, wanted), EventTaken, "異動の届出")

    async def issue_signature(self, resident: Resident) -> None:
        """署名用電子証明書の発行, onto the card that the resident holds."""
        link = self._stage.link(Party.OPERATOR, System.JPKI)
        outcome = await link.call(jpki.ISSUE_SIGNATURE, jpki.OneSerial(serial_of(resident)))
        new = answered(outcome, Reissued, "署名用電子証明書の発行")
        auth = resident.issued
        if auth is None:
            auth = Issue(0, self._stage.world.wallet.first_issue(resident.person.n).issued_on)
        resident.take_card(Issue(auth.generation, auth.issued_on, new.generation, new.issued_on))

    async def reissue(self, resident: Resident) -> None:
        """更新: new certificates, which the resident takes home on the card."""
        link = self._stage.link(Party.OPERATOR, System.JPKI)
        outcome = await link.call(jpki.REISSUE, jpki.OneSerial(serial_of(resident)))
        new = answered(outcome, Reissued, "電子証明書の更新")
        resident.take_card(Issue(new.generation, new.issued_on))


def signature_serial_of(resident: Resident) -> int:
    """発行番号 of the signature certificate on this resident's card."""
    der = resident.card.contents.sign_certificate
    assert der is not None, resident
    return x509.load_der_x509_certificate(der).serial_number


def serial_of(resident: Resident) -> str:
    """発行番号 of the user-authentication certificate on this resident's card."""
    certificate = x509.load_der_x509_certificate(resident.card.contents.auth_certificate)
    return str(certificate.serial_number)

"""The operator (運用者): the hand at the simulators' controls, and the counter where cards are issued again."""

from cryptography import x509

from portal.wire import jpki
from portal.wire.controls import Control, Controls, Mode, control
from portal.wire.jpki import Reissued, RevocationReason, Revoke
from portal.wire.operation import Done
from portal.wire.systems import JAPANESE_NAMES, Party, System
from scenarios.actors.resident import Resident
from scenarios.checking import answered
from scenarios.stage import Stage
from sim.cards_desk.wallet import Issue


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

    async def revoke(self, resident: Resident, reason: RevocationReason) -> None:
        """失効: of the user-authentication certificate on the card that the resident holds."""
        link = self._stage.link(Party.OPERATOR, System.JPKI)
        outcome = await link.call(jpki.REVOKE, Revoke(serial_of(resident), reason))
        answered(outcome, Done, "電子証明書の失効")

    async def reissue(self, resident: Resident) -> None:
        """更新: new certificates, which the resident takes home on the card."""
        link = self._stage.link(Party.OPERATOR, System.JPKI)
        outcome = await link.call(jpki.REISSUE, jpki.OneSerial(serial_of(resident)))
        new = answered(outcome, Reissued, "電子証明書の更新")
        resident.take_card(Issue(new.generation, new.issued_on))


def serial_of(resident: Resident) -> str:
    """発行番号 of the user-authentication certificate on this resident's card."""
    certificate = x509.load_der_x509_certificate(resident.card.contents.auth_certificate)
    return str(certificate.serial_number)

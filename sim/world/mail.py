"""Mail in a world: recorded like any message, and in simulated time handed over in memory."""

from portal.links.link import Recorder, Sighting
from portal.mail.carriers import Mail, MailCarrier, NotNow, Sent, Undeliverable
from portal.seams.clock import Clock
from portal.store.store import StorageRefused, StoreOverloaded
from portal.wire.systems import System
from sim.mailbox.mailbox import Envelope, Mailbox

SMTP_OPERATION = "smtp.mail"


class RecordedMail:
    """Shows every mail that another carrier carries to the recorder."""

    def __init__(self, carrier: MailCarrier, clock: Clock, record: Recorder) -> None:
        self._carrier = carrier
        self._clock = clock
        self._record = record

    def __repr__(self) -> str:
        return f"RecordedMail({self._carrier!r})"

    async def send(self, mail: Mail) -> Sent | NotNow | Undeliverable:
        started = self._clock.now_ms()
        outcome = await self._carrier.send(mail)
        name = "ok" if isinstance(outcome, Sent) else "deferred" if isinstance(outcome, NotNow) else "refused"
        took = self._clock.now_ms() - started
        self._record(
            Sighting(started, took, System.PORTAL, System.MAILBOX, SMTP_OPERATION, name, len(mail.message), 0)
        )
        return outcome


class MemoryMail:
    """Hands mails to the mailbox in memory, the same bytes as over SMTP; none while the mailbox is down."""

    def __init__(self) -> None:
        self.mailbox: Mailbox | None = None

    def __repr__(self) -> str:
        return f"MemoryMail({self.mailbox!r})"

    async def send(self, mail: Mail) -> Sent | NotNow | Undeliverable:
        if self.mailbox is None:
            return NotNow("nobody listens")
        try:
            await self.mailbox.deliver(mail.message, Envelope(mail.sender, (mail.recipient,)))
        except (StorageRefused, StoreOverloaded) as refusal:
            return NotNow(str(refusal))
        return Sent()

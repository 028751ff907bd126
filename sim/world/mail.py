"""Mail in a world: recorded like any message, and in simulated time handed over in memory."""

from portal.links.link import Recorder, Sighting
from portal.links.memory import Sleep, Spawn, Weather
from portal.mail.carriers import Mail, MailCarrier, NotNow, Sent, Undeliverable
from portal.seams.clock import Clock
from portal.store.store import StorageRefused, StoreOverloaded
from portal.wire.operation import Done, Method, Nothing, Operation
from portal.wire.systems import System
from sim.mailbox.mailbox import Envelope, Mailbox

SMTP_OPERATION = "smtp.mail"
GIVES_UP_SECONDS = 30.0
"""How long a sender waits for the other side's word."""
_SMTP = Operation(
    SMTP_OPERATION, System.MAILBOX, Method.POST, "/", Nothing, Done, callers=[System.PORTAL], repeatable=True,
    requirements=["ACC-6"], summary="メールを渡す",
)  # fmt: skip
"""Under this name mail stands in traces and in plans of faults; no server has it."""


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


class MailInWeather:
    """Hands mail to another carrier as the weather lets it through: late, lost, twice, or without a word that it arrived.

    Its own words are never altered: they are a letter's.
    """

    def __init__(self, carrier: MailCarrier, weather: Weather, sleep: Sleep, spawn: Spawn) -> None:
        self._carrier = carrier
        self._weather = weather
        self._sleep = sleep
        self._spawn = spawn

    def __repr__(self) -> str:
        return f"MailInWeather({self._carrier!r})"

    async def send(self, mail: Mail) -> Sent | NotNow | Undeliverable:
        passage = self._weather.passage(System.PORTAL, System.MAILBOX, _SMTP)
        late = passage.request_delay_s
        await self._sleep(min(late, GIVES_UP_SECONDS))
        if passage.refuse:
            return NotNow("nobody listens")
        if passage.again_after_s is not None:
            self._send_again(mail, passage.again_after_s)
        if passage.lose_request or late > GIVES_UP_SECONDS:
            await self._sleep(max(0.0, GIVES_UP_SECONDS - late))
            return NotNow("no answer")
        if passage.duplicate:
            await self._carrier.send(mail)
        outcome = await self._carrier.send(mail)
        if passage.lose_reply or passage.reset:
            # It lies in the mailbox, and will lie there twice.
            return NotNow("the connection broke")
        return outcome

    def _send_again(self, mail: Mail, after_s: float) -> None:
        async def arrive() -> None:
            await self._sleep(after_s)
            await self._carrier.send(mail)

        self._spawn(arrive)


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

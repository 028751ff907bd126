"""Mail goes the way of messages: it is late, lost, told twice, or its sender does not hear that it arrived."""

from portal.links.memory import Sleep, Spawn, Weather
from portal.mail.carriers import Mail, MailCarrier, NotNow, Sent, Undeliverable
from portal.wire.operation import Done, Method, Nothing, Operation
from portal.wire.systems import System
from sim.world.mail import SMTP_OPERATION

GIVES_UP_SECONDS = 30.0
"""How long a sender waits for the other side's word."""
_SMTP = Operation(
    SMTP_OPERATION, System.MAILBOX, Method.POST, "/", Nothing, Done, callers=[System.PORTAL], repeatable=True,
    requirements=["ACC-6"], summary="メールを渡す",
)  # fmt: skip
"""Under this name mail stands in traces and in plans of faults; no server has it."""


class MailInWeather:
    """Hands mail to another carrier as the weather lets it through. Its words are never altered: they are a letter's."""

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

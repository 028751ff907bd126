"""Mail in bad weather: late, lost, delivered though nobody hears of it, delivered twice."""

import pytest
import trio
from trio.testing import MockClock

from portal.links.memory import Passage
from portal.mail.carriers import Mail, NotNow, Sent
from portal.wire.operation import AnyOperation
from portal.wire.systems import Caller, System
from sim.world.mail import GIVES_UP_SECONDS, MailInWeather

LETTER = Mail("portal@example.jp", "mikan@example.jp", b"Subject: x\r\n\r\n")


class Kept:
    """A mailbox that takes everything."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> Sent:
        self.mails.append(mail)
        return Sent()


class Always:
    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        self.seen: list[tuple[Caller, System, str]] = []

    def passage(self, sender: Caller, receiver: System, operation: AnyOperation) -> Passage:
        self.seen.append((sender, receiver, operation.name))
        return self._passage


@pytest.mark.requirement("ACC-6")
@pytest.mark.parametrize(
    ("passage", "is_sent", "copies"),
    [
        (Passage(), True, 1),
        (Passage(request_delay_s=5.0), True, 1),
        (Passage(request_delay_s=2 * GIVES_UP_SECONDS), False, 0),
        (Passage(refuse=True), False, 0),
        (Passage(lose_request=True), False, 0),
        (Passage(lose_reply=True), False, 1),
        (Passage(reset=True), False, 1),
        (Passage(duplicate=True), True, 2),
        (Passage(again_after_s=60.0), True, 2),
    ],
)
async def test_what_the_sender_hears_and_what_arrives(
    passage: Passage, is_sent: bool, copies: int, autojump_clock: MockClock
) -> None:
    kept, weather = Kept(), Always(passage)
    async with trio.open_nursery() as nursery:
        outcome = await MailInWeather(kept, weather, trio.sleep, nursery.start_soon).send(LETTER)

    assert outcome == Sent() if is_sent else isinstance(outcome, NotNow)
    assert kept.mails == [LETTER] * copies
    assert weather.seen == [(System.PORTAL, System.MAILBOX, "smtp.mail")]

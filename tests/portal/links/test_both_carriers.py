"""What a caller may expect of a link, whichever carrier is in it."""

import pytest
import trio
from asked import LOOK, SAY, SAY_AGAIN, TURN, Said, Say, StillClock

from portal.links.credentials import SystemKeys, authorization_of, key_of
from portal.links.http import HttpCarrier
from portal.links.link import Link, Reason, Sighting, Unreachable
from portal.links.memory import MemoryCarrier, Passage, Slot
from portal.seams.clock import LiveClock
from portal.serving.dispatcher import Dispatcher
from portal.serving.front import Front
from portal.serving.guards import Open
from portal.serving.listen import bind, serve
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import Party, System


class ClearSkies:
    def passage(self, sender, receiver, operation) -> Passage:
        return Passage()


class Parrot:
    """Answers for the network, and remembers."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.dispatcher = Dispatcher(System.NETWORK)
        self.dispatcher.add(LOOK, Open(), self.look)
        self.dispatcher.add(SAY, Open(), self.say)
        self.dispatcher.add(SAY_AGAIN, Open(), self.say)
        self.dispatcher.add(TURN, Open(), self.turn)

    async def look(self, _, __) -> Done:
        await trio.lowlevel.checkpoint()
        return Done()

    async def say(self, request: Say, _) -> Said | Problem:
        if request.text == "":
            return problem(ProblemCode.CONFLICT, "何か言ってください。")
        self.heard.append(request.text)
        return Said(request.text, len(self.heard))

    async def turn(self, request: bytes, _) -> bytes:
        return request[::-1]


@pytest.fixture
def parrot():
    return Parrot()


@pytest.fixture
def seen():
    return []


@pytest.fixture(params=["memory", "http over the lane", "http over hypercorn"])
async def link(request, parrot, seen):
    def link(carrier):
        return Link(Party.ANYONE, System.NETWORK, carrier, StillClock(), record=seen.append)

    if request.param == "memory":
        slot = Slot(System.NETWORK)
        slot.occupy(parrot.dispatcher.answer)
        yield link(MemoryCarrier(Party.ANYONE, slot, ClearSkies()))
        return
    bound = bind("127.0.0.1", 0)
    lane = request.param == "http over the lane"
    async with trio.open_nursery() as nursery:

        async def run(*, task_status):
            await serve(Front(parrot.dispatcher), bound, LiveClock(), lane=lane, task_status=task_status)

        await nursery.start(run)
        carrier = HttpCarrier(bound.url, connections_max=4)
        yield link(carrier)
        await carrier.aclose()
        nursery.cancel_scope.cancel()
    bound.socket.close()


@pytest.mark.parametrize("text", ["a", "山田 太郎", '"\\\n\x00', "𠮷🍵", " "])
async def test_what_is_said_arrives(link, parrot, text):
    assert await link.call(SAY, Say(text)) == Said(text, 1)
    assert await link.call(SAY_AGAIN, Say(text)) == Said(text, 2)
    assert parrot.heard == [text] * 2


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 2_500_000])
async def test_bytes_of_any_size_arrive(link, size):
    body = bytes(range(251)) * (size // 251) + b"x" * (size % 251)

    assert await link.call(TURN, body) == body[::-1]


async def test_problems_are_outcomes(link, seen):
    refused = await link.call(SAY, Say(""))
    assert refused == problem(ProblemCode.CONFLICT, "何か言ってください。")
    # The sender's types don't check themselves; the receiver does.
    too_long = await link.call(SAY, Say("a" * 21))
    assert (too_long.code, too_long.field) == (ProblemCode.UNPROCESSABLE, "$.text")
    too_large = await link.call(TURN, b"a" * 3_000_001)
    assert too_large.code is ProblemCode.TOO_LARGE
    assert [sighting.outcome for sighting in seen] == ["conflict", "unprocessable", "too-large"]


async def test_messages_are_recorded_with_their_sizes(link, seen):
    await link.call(SAY, Say("a"))

    now = StillClock().now_ms()
    assert seen == [
        Sighting(now, 0, Party.ANYONE, System.NETWORK, "asked.say", "ok", 12, len(b'{"text":"a","times":1}'))
    ]


async def test_many_at_once(link, parrot):
    async def say(text):
        said = await link.call(SAY, Say(text))
        assert said.text == text

    async with trio.open_nursery() as nursery:
        for number in range(100):
            nursery.start_soon(say, f"{number}")
    assert sorted(parrot.heard, key=int) == [f"{number}" for number in range(100)]


async def test_a_call_without_time_ends_at_once(link):
    assert await link.call(SAY, Say("a"), deadline_s=0) == Unreachable(Reason.TIMED_OUT)


async def test_a_cancelled_call_is_cancelled(link):
    with trio.CancelScope() as scope:
        scope.cancel()
        await link.call(SAY, Say("a"))
    assert scope.cancelled_caught
    assert await link.call(SAY_AGAIN, Say("b"))


# Credentials


def test_every_caller_is_known_by_its_own_header():
    keys = SystemKeys(b"secret")
    callers = [*System, Party.OPERATOR]

    assert [keys.caller(authorization_of(b"secret", caller)) for caller in callers] == callers
    assert len({key_of(b"secret", caller) for caller in callers}) == len(callers)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "System",
        "System portal",
        "System portal ",
        f"Bearer portal {key_of(b'secret', System.PORTAL)}",
        f"System jpki {key_of(b'secret', System.PORTAL)}",
        f"System portal {key_of(b'another', System.PORTAL)}",
        f"System portal {key_of(b'secret', System.PORTAL).upper()}",
        f"System portal {key_of(b'secret', System.PORTAL)} ",
        f"System citizen {key_of(b'secret', Party.CITIZEN)}",
        f"System anyone {key_of(b'secret', Party.ANYONE)}",
    ],
)
def test_any_other_header_is_nobodys(header):
    assert SystemKeys(b"secret").caller(header) is None


def test_keys_do_not_show_themselves():
    assert "secret" not in repr(SystemKeys(b"secret"))
    assert key_of(b"secret", System.PORTAL) not in repr(SystemKeys(b"secret"))

"""What goes wrong on the way by HTTP, and what a caller learns of it."""

import msgspec
import pytest
import trio
from asked import LOOK, LOOKING, SAY, TURN, Say, link_to
from far_side import far_side

from portal.links import http
from portal.links.http import HttpCarrier
from portal.links.link import Reason, Sighting, Unreachable
from portal.wire.operation import Done, Nothing
from portal.wire.problems import ProblemCode, problem

# What goes wrong


async def test_nobody_listens(no_address):
    outcome = await HttpCarrier(no_address).carry(LOOK, LOOKING)

    assert outcome.reason is Reason.REFUSED
    assert not outcome.sent


async def test_a_name_that_nobody_knows(no_address):
    outcome = await HttpCarrier("http://nowhere.invalid").carry(LOOK, LOOKING)

    assert outcome.reason is Reason.REFUSED


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n"])  # fmt: skip
@pytest.mark.parametrize("abruptly", [True, False])
async def test_a_connection_that_breaks_in_the_middle(said, abruptly):
    async def script(call):
        await call.request()
        await call.say(said)
        if abruptly:
            call.reset()

    async with far_side(script) as side:
        carrier = side.carrier()
        outcome = await carrier.carry(LOOK, LOOKING)
        assert isinstance(outcome, Unreachable)
        assert outcome.reason is Reason.RESET
        assert outcome.sent
        assert len(side.calls) == 1


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200,
    ],
)
async def test_what_is_no_http_answer(said):
    async def script(call):
        await call.request()
        await call.say(said)
        await trio.sleep_forever()

    async with far_side(script) as side:
        outcome = await side.carrier().carry(LOOK, LOOKING)
        assert isinstance(outcome, Unreachable)
        assert outcome.reason is Reason.MALFORMED
        assert outcome.detail


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", b"x" * 10_000),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 10_000),
    ],
)
async def test_an_answer_without_measure_is_not_taken_in(monkeypatch, start, piece):
    monkeypatch.setattr(http, "ANSWER_BYTES_MAX", 100_000)

    async def script(call):
        await call.request()
        await call.say(start)
        while True:
            await call.say(piece)

    async with far_side(script) as side:
        with trio.fail_after(5):
            outcome = await side.carrier().carry(LOOK, LOOKING)
        assert outcome.reason is Reason.MALFORMED


# Through a link


async def test_a_deadline_ends_a_silent_call_and_its_connection():
    async def script(call):
        await call.request()
        silent.set()
        with pytest.raises((EOFError, trio.BrokenResourceError)):
            await call.request()
        closed.set()

    silent, closed = trio.Event(), trio.Event()
    seen: list[Sighting] = []
    async with far_side(script) as side:
        link = link_to(side.carrier(), seen.append, deadline_s=0.1)
        assert await link.call(LOOK, Nothing()) == Unreachable(Reason.TIMED_OUT)
        assert silent.is_set()
        with trio.fail_after(5):
            await closed.wait()
    assert [sighting.outcome for sighting in seen] == ["timed_out"]


async def test_a_repeatable_call_is_sent_again_when_its_connection_breaks():
    async def script(call):
        await call.request()
        if call.number:
            await call.answer()

    seen: list[Sighting] = []
    async with far_side(script) as side:
        assert await link_to(side.carrier(), seen.append).call(LOOK, Nothing()) == Done()
    assert [sighting.outcome for sighting in seen] == ["reset", "ok"]


async def test_a_call_that_may_not_be_repeated_is_not():
    async def script(call):
        await call.request()

    async with far_side(script) as side:
        outcome = await link_to(side.carrier()).call(SAY, Say("a"))
        assert isinstance(outcome, Unreachable) and outcome.reason is Reason.RESET
        assert len(side.requests) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("200 OK", b""),
        ("200 OK", b"<html>"),
        ("200 OK", b'{"done":"yes"}'),
        ("200 OK", b'{"done":true,"x":' + b"[" * 50_000),
        ("200 OK", b'{"x\xff":1}{'),
        ("302 Found", b'{"done":true}'),
        ("502 Bad Gateway", b"<html>"),
        ("502 Bad Gateway", b'{"title":"\xff"}'),
        ("404 Not Found", b'{"code":"never heard of"}'),
    ],
)
async def test_an_answer_of_another_kind_is_malformed(status, body):
    async def script(call):
        while True:
            await call.request()
            await call.answer(body, status=status)

    async with far_side(script) as side:
        outcome = await link_to(side.carrier()).call(LOOK, Nothing())
        assert isinstance(outcome, Unreachable)
        assert outcome.reason is Reason.MALFORMED


async def test_a_redirect_is_no_answer_of_bytes():
    async def script(call):
        await call.request()
        await call.answer(b"<html>moved</html>", "Location: /elsewhere", status="301 Moved")

    async with far_side(script) as side:
        outcome = await link_to(side.carrier()).call(TURN, b"abc")
        assert isinstance(outcome, Unreachable)
        assert outcome.reason is Reason.MALFORMED


async def test_a_problem_is_an_outcome():
    stopped = problem(ProblemCode.STOPPED, "止まっています。")

    async def script(call):
        await call.request()
        await call.answer(msgspec.json.encode(stopped), status="503 Stopped")

    async with far_side(script) as side:
        assert await link_to(side.carrier()).call(LOOK, Nothing()) == stopped

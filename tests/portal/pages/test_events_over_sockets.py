"""Streams of events behind real sockets, by both ways in: our own lane and hypercorn (real time)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest
import trio
from page_browser import Browser
from page_house import House

from portal.seams.clock import LiveClock
from portal.serving.event_stream import STREAMS_OF_ONE_MAX, Streams
from portal.serving.listen import Bound, bind, serve
from portal.web.cookies import SESSION_COOKIE
from portal.wire.moments import day_of
from portal.wire.records import RecordsRequest

BOTH = pytest.mark.parametrize("lane", [True, False], ids=["lane", "hypercorn"])


def streams_of(house: House) -> Streams:
    streams = house.portal.folder.changed.__self__  # type: ignore[attr-defined]
    assert isinstance(streams, Streams)
    return streams


async def eventually(holds: object) -> None:
    assert callable(holds)
    with trio.fail_after(10):
        while not holds():  # noqa: ASYNC110 - sockets close when the kernel says so
            await trio.sleep(0.01)


class Stream:
    """One stream as a browser reads it."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._rest = b""
        self.status = 0
        self.head = b""

    async def begin(self, cookie: str) -> None:
        request = f"GET /events HTTP/1.1\r\nhost: portal.test\r\naccept: text/event-stream\r\ncookie: {cookie}\r\n\r\n"
        await self._stream.send_all(request.encode())
        self.head = await self.until(b"\r\n\r\n")
        self.status = int(self.head.split(b" ")[1])

    async def until(self, mark: bytes) -> bytes:
        """What comes up to this; ends with the stream."""
        with trio.fail_after(10):
            while mark not in self._rest:
                part = await self._stream.receive_some()
                if not part:
                    raise EOFError
                self._rest += part
        found, _, self._rest = self._rest.partition(mark)
        return found

    async def state(self) -> bytes:
        await self.until(b"event: state\ndata: ")
        return await self.until(b"\n\n")

    async def ended(self) -> bytes:
        """What still came before its end, which must come."""
        with trio.fail_after(10):
            while b"\r\n0\r\n\r\n" not in b"\r\n" + self._rest and not self._rest.endswith(b"\r\n0\r\n\r\n"):
                part = await self._stream.receive_some()
                if not part:
                    break
                self._rest += part
        return self._rest


@asynccontextmanager
async def served(house: House, lane: bool) -> AsyncIterator[tuple[Bound, trio.CancelScope]]:
    bound = bind("127.0.0.1", 0)
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, house.front, bound, LiveClock(), lane=lane))
        yield bound, nursery.cancel_scope
        nursery.cancel_scope.cancel()
    bound.socket.close()


@asynccontextmanager
async def streaming(bound: Bound, browser: Browser) -> AsyncIterator[Stream]:
    token = next(value for (_, name), value in browser.jar.items() if name == SESSION_COOKIE)
    async with await trio.open_tcp_stream(bound.host, bound.port) as connection:
        stream = Stream(connection)
        await stream.begin(f"{SESSION_COOKIE}={token}")
        yield stream


@BOTH
@pytest.mark.requirement("REC-3", "SELF-6")
async def test_told_at_once_when_something_has_come(house: House, lane: bool) -> None:
    browser = await house.signed_in()
    owner = await house.owner()
    async with served(house, lane) as (bound, _):
        async with streaming(bound, browser) as stream:
            assert stream.status == 200 and b"text/event-stream" in stream.head
            assert b"no-store" in stream.head and b"content-length" not in stream.head.lower()
            before = await stream.state()
            today = day_of(house.world.clock.now_ms())
            await house.portal.records.request(owner, RecordsRequest(today - timedelta(days=1), today))
            with trio.fail_after(1):
                assert await stream.state() != before
            assert len(streams_of(house)) == 1
        # Its reader has left: nothing of it stays.
        await eventually(lambda: len(streams_of(house)) == 0)


@BOTH
async def test_it_ends_with_the_session_it_belongs_to(house: House, lane: bool) -> None:
    browser = await house.signed_in()
    async with served(house, lane) as (bound, _), streaming(bound, browser) as stream:
        await stream.state()
        await browser.get("/")
        await browser.press("ログアウト")
        with trio.fail_after(1):
            await stream.ended()
        await eventually(lambda: len(streams_of(house)) == 0)


@BOTH
async def test_who_is_not_signed_in_gets_none(house: House, lane: bool) -> None:
    browser = await house.signed_in()
    async with served(house, lane) as (bound, _):
        async with await trio.open_tcp_stream(bound.host, bound.port) as connection:
            stream = Stream(connection)
            await stream.begin(f"{SESSION_COOKIE}=nobody's")
            assert stream.status == 401
        await browser.get("/events")
        assert browser.path == "/", "opened by hand it is no stream"


@BOTH
async def test_a_session_has_so_many_at_a_time(house: House, lane: bool) -> None:
    browser, other = await house.signed_in(), await house.signed_in(1, "たろう")
    async with served(house, lane) as (bound, _), trio.open_nursery() as nursery:
        opened = trio.Event()
        left = STREAMS_OF_ONE_MAX

        async def keep_open() -> None:
            nonlocal left
            async with streaming(bound, browser) as stream:
                await stream.state()
                left -= 1
                if not left:
                    opened.set()
                await trio.sleep_forever()

        for _ in range(STREAMS_OF_ONE_MAX):
            nursery.start_soon(keep_open)
        await opened.wait()
        async with streaming(bound, browser) as one_more:
            assert one_more.status == 429
        async with streaming(bound, other) as others:
            assert others.status == 200
        nursery.cancel_scope.cancel()
    await eventually(lambda: len(streams_of(house)) == 0)


@BOTH
async def test_listening_is_no_sign_of_presence_and_ends_when_the_time_is_over(
    house: House, lane: bool
) -> None:
    browser = await house.signed_in()
    (token,) = (value for (_, name), value in browser.jar.items() if name == SESSION_COOKIE)
    session = await house.portal.sessions.find(token, extend=False)
    assert session is not None
    async with served(house, lane) as (bound, _), streaming(bound, browser) as stream:
        await stream.state()
        still = await house.portal.sessions.find(token, extend=False)
        assert still is not None and still.idle_until_ms == session.idle_until_ms
        house.world.clock.move(session.idle_until_ms - house.world.clock.now_ms() + 1)
        await stream.ended()


async def test_shutting_down_does_not_wait_for_readers(house: House) -> None:
    """An answer without an end must not hold up the end of the server: on the lane it is told at once."""
    browser = await house.signed_in()
    async with served(house, True) as (bound, scope), streaming(bound, browser) as stream:
        await stream.state()
        begun = trio.current_time()
        scope.cancel()
        with trio.CancelScope(shield=True):
            await stream.ended()
            await eventually(lambda: len(streams_of(house)) == 0)
            assert trio.current_time() - begun < 2

"""What a stream of events says, and when: in time that jumps (the rules, without HTTP)."""

import pytest
import trio

from portal.serving.event_stream import HEARTBEAT_SECONDS, EventBody, Look, Seen, Streams

FIRST = b"retry: 3000\nevent: state\ndata: %b\n\n"


class Watched:
    """Something that changes."""

    def __init__(self) -> None:
        self.seen: Seen | None = Seen("a", 1000.0)
        self.looks = 0

    async def look(self) -> Seen | None:
        self.looks += 1
        await trio.lowlevel.checkpoint()
        return self.seen


def body_of(streams: Streams, look: Look, about: str = "x", reader: object = "r") -> EventBody:
    return EventBody(streams, look, about, reader)


async def test_a_state_is_said_at_once_and_again_when_it_is_another() -> None:
    watched, streams = Watched(), Streams()
    async with body_of(streams, watched.look) as body, trio.open_nursery() as nursery:
        assert await anext(body) == FIRST % b"a"

        async def change() -> None:
            await trio.sleep(2)
            watched.seen = Seen("b")
            streams.ring("another's")
            await trio.sleep(1)
            streams.ring("x")

        nursery.start_soon(change)
        begun = trio.current_time()
        assert await anext(body) == b"event: state\ndata: b\n\n"
        assert trio.current_time() - begun == pytest.approx(3)


async def test_a_quiet_stream_gives_a_sign_of_life() -> None:
    watched, streams = Watched(), Streams()
    async with body_of(streams, watched.look) as body:
        await anext(body)
        begun = trio.current_time()
        for beat in (1, 2):
            assert await anext(body) == b":\n\n"
            assert trio.current_time() - begun == pytest.approx(beat * HEARTBEAT_SECONDS)


async def test_it_looks_when_what_it_watches_falls_due_and_says_nothing_new() -> None:
    watched, streams = Watched(), Streams()
    watched.seen = Seen("a", 1.0)
    async with body_of(streams, watched.look) as body:
        await anext(body)
        begun = trio.current_time()
        assert await anext(body) == b":\n\n"
        assert trio.current_time() - begun == pytest.approx(HEARTBEAT_SECONDS)
    assert HEARTBEAT_SECONDS <= watched.looks <= HEARTBEAT_SECONDS + 2


async def test_it_ends_when_its_reader_may_not_see_it_any_more() -> None:
    watched, streams = Watched(), Streams()
    async with body_of(streams, watched.look) as body:
        await anext(body)
        watched.seen = None
        streams.ring("x")
        assert [part async for part in body] == []
    assert len(streams) == 0


async def test_it_ends_with_what_it_watches() -> None:
    watched, streams = Watched(), Streams()
    async with body_of(streams, watched.look) as body:
        await anext(body)
        watched.seen = Seen("sent", last=True)
        streams.ring("x")
        assert [part async for part in body] == [b"event: state\ndata: sent\n\n"]
    watched.seen = Seen("sent", last=True)
    async with body_of(streams, watched.look) as body:
        assert [part async for part in body] == [FIRST % b"sent"]


async def test_a_change_between_two_looks_is_not_lost() -> None:
    """The bell rings while the stream is looking."""
    streams = Streams()
    states = iter("aab")

    async def look() -> Seen:
        state = next(states)
        streams.ring("x")
        return Seen(state, 1000.0)

    async with body_of(streams, look) as body:
        await anext(body)
        begun = trio.current_time()
        assert await anext(body) == b"event: state\ndata: b\n\n"
        assert trio.current_time() == begun


async def test_limits() -> None:
    watched = Watched()
    streams = Streams(most=3, of_one=2)
    async with body_of(streams, watched.look), body_of(streams, watched.look):
        assert streams.full_for("r") and not streams.full_for("another")
        async with body_of(streams, watched.look) as third:
            assert [part async for part in third] == []
        async with body_of(streams, watched.look, reader="another"):
            assert streams.full_for("anybody")
    assert len(streams) == 0 and not streams.full_for("r")


@pytest.mark.parametrize("state", ["a\nevent: x", "a\rb"])
async def test_a_state_cannot_say_another_event(state: str) -> None:
    async def look() -> Seen:
        return Seen(state)

    async with body_of(Streams(), look) as body:
        with pytest.raises(AssertionError):
            await anext(body)

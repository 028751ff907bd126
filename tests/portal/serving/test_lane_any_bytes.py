"""Whatever bytes come, the lane answers in HTTP and ends."""

import re
import socket

import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import make
from raw_client import Client, asking
from raw_requests import CHUNKED

from portal.seams.clock import LiveClock
from portal.serving.front import Front
from portal.serving.lane.reactor import open_reactor

PARTS = [
    asking("GET", "/greetings/a"), asking("POST", "/kept", b'{"name":"cup"}', Content_Type="application/json"),
    CHUNKED + b"0\r\n\r\n", CHUNKED + b"1\r\na\r\n0\r\n\r\n", asking("GET", "/health", Connection="close"),
    asking("GET", "/a", Upgrade="websocket", Connection="Upgrade"), asking("HEAD", "/health"),
]  # fmt: skip


@st.composite
def mutated(draw):
    """Requests with a few bytes changed, taken out or put in."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4))))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 6))
        data[place : place + length] = draw(
            st.one_of(
                st.binary(max_size=6), st.sampled_from([b"\r\n", b"\n", b"\r\n\r\n", b"0\r\n", b": ", b"\0"])
            )
        )
    return bytes(data)


async def talk(front, data: bytes, pieces: list[int]) -> bytes:
    """All that the lane says to these bytes, sent in these pieces."""
    ours, theirs = socket.socketpair()
    async with (
        open_reactor(front, LiveClock(), operations=front, connections_max=1) as reactor,
        trio.SocketStream(trio.socket.from_stdlib_socket(theirs)) as stream,
    ):
        reactor.adopt(ours)
        client = Client(stream)
        start = 0
        try:
            for end in [*sorted(pieces), len(data)]:
                await client.send(data[start:end])
                start = max(start, end)
                await trio.testing.wait_all_tasks_blocked()
            await stream.send_eof()
        except trio.BrokenResourceError:
            pass
        try:
            return await client.rest()
        except trio.BrokenResourceError:
            return client._rest


@settings(max_examples=150, deadline=None)
@given(data=mutated())
async def test_whatever_comes_the_answers_are_http_and_the_connection_ends(data):
    front = Front(make(LiveClock()).dispatcher)
    said = await talk(front, data, [])

    for answer in said.split(b"HTTP/1.1 ")[1:]:
        assert 100 <= int(answer[:3]) < 600
        assert b" 500 " not in answer[:10]
        assert b"\r\n\r\n" in answer


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(st.sampled_from(PARTS[:4]), min_size=1, max_size=4),
    cuts=st.lists(st.integers(0, 300), max_size=8),
)
async def test_how_requests_are_cut_into_pieces_changes_nothing(parts, cuts):
    front = Front(make(LiveClock()).dispatcher, stopwatch=lambda: 0)
    data = b"".join(parts)

    async def said(pieces: list[int]) -> bytes:
        # The second may end between the two.
        return re.sub(rb"date: [^\r]*", b"", await talk(front, data, pieces))

    assert await said([cut for cut in cuts if cut < len(data)]) == await said([])

"""The lane next to two servers that are none of ours: hypercorn's answers to the same bytes, h11's reading of any bytes.

The million inputs of the issue on speed are ``python tests/portal/serving/fuzzing.py 1000000``.
"""

import re

import h11
import pytest
import trio
from fuzzing import fuzz
from made_up import echo
from raw_client import asking, running
from raw_requests import SMUGGLING, head

LAWFUL = {
    "get": asking("GET", "/a?b=c"),
    "head": asking("HEAD", "/a"),
    "post": asking("POST", "/a", b"hello", Content_Type="text/plain"),
    "empty post": asking("POST", "/a", b""),
    "chunks": asking("PUT", "/a", Transfer_Encoding="chunked") + b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n",
    "chunks with a trailer": asking("POST", "/a", Transfer_Encoding="chunked") + b"1\r\na\r\n0\r\nX-Late: b\r\n\r\n",
    "large": asking("POST", "/a", b"x" * 200_000),
    "many headers": asking("GET", "/a", **{f"X_{n}": "y" * 50 for n in range(60)}),
    "the same header twice": head("GET /a HTTP/1.1", "Host: here", "X: 1", "X: 2"),
    "odd spaces": head("GET /a HTTP/1.1", "Host:   here  ", "X:\tb\t"),
    "encoded target": asking("GET", "/%E3%81%82/%2F?q=%20"),
    "options": asking("OPTIONS", "/a"),
    "delete": asking("DELETE", "/a"),
    "old": b"GET /a HTTP/1.0\r\nHost: here\r\n\r\n",
    "close": asking("GET", "/a", Connection="close"),
    "several": asking("GET", "/1") + asking("POST", "/2", b"two") + asking("HEAD", "/3") + asking("GET", "/4"),
    "expecting": asking("POST", "/a", b"hello", Expect="100-continue"),
}  # fmt: skip

METHODS = re.compile(rb"(GET|HEAD|POST|PUT|OPTIONS|DELETE) /")
STRICTER = {
    # RFC 9112 allows or orders to refuse them; h11, which hypercorn reads with, takes them.
    "length and chunks", "chunks and length", "the same length twice", "a list of lengths", "chunks of old",
    "chunk size with a space", "bare line feeds", "one bare line feed", "folded header",
    "unknown method",
}  # fmt: skip


def answers(said: bytes, asked: list[bytes]) -> list[tuple[int, bytes, bool]]:
    """Status, body and whether it is the last, of each answer."""
    parser, found = h11.Connection(h11.CLIENT), []
    parser.receive_data(said)
    parser.receive_data(b"")
    for method in asked:
        parser.send(h11.Request(method=method, target="/", headers=[("host", "here")]))
        parser.send(h11.EndOfMessage())
        status, body = 0, b""
        while not isinstance(event := parser.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.ConnectionClosed):
                return found
        last = parser.their_state is not h11.DONE
        found.append((status, body, last))
        if last:
            return found
        parser.start_next_cycle()
    return found


async def said_by(lane: bool, data: bytes) -> bytes:
    async with running(echo, lane=lane) as server, server.client() as client:
        await client.send(data)
        with trio.move_on_after(0.3):
            try:
                return await client.rest(60)
            except trio.BrokenResourceError:
                pass
        return client._rest


@pytest.mark.parametrize("name", LAWFUL)
async def test_what_is_lawful_is_answered_as_hypercorn_does(name):
    data = LAWFUL[name]
    asked = METHODS.findall(data)
    ours, theirs = answers(await said_by(True, data), asked), answers(await said_by(False, data), asked)

    assert len(ours) == len(asked)
    assert ours == theirs


@pytest.mark.parametrize("name", SMUGGLING)
async def test_what_hypercorn_refuses_we_refuse_and_more(name):
    ours, theirs = await said_by(True, SMUGGLING[name]), await said_by(False, SMUGGLING[name])

    assert ours.startswith(b"HTTP/1.1 400 ")
    refused = theirs == b"" or theirs[9:12] in (b"400", b"501")
    assert refused is (name not in STRICTER)


async def test_nothing_is_read_in_two_ways():
    lively, answered = await fuzz(3_000, seed=7)

    # Else the test shows nothing.
    assert lively > 1_000
    assert answered > 1_500

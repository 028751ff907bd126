"""What the lane refuses over real sockets, and how it says so."""

import json
from contextlib import suppress

import pytest
import trio
import trio.testing
from raw_client import Answer, Client, asking
from raw_requests import CHUNKED, SMUGGLING, head

from portal.serving.lane.limits import BODY_BYTES_MAX
from portal.serving.limits import ServingLimits


@pytest.mark.parametrize("name", SMUGGLING)
async def test_what_could_be_read_two_ways_is_refused(client, name):
    await client.send(SMUGGLING[name] + asking("GET", "/health"))

    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert await client.closed()


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (head("GET /health HTTP/2.0", "Host: a"), 505),
        (head("GET /health HTTP/0.9", "Host: a"), 505),
        (head("POST /pings HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked"), 501),
        (head("POST /pings HTTP/1.1", "Host: a", "Transfer-Encoding: gzip"), 501),
        (head("CONNECT here:443 HTTP/1.1", "Host: here:443"), 501),
        (head("GET /" + "a" * 9_000 + " HTTP/1.1", "Host: a"), 414),
        (head("GET / HTTP/1.1", "Host: a", "X: " + "b" * 33_000), 431),
        (head("GET / HTTP/1.1", "Host: a", *["X: b"] * 100), 431),
        (head("POST /turned HTTP/1.1", "Host: a", f"Content-Length: {BODY_BYTES_MAX + 1}"), 413),
    ],
)
async def test_what_is_not_served_is_told_why(client, request_head, status):
    await client.send(request_head)

    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert await client.closed()


@pytest.mark.parametrize("size", [5_000_000, 6_000_000, 6_000_001])
@pytest.mark.parametrize("in_chunks", [False, True])
async def test_an_operation_may_take_more_than_others(client, size, in_chunks):
    """Beyond what it takes, the answer is the problem that every refusal is, though the connection ends."""
    kind = "Content-Type: application/octet-stream"
    if in_chunks:
        framing, body = "Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
    else:
        framing, body = f"Content-Length: {size}", b"x" * size

    async def send() -> None:
        with suppress(trio.BrokenResourceError):
            await client.send(head("POST /counted HTTP/1.1", "Host: a", kind, framing) + body)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        answer = await client.answer()
        nursery.cancel_scope.cancel()

    if size <= 6_000_000:
        assert (answer.status, answer.body) == (200, str(size).encode())
    else:
        assert (answer.status, answer.headers["content-type"]) == (413, "application/problem+json")
        problem = json.loads(answer.body)
        assert (problem["code"], problem["status"]) == ("too-large", 413)
        assert "分けて送ってください" in problem["detail"]


async def test_good_requests_before_a_bad_one_are_answered(client):
    await client.send(asking("GET", "/greetings/1") + asking("GET", "/greetings/2") + b"nonsense\r\n\r\n")

    assert [(await client.answer()).status for _ in range(3)] == [200, 200, 400]
    assert await client.closed()


async def send_until_answered(client: Client, piece: bytes, bytes_max: int) -> Answer:
    """Send on and on, as a client that does not listen; what the server says in the end."""
    sent = 0
    async with trio.open_nursery() as nursery:

        async def send() -> None:
            nonlocal sent
            try:
                while sent < bytes_max:
                    await client.send(piece)
                    sent += len(piece)
            except trio.BrokenResourceError:
                pass

        nursery.start_soon(send)
        answer = await client.answer()
        nursery.cancel_scope.cancel()
    assert sent < bytes_max, "all of it was taken"
    return answer


async def test_a_header_without_end_is_not_taken_in(client):
    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    assert (await send_until_answered(client, b"b" * 10_000, 50_000_000)).status == 431


async def test_a_trailer_without_end_is_not_taken_in(client):
    await client.send(CHUNKED + b"0\r\nX: ")
    assert (await send_until_answered(client, b"b" * 10_000, 50_000_000)).status == 413


async def test_a_chunk_extension_without_end_is_not_taken_in(client):
    await client.send(CHUNKED + b"1;x=")
    assert (await send_until_answered(client, b"b" * 10_000, 50_000_000)).status == 413


async def test_a_body_in_chunks_beyond_the_limit_is_refused_and_the_client_sees_it(client):
    await client.send(CHUNKED)
    piece = b"10000\r\n" + b"b" * 65536 + b"\r\n"
    assert (await send_until_answered(client, piece, 50_000_000)).status == 413


@pytest.mark.parametrize("limits", [ServingLimits(connections_max=2)])
async def test_more_connections_than_the_limit_are_closed_at_once(server):
    async with server.client() as one, server.client() as two:
        assert [(await c.ask("GET", "/health")).status for c in (one, two)] == [200, 200]
        async with server.client() as three:
            assert await three.closed()
    await trio.testing.wait_all_tasks_blocked(0.02)
    async with server.client() as four:
        assert (await four.ask("GET", "/health")).status == 200

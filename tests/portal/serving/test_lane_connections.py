"""The lane's connections over real sockets: kept, shared by requests, ended."""

import json

import pytest
import trio
import trio.testing
from raw_client import asking


async def test_a_connection_is_kept_for_the_next_request(client):
    for number in range(5):
        answer = await client.ask("GET", f"/greetings/{number}")
        assert json.loads(answer.body) == {"text": f"こんにちは {number}"}
        assert "connection" not in answer.headers


async def test_connection_close_closes(client):
    answer = await client.ask("GET", "/health", Connection="close")

    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await client.closed()


@pytest.mark.parametrize(("wish", "kept"), [("", False), ("Connection: keep-alive\r\n", True)])
async def test_http_1_0_is_closed_unless_it_wishes_otherwise(client, wish, kept):
    await client.send(f"GET /health HTTP/1.0\r\n{wish}\r\n".encode())

    answer = await client.answer()

    assert answer.headers["connection"] == ("keep-alive" if kept else "close")
    if kept:
        assert (await client.ask("GET", "/health")).status == 200
    else:
        assert await client.closed()


async def test_requests_sent_at_once_are_answered_in_order(client):
    await client.send(b"".join(asking("GET", f"/greetings/{n}") for n in range(200)))

    for number in range(200):
        assert json.loads((await client.answer()).body) == {"text": f"こんにちは {number}"}


async def test_what_follows_a_close_is_not_answered(client):
    await client.send(asking("GET", "/health", Connection="close") + asking("GET", "/health"))

    assert (await client.rest()).count(b"HTTP/1.1 ") == 1


async def test_a_client_that_has_finished_sending_still_gets_its_answer(client, made_up):
    await client.send(asking("POST", "/waits", b"") + asking("GET", "/health"))
    await client.stream.send_eof()
    await trio.testing.wait_all_tasks_blocked(0.02)
    made_up.waiting[0].set()

    assert (await client.answer()).body == b'{"done":true}'
    assert (await client.answer()).status == 200
    assert await client.closed()


async def test_a_request_may_come_in_any_pieces(client):
    for byte in asking("POST", "/kept", b'{"name":"cup"}', Content_Type="application/json"):
        await client.send(bytes([byte]))

    assert (await client.answer()).status == 201


async def test_1000_mixed_requests_on_16_connections(server):
    """Bodies read and unread, refused, chunked, of every size, some connections closed on the way."""
    kinds = [
        ("GET", "/greetings/a?times=3", None, 200),
        ("POST", "/kept", b'{"name":"cup"}', 201),
        ("POST", "/kept", b"{", 400),
        ("POST", "/pings", b"", 200),
        ("POST", "/nothing", b"unread" * 1000, 404),
        ("POST", "/turned", b"ab" * 100_000, 200),
        ("POST", "/kept", b"x" * 70_000, 413),
        ("HEAD", "/health", None, 200),
        ("DELETE", "/kept", None, 405),
    ]
    answered = 0

    async def talk(which: int) -> None:
        nonlocal answered
        numbers = iter(range(which, 1000, 16))
        closed = True
        while closed:
            closed = False
            async with server.client() as client:
                for number in numbers:
                    method, target, body, status = kinds[number * 7 % len(kinds)]
                    media = "application/octet-stream" if target == "/turned" else "application/json"
                    headers = {"Content_Type": media}
                    if number % 10 == 3:
                        headers["Connection"] = "close"
                    answer = await client.ask(method, target, body, **headers)
                    assert answer.status == status
                    answered += 1
                    if target == "/turned":
                        assert answer.body == body[::-1]
                    if "Connection" in headers:
                        assert await client.closed()
                        closed = True
                        break

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            for which in range(16):
                nursery.start_soon(talk, which)
    assert answered == 1000

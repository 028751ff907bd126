"""The pages behind real sockets, by both ways in: our own lane and hypercorn (real time)."""

from functools import partial

import pytest
import trio
from page_house import House

from portal.seams.clock import LiveClock
from portal.serving.listen import Bound, bind, serve

CONNECTIONS = 8
REQUESTS = 12


def ask(method: str, path: str, cookie: str, body: bytes = b"", connection: str = "keep-alive") -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: portal.test\r\ncookie: {cookie}\r\nconnection: {connection}\r\n"
        f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def read_one(stream: trio.SocketStream) -> tuple[int, bytes]:
    """One whole answer; every page of ours says how long it is."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = await stream.receive_some()
        assert part, f"closed after {data!r}"
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    length = int(fields[b"content-length"])
    while len(body) < length:
        body += await stream.receive_some()
    assert len(body) == length
    return int(head.split(b" ")[1]), body


@pytest.mark.parametrize("lane", [True, False], ids=["lane", "hypercorn"])
async def test_no_request_hangs(house: House, lane: bool) -> None:
    browser = await house.signed_in()
    cookie = "; ".join(f"{name}={value}" for (_, name), value in browser.jar.items())
    wanted = [
        (ask("GET", "/", cookie), 200),
        (ask("POST", "/settings", cookie, b"csrf=x&nickname=x"), 403),
        (ask("POST", "/", cookie, b"x" * 30_000), 405),
        (ask("GET", "/nothing", cookie, b"a body that nobody reads"), 404),
        (ask("POST", "/settings", cookie, b"x" * 65_537), 413),
        (ask("GET", "/static/portal.css", cookie), 200),
        (ask("GET", "/records", ""), 303),
    ]
    served = 0

    async def keep_asking(bound: Bound, first: int) -> None:
        nonlocal served
        stream = await trio.open_tcp_stream(bound.host, bound.port)
        async with stream:
            for number in range(REQUESTS):
                request, status = wanted[(first + number) % len(wanted)]
                await stream.send_all(request)
                assert (await read_one(stream))[0] == status
                served += 1

    async def close_each(bound: Bound) -> None:
        nonlocal served
        for _ in range(REQUESTS):
            stream = await trio.open_tcp_stream(bound.host, bound.port)
            async with stream:
                await stream.send_all(ask("GET", "/records", cookie, connection="close"))
                status, body = await read_one(stream)
                assert status == 200 and "はなこ".encode() in body
                assert await stream.receive_some() == b""
                served += 1

    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            bound = bind("127.0.0.1", 0)
            await nursery.start(partial(serve, house.front, bound, LiveClock(), lane=lane))
            async with trio.open_nursery() as clients:
                for number in range(CONNECTIONS):
                    clients.start_soon(keep_asking, bound, number)
                clients.start_soon(close_each, bound)
            nursery.cancel_scope.cancel()
    bound.socket.close()

    assert served == (CONNECTIONS + 1) * REQUESTS

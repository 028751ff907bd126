"""The lane's limits of time over real sockets: slow clients, slow answers, and the end of the server."""

import pytest
import trio
import trio.lowlevel
import trio.testing
from raw_client import Client, asking, running

from portal.serving.limits import ServingLimits


@pytest.mark.parametrize("limits", [ServingLimits(receiving_seconds_max=0.1)])
async def test_a_slow_request_is_ended(client):
    for piece in (b"GET /hea", b"lth HTTP/1.1\r\n", b"Host: a"):
        await client.send(piece)
        await trio.sleep(0.02)

    answer = await client.answer()

    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert await client.closed()


@pytest.mark.parametrize("limits", [ServingLimits(idle_seconds_max=0.1)])
async def test_an_idle_connection_is_ended_without_a_word(server):
    async with server.client() as silent, server.client() as after_one:
        assert (await after_one.ask("GET", "/health")).status == 200
        assert await silent.closed()
        assert await after_one.closed()


@pytest.mark.parametrize("limits", [ServingLimits(idle_seconds_max=0.15)])
async def test_line_breaks_do_not_keep_a_connection(server):
    async with server.client() as client, trio.open_nursery() as nursery:

        async def keep_it_alive() -> None:
            try:
                while True:
                    await client.send(b"\r\n")
                    await trio.sleep(0.02)
            except trio.BrokenResourceError:
                pass

        nursery.start_soon(keep_it_alive)
        assert await client.closed(within_s=2)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "limits", [ServingLimits(idle_seconds_max=0.05, receiving_seconds_max=0.05, sending_seconds_max=0.05)]
)
async def test_a_slow_answer_is_not_ended_by_the_limit_on_requests(client, made_up):
    await client.send(asking("POST", "/waits", b""))
    await trio.sleep(0.2)
    made_up.waiting[0].set()

    assert (await client.answer()).status == 200


async def test_a_client_that_does_not_take_its_answer_is_let_go():
    ended = trio.Event()

    async def app(scope, receive, send):
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
        finally:
            ended.set()

    async with (
        running(app, limits=ServingLimits(sending_seconds_max=0.1)) as server,
        server.client() as client,
    ):
        await client.send(asking("GET", "/"))
        with trio.fail_after(5):
            await ended.wait()


@pytest.mark.parametrize("abruptly", [True, False])
async def test_a_client_that_goes_in_the_middle_of_its_answer_stops_the_app(server, abruptly):
    ended = trio.Event()

    async def app(scope, receive, send):
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 1_000, "more_body": True})
                await trio.lowlevel.checkpoint()
        finally:
            ended.set()

    async with running(app) as server:
        client = Client(await trio.open_tcp_stream(server.bound.host, server.bound.port))
        await client.send(asking("GET", "/"))
        await client.stream.receive_some()
        if not abruptly:
            await client.stream.send_eof()
        await client.aclose()
        with trio.fail_after(5):
            await ended.wait()
        async with server.client() as client:
            await client.send(asking("GET", "/"))
            assert (await client.stream.receive_some())[:12] == b"HTTP/1.1 200"


async def test_an_app_that_listens_learns_that_the_client_has_gone():
    """As a page with server-sent events does."""
    heard: list[str] = []
    ended = trio.Event()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"event", "more_body": True})
        heard.append((await receive())["type"])
        heard.append((await receive())["type"])
        ended.set()

    async with running(app) as server:
        async with server.client() as client:
            await client.send(asking("GET", "/"))
            await client.stream.receive_some()
        with trio.fail_after(5):
            await ended.wait()
    assert heard == ["http.request", "http.disconnect"]


# The end


async def test_idle_connections_end_at_once_and_busy_ones_after_their_answer(server, made_up):
    async with server.client() as idle, server.client() as fresh, server.client() as busy:
        assert (await idle.ask("GET", "/health")).status == 200
        assert (await busy.ask("GET", "/health")).status == 200
        await busy.send(asking("POST", "/waits", b"") + asking("GET", "/health"))
        await trio.testing.wait_all_tasks_blocked(0.02)

        server.stop.cancel()

        assert await idle.closed(within_s=1)
        assert await fresh.closed(within_s=1)
        assert not server.stopped.is_set()
        made_up.waiting[0].set()
        answer = await busy.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await busy.closed(within_s=1)
        with trio.fail_after(1):
            await server.stopped.wait()


@pytest.mark.parametrize("limits", [ServingLimits(shutdown_seconds_max=0.1)])
async def test_a_busy_connection_does_not_hold_up_the_end_for_ever(server, made_up):
    async with server.client() as busy:
        await busy.send(asking("POST", "/waits", b""))
        await trio.testing.wait_all_tasks_blocked(0.02)
        server.stop.cancel()
        with trio.fail_after(2):
            await server.stopped.wait()

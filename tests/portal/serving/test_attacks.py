"""What ended hypercorn's trio worker from outside (STACK.md 12a) ends one connection here; the system goes on."""

import base64
import contextlib

import h2.connection
import hypercorn.trio.run as hypercorn_run
import pytest
import trio
import trio.testing
from h11 import LocalProtocolError
from hypercorn.trio.tcp_server import TCPServer
from made_up import make
from quart_trio import QuartTrio
from raw_client import asking, running

from portal.seams.clock import LiveClock
from portal.serving import listen
from portal.serving.front import Front
from portal.serving.limits import ServingLimits

CONNECTIONS = 16
STREAMS = 4
LANE = pytest.mark.parametrize("lane", [True, False], ids=["lane", "hypercorn"])
GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


def pages() -> QuartTrio:
    app = QuartTrio(__name__)

    @app.get("/page")
    async def page() -> str:
        return "page" * 20_000

    return app


@pytest.fixture
async def attacked(lane):
    """A server that must still answer when the attack is over."""
    async with running(Front(make(LiveClock()).dispatcher, pages()), lane=lane) as server:
        yield server
        await trio.testing.wait_all_tasks_blocked(0.02)
        assert not server.stopped.is_set()
        for target in ("/health", "/page"):
            async with server.client() as client:
                assert (await client.ask("GET", target, Connection="close")).status == 200


async def say_and_leave(server, data: bytes, *, hear: bool) -> None:
    stream = await trio.open_tcp_stream(server.bound.host, server.bound.port)
    with contextlib.suppress(*GONE):
        await stream.send_all(data)
        if hear:
            await stream.receive_some()
    await trio.aclose_forcefully(stream)


@LANE
@pytest.mark.parametrize("hear", [True, False])
@pytest.mark.parametrize("target", ["/health", "/page"])
async def test_clear_text_http2_closed_in_mid_flight(attacked, hear, target):
    async def attack() -> None:
        client = h2.connection.H2Connection()
        client.initiate_connection()
        for _ in range(STREAMS):
            client.send_headers(
                client.get_next_available_stream_id(),
                [(":method", "GET"), (":path", target), (":authority", "here"), (":scheme", "http")],
                end_stream=True,
            )
        await say_and_leave(attacked, client.data_to_send(), hear=hear)

    async with trio.open_nursery() as nursery:
        for _ in range(CONNECTIONS):
            nursery.start_soon(attack)


@LANE
async def test_clear_text_http2_gets_no_http2(attacked):
    client = h2.connection.H2Connection()
    client.initiate_connection()
    async with attacked.client() as connection:
        await connection.send(client.data_to_send())
        said = b""
        with contextlib.suppress(*GONE):
            said = await connection.rest()
    assert said == b"" or said.startswith(b"HTTP/1.1 400 ")


@LANE
async def test_an_upgrade_to_clear_text_http2_closed_in_mid_flight(attacked):
    settings = base64.urlsafe_b64encode(b"").decode()
    request = asking(
        "GET", "/page", Connection="Upgrade, HTTP2-Settings", Upgrade="h2c", HTTP2_Settings=settings
    )
    preface = h2.connection.H2Connection()
    preface.initiate_connection()

    async with trio.open_nursery() as nursery:
        for _ in range(CONNECTIONS):
            nursery.start_soon(lambda: say_and_leave(attacked, request + preface.data_to_send(), hear=True))


@LANE
@pytest.mark.parametrize("hear", [True, False])
@pytest.mark.parametrize("stray", [b"x", b"\xff", b"\x88\x00", b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
@pytest.mark.parametrize("target", ["/health", "/page"])
async def test_a_websocket_upgrade_followed_by_a_stray_byte(attacked, stray, hear, target):
    request = asking(
        "GET", target, Connection="Upgrade", Upgrade="websocket",
        Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==", Sec_WebSocket_Version="13",
    )  # fmt: skip
    async with trio.open_nursery() as nursery:
        for _ in range(4):
            nursery.start_soon(lambda: say_and_leave(attacked, request + stray, hear=hear))


async def test_the_stray_byte_ends_a_worker_without_the_guard(monkeypatch):
    """Else the tests above show nothing: the same bytes, hypercorn as it comes."""
    monkeypatch.setattr(listen, "install", lambda *_: None)
    monkeypatch.setattr(hypercorn_run, "TCPServer", TCPServer)
    request = asking(
        "GET", "/health", Connection="Upgrade", Upgrade="websocket",
        Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==", Sec_WebSocket_Version="13",
    )  # fmt: skip
    with pytest.RaisesGroup(LocalProtocolError, flatten_subgroups=True, allow_unwrapped=True):
        with trio.fail_after(10):
            limits = ServingLimits(shutdown_seconds_max=0.1)
            async with running(Front(make(LiveClock()).dispatcher), lane=False, limits=limits) as server:
                await say_and_leave(server, request + b"x", hear=True)
                await trio.sleep_forever()


@LANE
async def test_connections_that_break_off_anywhere(attacked):
    whole = asking("POST", "/kept", b'{"name":"cup"}', Content_Type="application/json")

    async with trio.open_nursery() as nursery:
        for length in range(0, len(whole), 3):
            nursery.start_soon(lambda length=length: say_and_leave(attacked, whole[:length], hear=False))

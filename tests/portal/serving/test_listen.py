"""A port of its own for each system, and the front behind it."""

import contextlib
import socket

import pytest
import trio
from made_up import make
from raw_client import running

from portal.seams.clock import LiveClock
from portal.serving.front import Front
from portal.serving.limits import ServingLimits
from portal.serving.listen import Bound, NoFreePort, bind, join


@contextlib.contextmanager
def listening(*ports: int):
    with contextlib.ExitStack() as held:
        yield [held.enter_context(contextlib.closing(bind("127.0.0.1", port).socket)) for port in ports]


def test_any_port():
    with listening(0, 0) as sockets:
        ports = [held.getsockname()[1] for held in sockets]
    assert len(set(ports)) == 2


def test_a_port_in_use_becomes_the_next_free_one_and_that_is_said():
    with listening(0) as (held,):
        wanted = held.getsockname()[1]
        bound = bind("127.0.0.1", wanted)
        with contextlib.closing(bound.socket):
            assert bound.port > wanted
            assert bound.moved
            assert bound.url == f"http://127.0.0.1:{bound.port}"


def test_a_shared_port_spreads_who_connects_over_those_who_joined():
    first = bind("127.0.0.1", 0, shared=True)
    second = join(first)
    with (
        contextlib.closing(first.socket),
        contextlib.closing(second.socket),
        contextlib.ExitStack() as callers,
    ):
        for _ in range(60):
            caller = callers.enter_context(socket.create_connection(("127.0.0.1", first.port)))
            assert caller.getpeername()[1] == first.port
        accepted = []
        for bound in (first, second):
            accepted.append(0)
            with contextlib.suppress(BlockingIOError):
                while True:
                    bound.socket.accept()[0].close()
                    accepted[-1] += 1
    assert sum(accepted) == 60
    assert min(accepted) > 5


def test_nobody_comes_to_share_a_port_by_looking_for_a_free_one():
    """Another installation of the same user, which shares its own port too."""
    first = bind("127.0.0.1", 0, shared=True)
    with contextlib.closing(first.socket):
        other = bind("127.0.0.1", first.port, shared=True)
        with contextlib.closing(other.socket):
            assert other.port != first.port
            assert other.moved


def test_a_port_that_was_not_bound_to_be_shared_can_not_be_joined():
    with listening(0) as (held,):
        port = held.getsockname()[1]
        with pytest.raises(NoFreePort, match=f"ポート{port}を分け合えません"):
            join(Bound(held, "127.0.0.1", port, port))


def test_a_free_port_is_not_moved():
    with listening(0) as (held,):
        port = held.getsockname()[1]
    bound = bind("127.0.0.1", port)
    bound.socket.close()
    assert (bound.port, bound.moved) == (port, False)


def test_exactly_this_port_or_none():
    with listening(0) as (held,):
        wanted = held.getsockname()[1]
        with pytest.raises(NoFreePort, match=f"ポート{wanted}.*設定の port を変える"):
            bind("127.0.0.1", wanted, exact=True)


def test_no_free_port_at_the_end_of_all_ports(monkeypatch):
    monkeypatch.setattr("portal.serving.listen.PORTS_TRIED", 1)
    with listening(0) as (held,), pytest.raises(NoFreePort):
        bind("127.0.0.1", held.getsockname()[1])


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_no_matter_of_ports(host):
    with pytest.raises(NoFreePort, match=f"{host}.*設定の host"):
        bind(host, 0)


def test_a_newer_kind_of_address_stands_in_brackets():
    with socket.socket() as unused:
        assert Bound(unused, "::1", 80, 80).url == "http://[::1]:80"


@pytest.mark.parametrize("lane", [True, False])
async def test_a_system_without_pages_answers_every_address(lane):
    async with running(Front(make(LiveClock()).dispatcher), lane=lane) as server, server.client() as client:
        assert (await client.ask("GET", "/nothing")).status == 404
        assert (await client.ask("GET", "/health")).status == 200


async def test_a_stopped_server_frees_its_port():
    async with running(Front(make(LiveClock()).dispatcher)) as server:
        port = server.bound.port
    bound = bind("127.0.0.1", port, exact=True)
    bound.socket.close()


@pytest.mark.parametrize("lane", [True, False])
async def test_no_more_connections_than_were_allowed(lane):
    limits = ServingLimits(connections_max=2)
    front = Front(make(LiveClock()).dispatcher)
    async with (
        running(front, lane=lane, limits=limits) as server,
        server.client() as first,
        server.client() as second,
    ):
        assert (await first.ask("GET", "/health")).status == 200
        assert (await second.ask("GET", "/health")).status == 200
        async with await trio.open_tcp_stream("127.0.0.1", server.bound.port) as third:
            with contextlib.suppress(trio.BrokenResourceError):
                await third.send_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
                assert await third.receive_some() == b""
        assert (await first.ask("GET", "/health")).status == 200

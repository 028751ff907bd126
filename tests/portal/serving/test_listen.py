"""A port of its own for each system, and the front behind it."""

import contextlib
import socket

import pytest
from made_up import make
from raw_client import running

from portal.seams.clock import LiveClock
from portal.serving.front import Front
from portal.serving.listen import Bound, NoFreePort, bind


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

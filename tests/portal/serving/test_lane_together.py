"""The answers of one turn leave together, and none waits for long."""

import contextlib
import socket

import pytest
import trio
import trio.testing
from raw_client import asking

from portal.seams.clock import LiveClock
from portal.serving.lane import reactor as lane
from portal.serving.lane.reactor import open_reactor

CLIENTS = 4


class Asked:
    """An app that looks, at each request, at who has been answered before."""

    def __init__(
        self, takes_seconds: float = 0.0, *, waits: bool = False, clock: trio.testing.MockClock
    ) -> None:
        self.clients = [socket.socketpair() for _ in range(CLIENTS)]
        self.answered: list[int] = []
        self._takes_seconds = takes_seconds
        self._waits = waits
        self._clock = clock

    async def __call__(self, scope, receive, send):
        self.answered.append(sum(self.has_answer(each) for each, _ in self.clients))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
        self._clock.jump(self._takes_seconds)
        if self._waits:
            await trio.lowlevel.checkpoint()

    @staticmethod
    def has_answer(client: socket.socket) -> bool:
        try:
            return client.recv(4096, socket.MSG_DONTWAIT | socket.MSG_PEEK).endswith(b"ok")
        except BlockingIOError:
            return False


@contextlib.asynccontextmanager
async def asked(app: Asked, *, requests: bytes):
    async with open_reactor(app, LiveClock(), connections_max=CLIENTS) as reactor:
        await trio.testing.wait_all_tasks_blocked()
        for client, server in app.clients:
            client.sendall(requests)
            reactor.adopt(server)
        await trio.testing.wait_all_tasks_blocked()
        yield
    for client, _ in app.clients:
        client.close()


async def test_answers_of_one_turn_leave_together(mock_clock):
    app = Asked(clock=mock_clock)
    async with asked(app, requests=asking("GET", "/")):
        assert app.answered == [0] * CLIENTS
        assert all(app.has_answer(client) for client, _ in app.clients)


async def test_an_answer_does_not_wait_longer_than_that(mock_clock):
    app = Asked(lane.TOGETHER_SECONDS, clock=mock_clock)
    async with asked(app, requests=asking("GET", "/")):
        # The first one's time is over when the second is ready; the same with the third and the fourth.
        assert app.answered == [0, 0, 2, 2]
        assert all(app.has_answer(client) for client, _ in app.clients)


async def test_an_answer_does_not_wait_for_what_its_app_still_does(mock_clock):
    app = Asked(clock=mock_clock, waits=True)
    async with asked(app, requests=asking("GET", "/")):
        assert app.answered == [0, 1, 2, 3]


@pytest.mark.parametrize("how", [socket.SHUT_WR, socket.SHUT_RDWR])
async def test_who_has_finished_sending_is_answered_like_others(mock_clock, how):
    app = Asked(clock=mock_clock)
    app.clients[1][0].sendall(asking("GET", "/"))
    app.clients[1][0].shutdown(how)
    async with open_reactor(app, LiveClock(), connections_max=CLIENTS) as reactor:
        await trio.testing.wait_all_tasks_blocked()
        for client, server in app.clients:
            if client is not app.clients[1][0]:
                client.sendall(asking("GET", "/"))
            reactor.adopt(server)
        await trio.testing.wait_all_tasks_blocked()
        assert len(reactor) == CLIENTS - 1
        assert [app.has_answer(client) for client, _ in app.clients] == [
            True,
            how == socket.SHUT_WR,
            True,
            True,
        ]
    for client, _ in app.clients:
        client.close()


async def test_several_requests_of_each_are_answered_in_order(mock_clock):
    app = Asked(clock=mock_clock)
    async with asked(app, requests=asking("GET", "/") * 3):
        for client, _ in app.clients:
            assert client.recv(65536).count(b"HTTP/1.1 200") == 3

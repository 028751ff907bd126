"""Nobody on the lane costs the others anything."""

import json

import pytest
import trio
import trio.lowlevel
from made_up import echo
from raw_client import Client, asking

from portal.seams.clock import LiveClock
from portal.serving.front import Front
from portal.serving.lane.reactor import open_reactor
from portal.serving.listen import bind
from portal.wire.operation import WireResponse


class Misbehaving:
    """Operations whose answers can't be sent; *late*: only after a wait."""

    def __init__(self, *, late: bool) -> None:
        self._late = late

    def operate(self, received, peer):
        return self._answer(received.target)

    async def _answer(self, target):
        if self._late:
            await trio.lowlevel.checkpoint()
        if target == b"/bad":
            return WireResponse(200, "text/plain", b"x", (("x", "a\r\nb"),))
        return WireResponse(200, "text/plain", b"ok")

    def body_limit(self, method, target):
        return 1_000


@pytest.mark.parametrize("late", [True, False])
async def test_an_answer_that_cannot_be_sent_costs_its_connection_only(late):
    listener = bind("127.0.0.1", 0).socket
    with listener:
        async with open_reactor(
            echo, LiveClock(), operations=Misbehaving(late=late), connections_max=10
        ) as reactor:
            reactor.listen(listener)
            for _ in range(3):
                for target, wanted in (("/bad", b""), ("/good", b"HTTP/1.1 200 OK")):
                    async with await trio.open_tcp_stream(*listener.getsockname()) as stream:
                        await stream.send_all(asking("GET", target))
                        with trio.fail_after(5):
                            assert bytes(await stream.receive_some())[:15] == wanted


async def test_where_no_task_can_be_lent_everything_is_answered_a_pass_later(made_up):
    """As with a Trio that differs inside from what lane/lending.py knows."""
    front = Front(made_up.dispatcher)
    with bind("127.0.0.1", 0).socket as listener:
        async with open_reactor(
            front, LiveClock(), operations=front, connections_max=10, at_once=False
        ) as reactor:
            reactor.listen(listener)
            async with await trio.open_tcp_stream(*listener.getsockname()) as stream:
                client = Client(stream)
                await client.send(b"".join(asking("GET", f"/greetings/{n}") for n in range(100)))
                for number in range(100):
                    assert json.loads((await client.answer()).body) == {"text": f"こんにちは {number}"}
                await client.send(asking("POST", "/waits", b""))
                while not made_up.waiting:
                    await trio.lowlevel.checkpoint()
                made_up.waiting[0].set()
                assert (await client.answer()).status == 200


async def test_one_who_sends_on_and_on_does_not_hold_up_the_others(server):
    many = b"".join(asking("GET", f"/greetings/{n}") for n in range(500))
    answered = 0
    async with server.client() as greedy, server.client() as modest, trio.open_nursery() as nursery:

        async def take() -> None:
            nonlocal answered
            while True:
                answered += bytes(await greedy.stream.receive_some()).count(b"HTTP/1.1 200")

        async def send() -> None:
            while True:
                await greedy.send(many)

        nursery.start_soon(take)
        nursery.start_soon(send)
        while answered < 1_000:
            await trio.lowlevel.checkpoint()
        for _ in range(20):
            assert (await modest.ask("GET", "/health")).status == 200
        assert answered > 1_000
        nursery.cancel_scope.cancel()


async def test_who_does_not_take_his_answers_is_not_read_any_more(server):
    """Neither what he sends nor what he is owed grows here."""
    async with server.client() as client:
        request = asking("GET", "/greetings/" + "a" * 40 + "?times=9")
        sent = 0
        with trio.move_on_after(0.5):
            while True:
                await client.send(request * 500)
                sent += len(request) * 500
        # The kernel's buffers of both sides, and a little of ours.
        assert sent < 40_000_000
        async with server.client() as other:
            assert (await other.ask("GET", "/health")).status == 200

"""The HTTP carrier's connections: kept, shared, replaced, ended."""

import pytest
import trio
import trio.testing
from asked import LOOK, LOOKING, SAY, SAYING
from far_side import answer_all, far_side

from portal.links import http
from portal.links.link import Reason
from portal.wire.operation import WireRequest


async def test_connections_are_kept_and_shared():
    async with far_side(answer_all) as side:
        carrier = side.carrier()
        for _ in range(10):
            assert (await carrier.carry(LOOK, LOOKING)).status == 200
        assert len(side.calls) == 1


async def test_many_tasks_over_few_connections():
    at_once = most = 0

    async def script(call):
        nonlocal at_once, most
        while True:
            request = await call.request()
            at_once += 1
            most = max(most, at_once)
            await trio.sleep(0.001)
            at_once -= 1
            await call.answer(request.split(b" ")[1])

    answers = {}
    async with far_side(script) as side:
        carrier = side.carrier(connections_max=4)

        async def ask(number):
            answers[number] = (await carrier.carry(LOOK, WireRequest("GET", f"/{number}"))).body

        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(ask, number)
        assert len(side.calls) == most == 4
    assert answers == {number: f"/{number}".encode() for number in range(200)}


async def test_more_waiting_calls_than_the_limit_are_refused_at_once(monkeypatch):
    monkeypatch.setattr(http, "CALLS_WAITING_MAX", 2)
    outcomes = []

    async def script(call):
        await call.request()
        await go_on.wait()
        await call.answer()
        await answer_all(call)

    go_on = trio.Event()
    async with far_side(script) as side:
        carrier = side.carrier(connections_max=1)

        async def ask():
            outcomes.append(await carrier.carry(LOOK, LOOKING))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked(0.02)
            assert [outcome.reason for outcome in outcomes] == [Reason.OVERLOADED] * 2
            assert not outcomes[0].sent
            go_on.set()
    assert [outcome.status for outcome in outcomes[2:]] == [200] * 3


@pytest.mark.parametrize("head", ["Connection: close", "connection: Close"])
async def test_an_answer_that_says_close_ends_the_connection(head):
    async def script(call):
        await call.request()
        await call.answer(b"{}", head)
        await call.request()

    async with far_side(script) as side:
        carrier = side.carrier()
        for _ in range(2):
            assert (await carrier.carry(LOOK, LOOKING)).status == 200
        assert len(side.calls) == 2


@pytest.mark.parametrize("operation", [LOOK, SAY])
async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced_unseen(operation):
    async def script(call):
        await call.request()
        await call.answer()

    request = LOOKING if operation is LOOK else SAYING
    async with far_side(script) as side:
        carrier = side.carrier()
        for _ in range(3):
            assert (await carrier.carry(operation, request)).status == 200
            await trio.testing.wait_all_tasks_blocked(0.01)
        assert len(side.calls) == len(side.requests) == 3


async def test_a_kept_connection_that_closes_under_the_request_is_resent_only_where_that_is_safe():
    """The close is on its way while the request is: whether it was carried out nobody knows."""

    async def script(call):
        await call.request()
        await call.answer()
        if call.number == 0:
            await call.request()
        else:
            await answer_all(call)

    for operation, request in ((LOOK, LOOKING), (SAY, SAYING)):
        async with far_side(script) as side:
            carrier = side.carrier()
            await carrier.carry(operation, request)
            outcome = await carrier.carry(operation, request)
            if operation is LOOK:
                assert outcome.status == 200
                assert len(side.requests) == 3
            else:
                assert outcome.reason is Reason.RESET and outcome.sent
                assert len(side.requests) == 2
            assert (await carrier.carry(operation, request)).status == 200


async def test_words_that_nobody_asked_for_reach_no_caller():
    """A second answer, at once or later, would be taken for the next caller's."""

    async def script(call):
        await call.request()
        await call.answer(b"mine")
        if call.number == 0:
            await call.answer(b"not yours")
        await call.request()
        await call.answer(b"mine")

    async with far_side(script) as side:
        carrier = side.carrier()
        for _ in range(4):
            assert (await carrier.carry(LOOK, LOOKING)).body == b"mine"
            await trio.testing.wait_all_tasks_blocked(0.01)


async def test_two_answers_in_one_piece_end_the_connection():
    twice = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmineHTTP/1.1 201 OK\r\nContent-Length: 3\r\n\r\nnot"

    async def script(call):
        while True:
            await call.request()
            await call.say(twice)

    async with far_side(script) as side:
        carrier = side.carrier()
        for _ in range(3):
            answer = await carrier.carry(LOOK, LOOKING)
            assert (answer.status, answer.body) == (200, b"mine")
        assert len(side.calls) == 3


async def test_a_cancelled_call_leaves_no_half_used_connection():
    async def script(call):
        while True:
            request = await call.request()
            if b"/slow" in request:
                await call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl")
                half.set()
                await trio.sleep_forever()
            await call.answer(b"fast")

    half = trio.Event()
    async with far_side(script) as side:
        carrier = side.carrier(connections_max=1)
        assert (await carrier.carry(LOOK, LOOKING)).body == b"fast"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(carrier.carry, LOOK, WireRequest("GET", "/slow"))
            await half.wait()
            nursery.cancel_scope.cancel()
        for _ in range(3):
            assert (await carrier.carry(LOOK, LOOKING)).body == b"fast"
        assert len(side.calls) == 2


async def test_cancelled_while_waiting_for_a_connection_it_gives_its_place_back():
    async with far_side(answer_all) as side:
        carrier = side.carrier(connections_max=1)
        for _ in range(5):
            with trio.CancelScope() as scope:
                scope.cancel()
                await carrier.carry(LOOK, LOOKING)
            assert scope.cancelled_caught
        assert (await carrier.carry(LOOK, LOOKING)).status == 200


async def test_closing_ends_idle_connections_now_and_busy_ones_after_their_answer():
    async def script(call):
        try:
            while True:
                request = await call.request()
                if b"/slow" in request:
                    begun.set()
                    await go_on.wait()
                await call.answer()
        except EOFError:
            ended.append(call.number)

    begun, go_on, ended = trio.Event(), trio.Event(), []
    async with far_side(script) as side:
        carrier = side.carrier()

        async def slow():
            assert (await carrier.carry(LOOK, WireRequest("GET", "/slow"))).status == 200

        async with trio.open_nursery() as nursery:
            nursery.start_soon(slow)
            await begun.wait()
            await carrier.carry(LOOK, LOOKING)
            await carrier.aclose()
            await trio.testing.wait_all_tasks_blocked(0.02)
            assert ended == [1]
            go_on.set()
        await trio.testing.wait_all_tasks_blocked(0.02)
        assert ended == [1, 0]

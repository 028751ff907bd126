"""The memory carrier: each thing that can happen to a message on its way, in simulated time."""

import pytest
import trio
import trio.testing
from asked import LOOK, SAY, Say, StillClock

from portal.links.link import Link, Reason, Sighting, Unreachable
from portal.links.memory import MemoryCarrier, Passage, Slot
from portal.seams.clock import Clock
from portal.wire.operation import Done, Nothing, WireRequest, WireResponse
from portal.wire.systems import System

DONE = WireResponse(200, "application/json", b'{"done":true}')


class TrialClock(Clock):
    def _unmoved_ms(self) -> int:
        return round(trio.current_time() * 1000)


class Forecast:
    """One passage after the other; clear skies afterwards."""

    def __init__(self, *passages: Passage) -> None:
        self.passages = list(passages)
        self.asked: list[tuple[object, ...]] = []

    def passage(self, sender, receiver, operation) -> Passage:
        self.asked.append((sender, receiver, operation.name))
        return self.passages.pop(0) if self.passages else Passage()


class Receiver:
    def __init__(self, *, takes_s: float = 0) -> None:
        self.requests: list[WireRequest] = []
        self.finished = 0
        self._takes_s = takes_s

    async def __call__(self, request: WireRequest) -> WireResponse:
        self.requests.append(request)
        if self._takes_s:
            await trio.sleep(self._takes_s)
        self.finished += 1
        return DONE


def joined(receiver, *passages, record=lambda sighting: None, deadline_s=5.0):
    slot = Slot(System.NETWORK)
    slot.occupy(receiver)
    forecast = Forecast(*passages)
    carrier = MemoryCarrier(System.PORTAL, slot, forecast)
    link = Link(
        System.PORTAL, System.NETWORK, carrier, TrialClock(), record=record, deadline_s=deadline_s
    )  # fmt: skip
    return slot, forecast, link


async def test_a_message_crosses_as_bytes(autojump_clock):
    receiver = Receiver()
    _, forecast, link = joined(receiver)

    assert await link.call(LOOK, Nothing()) == Done()

    assert receiver.requests == [WireRequest("GET", "/look")]
    assert forecast.asked == [(System.PORTAL, System.NETWORK, "asked.look")]


async def test_it_takes_the_time_that_the_weather_says(autojump_clock):
    seen: list[Sighting] = []
    receiver = Receiver(takes_s=0.25)
    _, _, link = joined(
        receiver, Passage(request_delay_s=0.5, reply_delay_s=1.25), Passage(), record=seen.append
    )

    await link.call(LOOK, Nothing())
    assert trio.current_time() == 2.0
    await link.call(LOOK, Nothing())
    assert trio.current_time() == 2.25

    assert [(s.sent_ms, s.took_ms, s.outcome) for s in seen] == [(0, 2000, "ok"), (2000, 250, "ok")]


async def test_a_lost_request_is_never_seen_and_times_out(autojump_clock):
    receiver = Receiver()
    _, _, link = joined(receiver, Passage(lose_request=True))

    assert await link.call(LOOK, Nothing()) == Unreachable(Reason.TIMED_OUT)

    assert (receiver.requests, trio.current_time()) == ([], 5.0)


async def test_a_lost_reply_times_out_though_it_was_carried_out(autojump_clock):
    receiver = Receiver()
    _, _, link = joined(receiver, Passage(lose_reply=True))

    outcome = await link.call(LOOK, Nothing())

    assert outcome == Unreachable(Reason.TIMED_OUT)
    assert outcome.sent
    assert (receiver.finished, trio.current_time()) == (1, 5.0)


async def test_a_doubled_request_is_carried_out_twice(autojump_clock):
    receiver = Receiver()
    _, _, link = joined(receiver, Passage(duplicate=True))

    assert await link.call(LOOK, Nothing()) == Done()

    assert len(receiver.requests) == 2


async def test_a_refused_request_was_not_sent(autojump_clock):
    receiver = Receiver()
    _, _, link = joined(receiver, Passage(refuse=True))

    outcome = await link.call(LOOK, Nothing())

    assert (outcome.reason, outcome.sent, receiver.requests) == (Reason.REFUSED, False, [])


@pytest.mark.parametrize(("operation", "request_", "tries"), [(LOOK, Nothing(), 2), (SAY, Say("a"), 1)])
async def test_a_reset_comes_after_the_work_and_only_what_may_be_repeated_is(
    autojump_clock, operation, request_, tries
):
    receiver = Receiver()
    seen: list[Sighting] = []
    _, _, link = joined(receiver, Passage(reset=True), Passage(reset=True), record=seen.append)

    outcome = await link.call(operation, request_)

    assert (outcome.reason, outcome.sent) == (Reason.RESET, True)
    assert receiver.finished == tries
    assert [sighting.outcome for sighting in seen] == ["reset"] * tries


async def test_a_delay_beyond_the_deadline_times_out_at_the_deadline(autojump_clock):
    receiver = Receiver()
    _, _, link = joined(receiver, Passage(request_delay_s=60))

    assert await link.call(LOOK, Nothing()) == Unreachable(Reason.TIMED_OUT)

    assert (receiver.requests, trio.current_time()) == ([], 5.0)


async def test_an_answer_after_the_deadline_is_not_seen_though_it_was_made(autojump_clock):
    """As over a wire: the caller has gone, the answering side goes on."""
    receiver = Receiver(takes_s=7)
    _, _, link = joined(receiver)

    assert await link.call(LOOK, Nothing()) == Unreachable(Reason.TIMED_OUT)

    assert receiver.finished == 1


async def test_nobody_in_the_slot_is_nobody_listening(autojump_clock):
    slot, _, link = joined(Receiver())
    slot.vacate()
    assert not slot.up

    outcome = await link.call(LOOK, Nothing())
    assert outcome.reason is Reason.REFUSED

    slot.occupy(Receiver())
    assert slot.up
    assert await link.call(LOOK, Nothing()) == Done()


async def test_vacating_cuts_off_what_is_being_answered(autojump_clock):
    receiver = Receiver(takes_s=3)
    outcomes = []
    slot, _, link = joined(receiver)

    async def call():
        outcomes.append((await link.call(SAY, Say("a")), trio.current_time()))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(call)
        await trio.sleep(1)
        slot.vacate()

    assert [(outcome.reason, at) for outcome, at in outcomes] == [(Reason.RESET, 1.0)] * 3
    assert (len(receiver.requests), receiver.finished) == (3, 0)


class Nested(Receiver):
    """Has opened a nursery and a deadline before it waits for the first time."""

    async def __call__(self, request: WireRequest) -> WireResponse:
        async def wait() -> None:
            with trio.move_on_after(60):
                await trio.sleep(self._takes_s)

        self.requests.append(request)
        with trio.move_on_after(60):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(wait)
                nursery.start_soon(wait)
            await trio.sleep(self._takes_s)
        self.finished += 1
        return DONE


@pytest.mark.parametrize("kind", [Receiver, Nested])
async def test_a_caller_who_gives_up_does_not_stop_the_one_who_answers(autojump_clock, kind):
    receiver = kind(takes_s=3)
    _, _, link = joined(receiver)

    with trio.move_on_after(1) as patience:
        await link.call(SAY, Say("a"))
        pytest.fail("the answer was seen by a caller who had gone")

    assert patience.cancelled_caught
    assert receiver.finished == 1


async def test_nor_one_who_had_given_up_before_the_request_arrived(autojump_clock):
    receiver = Receiver(takes_s=3)
    slot = Slot(System.NETWORK)
    slot.occupy(receiver)

    with trio.CancelScope() as scope:
        scope.cancel()
        await slot.receive(WireRequest("GET", "/look"))
        pytest.fail("the answer was seen by a caller who had gone")

    assert (receiver.finished, trio.current_time()) == (1, 3.0)


@pytest.mark.parametrize("kind", [Receiver, Nested])
async def test_vacating_cuts_off_whatever_was_opened_before_the_first_wait(autojump_clock, kind):
    receiver = kind(takes_s=3)
    slot, _, link = joined(receiver)
    outcomes = []

    async def call():
        outcomes.append(await link.call(SAY, Say("a")))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(call)
        await trio.sleep(1)
        slot.vacate()

    assert [outcome.reason for outcome in outcomes] == [Reason.RESET]
    assert (receiver.finished, trio.current_time()) == (0, 1.0)


@pytest.mark.parametrize("waits", [False, True])
async def test_a_system_that_crashes_while_it_answers_ends_at_its_next_wait(autojump_clock, waits):
    went_on = []

    async def crashing(request: WireRequest) -> WireResponse:
        slot.vacate()
        if waits:
            await trio.lowlevel.checkpoint()
        went_on.append(request)
        return DONE

    slot, _, link = joined(crashing)

    assert (await link.call(SAY, Say("a"))).reason is Reason.RESET

    assert len(went_on) == (0 if waits else 1)


async def test_an_error_of_the_one_who_answers_after_a_wait_is_the_same_error(autojump_clock):
    async def failing(request: WireRequest) -> WireResponse:
        await trio.sleep(1)
        raise ValueError("an answering system never raises")

    slot = Slot(System.NETWORK)
    slot.occupy(failing)

    with pytest.raises(ValueError, match="never raises"):
        await slot.receive(WireRequest("GET", "/look"))
    await trio.sleep(1)


async def test_vacating_twice_and_vacating_nothing(autojump_clock):
    slot = Slot(System.NETWORK)
    slot.vacate()
    slot.vacate()
    assert repr(slot) == "<Slot network down>"


async def test_a_system_that_comes_back_does_not_answer_what_the_one_before_it_got(autojump_clock):
    before, after = Receiver(takes_s=3), Receiver()
    slot, _, link = joined(before)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(link.call, SAY, Say("a"))
        await trio.sleep(1)
        slot.vacate()
        slot.occupy(after)

    assert (before.finished, after.requests) == (0, [])


async def test_the_recorder_sees_sizes_and_outcomes(autojump_clock):
    seen: list[Sighting] = []
    _, _, link = joined(Receiver(), record=seen.append)

    await link.call(SAY, Say("a"))  # which answers with something else

    assert seen == [
        Sighting(0, 0, System.PORTAL, System.NETWORK, "asked.say", "malformed", len(b'{"text":"a"}'), 13)
    ]


def test_a_link_is_for_one_system():
    link = Link(System.PORTAL, System.JPKI, None, StillClock())
    assert repr(link) == "<Link portal -> jpki>"


async def test_another_systems_operation_is_a_mistake():
    link = Link(System.PORTAL, System.JPKI, None, StillClock())
    with pytest.raises(AssertionError, match="is not for jpki"):
        await link.call(LOOK, Nothing())

"""Where a request's time went: the ``Server-Timing`` header, from the far system through links to the client."""

import pytest
from far_side import Call, far_side
from hypothesis import given
from hypothesis import strategies as st

from portal.links.link import Link
from portal.links.spent import HEADER, Spent, read
from portal.seams.clock import LiveClock
from portal.serving.dispatcher import Dispatcher
from portal.serving.front import Front
from portal.serving.guards import Open
from portal.wire.about import health
from portal.wire.operation import Done, Method, Nothing, Operation
from portal.wire.problems import ProblemCode, problem
from portal.wire.systems import Party, System

LOOK = Operation(
    "made_up.look", System.PORTAL, Method.GET, "/made-up/look", Nothing, Done,
    callers=[Party.ANYONE], repeatable=True, summary="look",
)  # fmt: skip
BODY = b'{"system":"network","status":"up","now":"2026-04-01T00:00:00+09:00"}'


async def _timing(front: Front) -> dict[str, int]:
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": b"/made-up/look",
        "query_string": b"",
        "headers": [],
    }
    await front(scope, receive, send)
    return read(dict(sent[0]["headers"])[b"server-timing"].decode())


def _front(link: Link | None) -> Front:
    dispatcher = Dispatcher(System.PORTAL)

    async def look(_: Nothing, __: object):
        if link is not None and not hasattr(await link.call(health(System.NETWORK), Nothing()), "status"):
            return problem(ProblemCode.UPSTREAM_UNAVAILABLE, "…")
        return Done()

    dispatcher.add(LOOK, Open(), look)
    return Front(dispatcher)


def _says(*header: str):
    async def script(call: Call) -> None:
        while True:
            await call.request()
            await call.answer(BODY, *header)

    return script


async def test_an_operation_of_its_own_says_only_the_whole() -> None:
    timing = await _timing(_front(None))

    assert set(timing) == {"total"}


async def test_waiting_for_another_system_is_told_apart_and_what_lies_behind_it_too() -> None:
    # The far side claims a thousandth of a millisecond of its time for the municipality's server behind it.
    async with far_side(_says("Server-Timing: total;dur=0.002, intermediate;dur=0.001")) as side:
        link = Link(System.PORTAL, System.NETWORK, side.carrier(), LiveClock())
        timing = await _timing(_front(link))

    assert set(timing) == {"total", "network", "intermediate"}
    assert timing["intermediate"] == 1000
    assert 0 < timing["network"] + timing["intermediate"] <= timing["total"]


@pytest.mark.parametrize(
    "header",
    [(), ("Server-Timing: intermediate;dur=999999",), ("Server-Timing: x;dur=oops, ;;, y;dur=-1",)],
    ids=["none", "longer than it took", "nonsense"],
)
async def test_a_peer_that_says_nothing_of_use_is_the_one_waited_for(header: tuple[str, ...]) -> None:
    async with far_side(_says(*header)) as side:
        link = Link(System.PORTAL, System.NETWORK, side.carrier(), LiveClock())
        timing = await _timing(_front(link))

    assert set(timing) == {"total", "network"}


@given(st.dictionaries(st.sampled_from(["network", "jpki", "intermediate"]), st.integers(0, 10**12)))
def test_what_is_written_is_read_again(waited: dict[str, int]) -> None:
    account = Spent()
    for system, took_ns in waited.items():
        account.waited(system, took_ns, None)

    name, value = account.header(5_000_000)
    told = read(value)

    assert name == HEADER

    assert told.pop("total") == 5_000_000
    assert told == {system: pytest.approx(took, abs=500) for system, took in waited.items()}


@given(st.text())
def test_any_header_is_read_without_an_exception(header: str) -> None:
    assert all(took >= 0 for took in read(header).values())


@given(st.lists(st.integers(0, 2_000_000), max_size=20))
def test_who_waited_for_nobody_says_the_whole_time_to_the_microsecond(totals: list[int]) -> None:
    for total_ns in totals:
        name, value = Spent().header(total_ns)

        assert name == HEADER
        assert value == f"total;dur={(total_ns + 500) // 1_000 / 1e3:.3f}"

"""Where long work is done: in threads, a few at a time, and nobody waits without end."""

import threading

import pytest
import trio
import trio.testing

from portal.seams import workshop
from portal.seams.workshop import InPlace, InThreads


async def test_in_place_and_in_threads_make_the_same() -> None:
    for shop in (InPlace(), InThreads()):
        assert await shop.make(lambda: b"x") == b"x"
        with pytest.raises(ZeroDivisionError):
            await shop.make(lambda: bytes(1 // 0))


async def test_long_work_holds_nobody_else_up() -> None:
    shop, begun, go_on = InThreads(), threading.Event(), threading.Event()

    def work() -> bytes:
        begun.set()
        assert go_on.wait(10)
        return threading.current_thread().name.encode()

    made: list[bytes | None] = []

    async def make() -> None:
        made.append(await shop.make(work))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(make)
        while not begun.is_set():
            await trio.lowlevel.checkpoint()
        assert repr(shop) == "<InThreads: 1 at work or waiting>"
        go_on.set()
    assert made != [b"MainThread"] and None not in made
    assert repr(shop) == "<InThreads: 0 at work or waiting>"


async def test_who_comes_too_late_or_waits_too_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "DOCUMENTS_WAITING_MAX", 0)
    monkeypatch.setattr(workshop, "DOCUMENTS_AT_ONCE_MAX", 1)
    monkeypatch.setattr(workshop, "DOCUMENT_SECONDS_MAX", 0.05)
    shop, go_on, ended = InThreads(), threading.Event(), threading.Event()

    def work() -> bytes:
        assert go_on.wait(10)
        ended.set()
        return b"too late"

    outcomes: list[bytes | None] = []

    async def make() -> None:
        outcomes.append(await shop.make(work))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(make)
        await trio.testing.wait_all_tasks_blocked()
        # One is at work, and nobody may wait behind it.
        assert await shop.make(lambda: b"x") is None
    assert outcomes == [None]
    # The thread that was let go still holds its place; it is free when that has ended.
    go_on.set()
    while not ended.is_set():
        await trio.lowlevel.checkpoint()
    monkeypatch.setattr(workshop, "DOCUMENT_SECONDS_MAX", 10.0)
    assert await shop.make(lambda: b"x") == b"x"

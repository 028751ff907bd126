"""The PC/SC socket by itself: a small client of the protocol that can do what well-behaved programs don't (CARD.md 2.4)."""

from __future__ import annotations

import contextlib
import random
import stat
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing
from sample_cards import JPKI, make_card

from cards import terminal
from cards.pcsc import messages as m
from cards.pcsc.messages import Call, Disposition, Rv, Share
from cards.pcsc.readers import POWER_OFF_GRACE_S, Reader
from cards.pcsc.server import serve_socket
from cards.pins import PinName


class Program:
    """One context of one program."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        self.context = 0
        self.handle = 0

    async def receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = await self.stream.receive_some(size - len(data))
            assert more, "the daemon closed the connection"
            data += more
        return data

    async def send(self, call: Call, body: bytes, more: bytes = b"") -> None:
        await self.stream.send_all(m.HEADER.pack(len(body), call) + body + more)

    async def call(
        self, call: Call, form: struct.Struct, *fields: object, more: bytes = b""
    ) -> tuple[int, ...]:
        await self.send(call, form.pack(*fields), more)
        return form.unpack(await self.receive(form.size))

    async def establish(self) -> None:
        assert await self.call(Call.VERSION, m.PROTOCOL, 4, 4, 0) == (4, 4, 0)
        _, self.context, rv = await self.call(Call.ESTABLISH, m.ESTABLISH, 2, 0, 0)
        assert rv == Rv.SUCCESS

    async def connect(self, name: str, share: int = Share.SHARED, protocols: int = 3) -> int:
        fields = (self.context, name.encode(), share, protocols, 0, 0, 0)
        *_, handle, _active, rv = await self.call(Call.CONNECT, m.CONNECT, *fields)
        if rv == Rv.SUCCESS:
            self.handle = handle
        return rv

    async def reconnect(self, initialization: int = 0) -> int:
        return (await self.call(Call.RECONNECT, m.RECONNECT, self.handle, 2, 3, initialization, 0, 0))[-1]

    async def disconnect(self, disposition: int = 0) -> int:
        return (await self.call(Call.DISCONNECT, m.DISCONNECT, self.handle, disposition, 0))[-1]

    async def begin(self) -> int:
        return (await self.call(Call.BEGIN, m.BEGIN, self.handle, 0))[-1]

    async def end(self, disposition: int = 0) -> int:
        return (await self.call(Call.END, m.END, self.handle, disposition, 0))[-1]

    async def status(self) -> int:
        return (await self.call(Call.STATUS, m.STATUS, self.handle, 0))[-1]

    async def exchange(self, apdu: bytes, room: int = 65544) -> tuple[int, bytes]:
        fields = (self.handle, 2, 8, len(apdu), 2, 8, room, 0)
        reply = await self.call(Call.TRANSMIT, m.TRANSMIT, *fields, more=apdu)
        return reply[-1], await self.receive(reply[-2]) if reply[-1] == 0 else b""

    async def transmit(self, apdu: bytes) -> bytes:
        rv, data = await self.exchange(apdu)
        assert rv == Rv.SUCCESS, hex(rv)
        return data

    async def states(self) -> list[tuple[str, int, int, int]]:
        """name, events, state, sharing of each reader."""
        await self.send(Call.READERS_STATE, b"")
        return self.unpacked(await self.receive(m.READERS_MAX * m.READER_STATE.size))

    @staticmethod
    def unpacked(data: bytes) -> list[tuple[str, int, int, int]]:
        found = [m.READER_STATE.unpack_from(data, at) for at in range(0, len(data), m.READER_STATE.size)]
        return [(each[0].rstrip(b"\0").decode(), *each[1:4]) for each in found if each[0].strip(b"\0")]

    async def wait(self) -> list[tuple[str, int, int, int]]:
        await self.send(Call.WAIT_CHANGE, b"")
        return self.unpacked(await self.receive(m.READERS_MAX * m.READER_STATE.size))

    async def told(self) -> int:
        _, rv = m.WAIT.unpack(await self.receive(m.WAIT.size))
        return int(rv)


@asynccontextmanager
async def daemon(path: Path, *readers: Reader) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        await nursery.start(serve_socket, path, readers)
        yield
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def program(path: Path) -> AsyncIterator[Program]:
    async with await trio.open_unix_socket(str(path)) as stream:
        running = Program(stream)
        await running.establish()
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pcsc"


@pytest.fixture
def reader() -> Reader:
    return Reader("R", make_card())


@pytest.mark.requirement("ACC-1")
async def test_the_terminal_over_the_socket(path: Path, reader: Reader) -> None:
    async with daemon(path, reader), program(path) as one:
        assert await one.connect("R") == Rv.SUCCESS
        signed = await terminal.run_async(terminal.sign_steps(PinName.AUTH, "1234", b"x"), one.transmit)
        assert isinstance(signed, terminal.Signed)
        wrong = await terminal.run_async(terminal.sign_steps(PinName.AUTH, "0000", b"x"), one.transmit)
        assert wrong == terminal.WrongPin(2)
        assert await one.disconnect() == Rv.SUCCESS
    assert not await trio.Path(path).exists()


async def test_the_socket_is_the_owners_and_stale_ones_are_replaced(path: Path, reader: Reader) -> None:
    place = trio.Path(path)
    async with daemon(path, reader):
        assert stat.S_IMODE((await place.stat()).st_mode) == 0o600
        with pytest.raises(OSError, match="another"):
            await serve_socket(path, [Reader("S")])
        kept = await place.rename(place.with_name("kept"))
    await kept.rename(place)
    async with daemon(path, reader), program(path):
        pass
    await place.write_text("somebody's file")
    with pytest.raises(OSError):
        await serve_socket(path, [reader])
    assert await place.read_text() == "somebody's file"


async def test_cards_come_and_go_under_connected_programs(path: Path, reader: Reader) -> None:
    async with daemon(path, reader), program(path) as one:
        await one.connect("R")
        await one.transmit(bytes.fromhex(JPKI))
        assert await one.transmit(bytes.fromhex("002000980431323334")) == b"\x90\x00"
        other = make_card(person="-of-another")
        taken = reader.swap(other)
        assert not taken.powered
        assert await one.exchange(b"\x00\xb0\x00\x00\x00") == (Rv.REMOVED_CARD, b"")
        assert await one.status() == Rv.REMOVED_CARD
        assert await one.reconnect() == Rv.SUCCESS
        await one.transmit(bytes.fromhex(JPKI))
        # What the first card's PIN had opened is not open on the second.
        assert await one.transmit(bytes.fromhex("802A0097010100")) == b"\x69\x82"
        reader.remove()
        assert await one.exchange(b"\x00\xb0\x00\x00\x00") == (Rv.REMOVED_CARD, b"")
        assert await one.reconnect() == Rv.NO_SMARTCARD
        assert await one.connect("R") == Rv.NO_SMARTCARD
        reader.insert(taken)
        with pytest.raises(ValueError, match="has a card"):
            reader.insert(other)
        assert (await one.states())[0][1:3] == (4, 0x54)


async def test_waiting_programs_are_told(path: Path, reader: Reader) -> None:
    card = reader.remove()
    async with daemon(path, reader), program(path) as one, program(path) as two, program(path) as three:
        assert await one.wait() == [("R", 1, m.STATE_ABSENT, 0)]
        await two.wait()
        await three.wait()
        # `two` stops by itself, `three` is cancelled by another of its connections.
        await two.send(Call.STOP_WAITING, b"")
        assert await two.told() == Rv.SUCCESS
        async with await trio.open_unix_socket(str(path)) as stream:
            stopper = Program(stream)
            assert await stopper.call(Call.CANCEL, m.CANCEL, three.context, 0) == (three.context, 0)
        assert await three.told() == Rv.CANCELLED
        reader.insert(card)
        assert await one.told() == Rv.SUCCESS
        # Told already: STOP is not answered a second time, and the connection is still in step.
        await one.send(Call.STOP_WAITING, b"")
        assert (await one.states())[0][1:3] == (2, 0x54)
        assert (await two.states())[0][1:3] == (2, 0x54)


async def test_a_transaction_keeps_others_out(path: Path, reader: Reader) -> None:
    async with daemon(path, reader), program(path) as one, program(path) as two:
        await one.connect("R")
        await two.connect("R")
        assert (await one.states())[0][3] == 2
        assert await one.begin() == Rv.SUCCESS
        assert await one.begin() == Rv.SUCCESS
        assert await two.exchange(bytes.fromhex(JPKI)) == (Rv.SHARING_VIOLATION, b"")
        assert await two.status() == Rv.SUCCESS
        assert await two.end() == Rv.NOT_TRANSACTED
        assert await one.end() == Rv.SUCCESS
        assert (await two.exchange(bytes.fromhex(JPKI)))[0] == Rv.SHARING_VIOLATION
        # `two` asks again while `one` still holds it, and gets it the moment `one` ends.
        got: list[int] = []

        async def ask() -> None:
            got.append(await two.begin())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked(0.01)
            assert await one.end() == Rv.SUCCESS
        assert got == [Rv.SUCCESS]
        assert await two.end(Disposition.RESET) == Rv.SUCCESS
        # The card was reset under `one`, which must hear of it before it goes on.
        assert await one.status() == Rv.RESET_CARD
        assert await one.reconnect() == Rv.SUCCESS
        assert await one.status() == Rv.SUCCESS


async def test_begin_is_given_back_when_it_takes_long(
    path: Path, reader: Reader, autojump_clock: object
) -> None:
    """The client asks again by itself; it must not hang in the daemon."""
    handle = reader.connect(Share.SHARED, 2, 0.0)[1]
    assert handle is not None
    assert reader.begin(handle) is Rv.SUCCESS
    async with daemon(path, reader), program(path) as one:
        await one.connect("R")
        assert await one.begin() == Rv.SHARING_VIOLATION


async def test_a_program_that_dies_leaves_nothing_behind(path: Path, reader: Reader) -> None:
    async with daemon(path, reader), program(path) as two:
        async with program(path) as one:
            await one.connect("R")
            await one.begin()
            await one.transmit(bytes.fromhex(JPKI))
            assert await one.transmit(bytes.fromhex("002000980431323334")) == b"\x90\x00"
        while reader.handles:
            await trio.testing.wait_all_tasks_blocked()
        assert reader.owner is None
        assert await two.connect("R") == Rv.SUCCESS
        # The PIN that it had presented is not there for the next one (pcscd resets the card too).
        assert await two.transmit(bytes.fromhex("802A0097010100")) == b"\x6a\x82"


async def test_sharing(path: Path, reader: Reader) -> None:
    async with daemon(path, reader), program(path) as one, program(path) as two:
        assert await one.connect("R", Share.EXCLUSIVE) == Rv.SUCCESS
        assert (await two.states())[0][3] == -1
        assert await two.connect("R") == Rv.SHARING_VIOLATION
        await one.disconnect()
        assert await two.connect("R") == Rv.SUCCESS
        assert await one.connect("R", Share.EXCLUSIVE) == Rv.SHARING_VIOLATION
        assert await one.connect("R", 9) == Rv.INVALID_VALUE
        assert await one.connect("R", protocols=1) == Rv.PROTO_MISMATCH
        assert await one.connect("?") == Rv.UNKNOWN_READER
        assert await one.connect("R", Share.DIRECT, 0) == Rv.SUCCESS


async def test_power_goes_after_a_while_without_programs(
    path: Path, reader: Reader, mock_clock: trio.testing.MockClock
) -> None:
    assert reader.card is not None
    async with daemon(path, reader), program(path) as one:
        await one.connect("R")
        await one.transmit(bytes.fromhex(JPKI))
        await one.disconnect()
        await one.connect("R")
        # Soon enough: the application is still selected.
        assert (await one.transmit(bytes.fromhex("00200098"))).hex() == "63c3"
        await one.disconnect()
        mock_clock.jump(POWER_OFF_GRACE_S)
        await one.states()
        assert not reader.card.powered
        await one.connect("R")
        assert (await one.transmit(bytes.fromhex("00200098"))).hex() == "6a82"


async def test_what_no_program_sends_ends_the_connection(path: Path, reader: Reader) -> None:
    async with daemon(path, reader):
        for nonsense in (
            m.HEADER.pack(4, 0x99) + bytes(4),
            m.HEADER.pack(99, Call.ESTABLISH) + bytes(99),
            m.HEADER.pack(0xFFFFFFFF, Call.TRANSMIT),
            m.HEADER.pack(m.TRANSMIT.size, Call.TRANSMIT) + m.TRANSMIT.pack(1, 2, 8, 1 << 30, 2, 8, 0, 0),
        ):
            async with await trio.open_unix_socket(str(path)) as stream:
                await stream.send_all(nonsense)
                assert await stream.receive_some(100) == b""
        async with program(path) as one:
            assert await one.connect("R") == Rv.SUCCESS


async def test_random_requests_never_stop_the_daemon(path: Path, reader: Reader) -> None:
    chance = random.Random(11)
    async with daemon(path, reader):
        for _ in range(300):
            requests = b""
            for _ in range(chance.randrange(1, 6)):
                call = chance.choice(list(Call))
                body = bytearray(chance.randbytes(m.BODIES[call]))
                if chance.random() < 0.5:
                    # Small numbers get further than large ones.
                    body = bytearray(each & 3 for each in body)
                requests += m.HEADER.pack(len(body), call) + body
            # A daemon that hangs up in the middle resets the connection; that is its right.
            with contextlib.suppress(trio.BrokenResourceError):
                async with await trio.open_unix_socket(str(path)) as stream:
                    await stream.send_all(requests)
                    await stream.send_eof()
                    while await stream.receive_some(65536):
                        pass
        async with program(path) as one:
            assert await one.connect("R") == Rv.SUCCESS
            assert await one.transmit(bytes.fromhex(JPKI)) == b"\x90\x00"


async def test_errors_are_told(path: Path, reader: Reader) -> None:
    async with daemon(path, reader), program(path) as one:
        one.handle = 77
        assert (await one.exchange(b"\x00\xb0\x00\x00"))[0] == Rv.INVALID_HANDLE
        for answer in (
            await one.status(),
            await one.begin(),
            await one.end(),
            await one.disconnect(),
            await one.reconnect(),
        ):
            assert answer == Rv.INVALID_HANDLE
        assert (await one.call(Call.ESTABLISH, m.ESTABLISH, 2, 0, 0))[-1] == Rv.INVALID_PARAMETER
        assert (await one.call(Call.RELEASE, m.RELEASE, 1, 0))[-1] == Rv.INVALID_HANDLE
        await one.connect("R")
        assert await one.exchange(bytes.fromhex("0084000000"), room=10) == (Rv.INSUFFICIENT_BUFFER, b"")
        assert await one.disconnect(9) == Rv.INVALID_VALUE
        assert (await one.call(Call.CONTROL, m.CONTROL, one.handle, 1, 2, 9, 0, 0, more=b"ab"))[
            -1
        ] == Rv.UNSUPPORTED_FEATURE
        *_, atr, size, rv = await one.call(
            Call.GET_ATTRIBUTE, m.ATTRIBUTE, one.handle, m.ATTRIBUTE_ATR, b"", 0, 0
        )
        assert (rv, atr[:size]) == (0, reader.card.atr if reader.card else b"")
        assert (await one.call(Call.SET_ATTRIBUTE, m.ATTRIBUTE, one.handle, 1, b"", 0, 0))[
            -1
        ] == Rv.UNSUPPORTED_FEATURE
        assert (await one.call(Call.VERSION, m.PROTOCOL, 4, 6, 0)) == (4, 4, Rv.SERVICE_STOPPED)
        assert (await one.call(Call.RELEASE, m.RELEASE, one.context, 0))[-1] == Rv.SUCCESS
        assert not reader.handles


async def test_sixteen_readers_a_socket_and_no_more(path: Path) -> None:
    readers = [Reader(f"R{number}", make_card()) for number in range(16)]
    async with daemon(path, *readers), program(path) as one:
        assert [name for name, *_ in await one.states()] == [f"R{number}" for number in range(16)]
        assert await one.connect("R15") == Rv.SUCCESS
    for bad in ([*readers, Reader("R16")], [Reader("R"), Reader("R")]):
        with pytest.raises(ValueError):
            await serve_socket(path, bad)
    with pytest.raises(ValueError):
        Reader("x" * 128)


async def test_many_sockets_in_one_process(tmp_path: Path) -> None:
    """300 sockets with a card each; every card answers. (The benchmark has thousands.)"""
    paths = [tmp_path / str(number) for number in range(300)]
    async with trio.open_nursery() as nursery:
        for each in paths:
            await nursery.start(serve_socket, each, [Reader("R", make_card())])
        for each in paths:
            async with program(each) as one:
                await one.connect("R")
                assert await one.transmit(bytes.fromhex(JPKI)) == b"\x90\x00"
        nursery.cancel_scope.cancel()

"""The unix socket that programs linked with libpcsclite talk to when PCSCLITE_CSOCK_NAME names it (CARD.md 2.4)."""

from __future__ import annotations

import errno
import itertools
import os
import stat
from collections.abc import Awaitable, Callable, Sequence

import trio
from trio import socket

from cards.pcsc import messages as m
from cards.pcsc.messages import Call, Disposition, Rv
from cards.pcsc.readers import Handle, Reader

_TRANSACTION_WAIT_S = 0.1
"""How long BEGIN waits for another's transaction before the client is told to ask again (its own poll rate)."""

_RECEIVE_BYTES = 65536
_BACKLOG = 128


class _Gone(Exception):
    """The client closed its connection, or sent what no client sends."""


class _Service:
    """The readers behind one socket, and the clients that wait for a change."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        if len(readers) > m.READERS_MAX:
            raise ValueError(f"the protocol has room for {m.READERS_MAX} readers a socket")
        if len({reader.name for reader in readers}) != len(readers):
            raise ValueError("two readers with one name")
        self.readers = tuple(readers)
        self.waiting: dict[int, _Client] = {}
        self.contexts = itertools.count(0x0100_0000)
        self.freed = trio.Event()
        for reader in self.readers:
            reader.on_change = self._changed
            reader.on_free = self._free

    def _free(self) -> None:
        self.freed.set()
        self.freed = trio.Event()

    def _changed(self) -> None:
        for client in list(self.waiting.values()):
            client.stop_waiting(Rv.SUCCESS)

    def states(self) -> bytes:
        now_s = trio.current_time()
        states = b"".join(reader.state(now_s) for reader in self.readers)
        return states + m.NO_READER * (m.READERS_MAX - len(self.readers))


class _Client:
    """One connection: one context, and the handles it opened."""

    def __init__(self, service: _Service, connection: socket.SocketType) -> None:
        self.service = service
        self.connection = connection
        self.context: int | None = None
        self.open: dict[int, tuple[Reader, Handle]] = {}
        self.buffer = b""
        self.wake = trio.Event()
        self.answer: Rv | None = None
        self.sending = trio.Lock()
        self.calls: dict[Call, Callable[[bytes], Awaitable[bytes]]] = {
            Call.ESTABLISH: self.establish,
            Call.RELEASE: self.release,
            Call.CONNECT: self.connect,
            Call.RECONNECT: self.reconnect,
            Call.DISCONNECT: self.disconnect,
            Call.BEGIN: self.begin,
            Call.END: self.end,
            Call.TRANSMIT: self.transmit,
            Call.CONTROL: self.control,
            Call.STATUS: self.status,
            Call.CANCEL: self.cancel,
            Call.GET_ATTRIBUTE: self.get_attribute,
            Call.SET_ATTRIBUTE: self.set_attribute,
            Call.VERSION: self.version,
            Call.READERS_STATE: self.readers_state,
            Call.WAIT_CHANGE: self.wait_change,
            Call.STOP_WAITING: self.stop_waiting_call,
        }

    async def serve(self) -> None:
        """Until the client goes. What it left open is closed, and the card is reset, as pcscd does."""
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._tell_changes)
                await self._requests()
                nursery.cancel_scope.cancel()
        finally:
            if self.context is not None:
                self.service.waiting.pop(self.context, None)
            self._close_all()

    async def _requests(self) -> None:
        try:
            while True:
                size, number = m.HEADER.unpack(await self._receive(m.HEADER.size))
                try:
                    call = Call(number)
                except ValueError:
                    return
                if size != m.BODIES[call]:
                    return
                reply = await self.calls[call](await self._receive(size))
                if reply:
                    await self._send(reply)
        except (_Gone, OSError):
            return

    async def _receive(self, count: int) -> bytes:
        while len(self.buffer) < count:
            more = await self.connection.recv(_RECEIVE_BYTES)
            if not more:
                raise _Gone
            self.buffer += more
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    async def _send(self, data: bytes) -> None:
        while data:
            sent = await self.connection.send(data)
            data = data[sent:]

    async def _tell_changes(self) -> None:
        """Answers to WAIT come whenever a card comes or goes, outside the order of requests.

        The client sends nothing but STOP while it waits, so that the two never interleave within a message.
        """
        while True:
            await self.wake.wait()
            self.wake = trio.Event()
            answer, self.answer = self.answer, None
            if answer is not None:
                try:
                    async with self.sending:
                        await self._send(m.WAIT.pack(0, answer))
                except OSError:
                    return

    def stop_waiting(self, answer: Rv) -> bool:
        """Wake this client, if it waits."""
        if self.context is None or self.service.waiting.pop(self.context, None) is None:
            return False
        self.answer = answer
        self.wake.set()
        return True

    def _close_all(self) -> None:
        for reader, handle in self.open.values():
            reader.disconnect(handle, Disposition.RESET, trio.current_time())
        self.open.clear()

    async def version(self, body: bytes) -> bytes:
        """A newer client that is told 4.4 with this error falls back to 4.4 (CARD.md 2.4)."""
        major, minor, _ = m.PROTOCOL.unpack(body)
        rv = Rv.SUCCESS if (major, minor) == m.VERSION else Rv.SERVICE_STOPPED
        return m.PROTOCOL.pack(*m.VERSION, rv)

    async def establish(self, body: bytes) -> bytes:
        scope, _, _ = m.ESTABLISH.unpack(body)
        if self.context is not None:
            return m.ESTABLISH.pack(scope, 0, Rv.INVALID_PARAMETER)
        self.context = next(self.service.contexts)
        return m.ESTABLISH.pack(scope, self.context, Rv.SUCCESS)

    async def release(self, body: bytes) -> bytes:
        context, _ = m.RELEASE.unpack(body)
        if context != self.context:
            return m.RELEASE.pack(context, Rv.INVALID_HANDLE)
        self.service.waiting.pop(context, None)
        self.context = None
        self._close_all()
        return m.RELEASE.pack(context, Rv.SUCCESS)

    async def connect(self, body: bytes) -> bytes:
        context, raw_name, share, protocols, _, _, _ = m.CONNECT.unpack(body)
        name = raw_name.split(b"\0", 1)[0].decode(errors="replace")
        reader = next((each for each in self.service.readers if each.name == name), None)
        handle = None
        if context != self.context:
            rv = Rv.INVALID_HANDLE
        elif reader is None:
            rv = Rv.UNKNOWN_READER
        else:
            rv, handle = reader.connect(share, protocols, trio.current_time())
            if handle is not None:
                self.open[handle.number] = reader, handle
        number = 0 if handle is None else handle.number
        active = m.PROTOCOL_T1 if handle is not None and handle.share is not m.Share.DIRECT else 0
        return m.CONNECT.pack(context, raw_name, share, protocols, number, active, rv)

    async def reconnect(self, body: bytes) -> bytes:
        number, share, protocols, initialization, _, _ = m.RECONNECT.unpack(body)
        if number in self.open:
            reader, handle = self.open[number]
            rv = reader.reconnect(handle, share, protocols, initialization)
        else:
            rv = Rv.INVALID_HANDLE
        return m.RECONNECT.pack(number, share, protocols, initialization, m.PROTOCOL_T1, rv)

    async def disconnect(self, body: bytes) -> bytes:
        number, disposition, _ = m.DISCONNECT.unpack(body)
        if number in self.open:
            reader, handle = self.open[number]
            rv = reader.disconnect(handle, disposition, trio.current_time())
            if rv is Rv.SUCCESS:
                del self.open[number]
        else:
            rv = Rv.INVALID_HANDLE
        return m.DISCONNECT.pack(number, disposition, rv)

    async def begin(self, body: bytes) -> bytes:
        number, _ = m.BEGIN.unpack(body)
        if number not in self.open:
            return m.BEGIN.pack(number, Rv.INVALID_HANDLE)
        reader, handle = self.open[number]
        rv = reader.begin(handle)
        if rv is Rv.SHARING_VIOLATION:
            with trio.move_on_after(_TRANSACTION_WAIT_S):
                while rv is Rv.SHARING_VIOLATION:
                    await self.service.freed.wait()
                    rv = reader.begin(handle)
        return m.BEGIN.pack(number, rv)

    async def end(self, body: bytes) -> bytes:
        number, disposition, _ = m.END.unpack(body)
        if number in self.open:
            reader, handle = self.open[number]
            rv = reader.end(handle, disposition)
        else:
            rv = Rv.INVALID_HANDLE
        return m.END.pack(number, disposition, rv)

    async def transmit(self, body: bytes) -> bytes:
        number, protocol, pci, length, _, _, room, _ = m.TRANSMIT.unpack(body)
        if length > m.APDU_BYTES_MAX:
            raise _Gone
        apdu = await self._receive(length)
        data = b""
        if number in self.open:
            reader, handle = self.open[number]
            rv, data = reader.transmit(handle, apdu)
            if len(data) > room:
                rv, data = Rv.INSUFFICIENT_BUFFER, b""
        else:
            rv = Rv.INVALID_HANDLE
        return m.TRANSMIT.pack(number, protocol, pci, length, protocol, pci, len(data), rv) + data

    async def control(self, body: bytes) -> bytes:
        """The reader has no features of its own: no PIN pad, nothing to control."""
        number, code, length, room, _, _ = m.CONTROL.unpack(body)
        if length > m.APDU_BYTES_MAX:
            raise _Gone
        await self._receive(length)
        rv = Rv.UNSUPPORTED_FEATURE if number in self.open else Rv.INVALID_HANDLE
        return m.CONTROL.pack(number, code, length, room, 0, rv)

    async def status(self, body: bytes) -> bytes:
        number, _ = m.STATUS.unpack(body)
        if number in self.open:
            reader, handle = self.open[number]
            rv = reader.check(handle)
            # Looking is allowed during another's transaction.
            rv = Rv.SUCCESS if rv is Rv.SHARING_VIOLATION else rv
        else:
            rv = Rv.INVALID_HANDLE
        return m.STATUS.pack(number, rv)

    async def get_attribute(self, body: bytes) -> bytes:
        number, attribute, _, _, _ = m.ATTRIBUTE.unpack(body)
        data = b""
        rv = Rv.UNSUPPORTED_FEATURE
        if number not in self.open:
            rv = Rv.INVALID_HANDLE
        else:
            reader, _ = self.open[number]
            card = reader.card
            if attribute == m.ATTRIBUTE_VENDOR_NAME:
                rv, data = Rv.SUCCESS, b"mynasim"
            elif attribute == m.ATTRIBUTE_FRIENDLY_NAME:
                rv, data = Rv.SUCCESS, reader.name.encode()
            elif attribute == m.ATTRIBUTE_ATR and card is not None:
                rv, data = Rv.SUCCESS, card.atr
        return m.ATTRIBUTE.pack(number, attribute, data, len(data), rv)

    async def set_attribute(self, body: bytes) -> bytes:
        number, attribute, data, length, _ = m.ATTRIBUTE.unpack(body)
        rv = Rv.UNSUPPORTED_FEATURE if number in self.open else Rv.INVALID_HANDLE
        return m.ATTRIBUTE.pack(number, attribute, data, length, rv)

    async def cancel(self, body: bytes) -> bytes:
        """Comes on a connection of its own, and names the context that shall stop waiting."""
        context, _ = m.CANCEL.unpack(body)
        waiting = self.service.waiting.get(context)
        if waiting is not None:
            waiting.stop_waiting(Rv.CANCELLED)
        return m.CANCEL.pack(context, Rv.SUCCESS)

    async def readers_state(self, body: bytes) -> bytes:
        return self.service.states()

    async def wait_change(self, body: bytes) -> bytes:
        """The states come at once, and another message when one has changed, never the other way round."""
        async with self.sending:
            if self.context is not None:
                self.service.waiting[self.context] = self
            await self._send(self.service.states())
        return b""

    async def stop_waiting_call(self, body: bytes) -> bytes:
        """Answered only if the client still waits: otherwise the answer is on its way already."""
        if self.context is None or self.service.waiting.pop(self.context, None) is None:
            return b""
        return m.WAIT.pack(0, Rv.SUCCESS)


async def serve_socket(
    path: str | os.PathLike[str],
    readers: Sequence[Reader],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve up to 16 readers on a unix socket until cancelled.

    Only the user who runs it may connect: whoever connects has the cards in hand. Raises ValueError for too many readers
    or two of one name, OSError when the path can't be bound. The socket file goes away at the end.
    """
    service = _Service(readers)
    place = trio.Path(path)
    await _remove_stale(place)

    async def handle(stream: trio.SocketStream) -> None:
        async with stream:
            await _Client(service, stream.socket).serve()

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        await listener.bind(str(place))
        try:
            await place.chmod(0o600)
            listener.listen(_BACKLOG)
            task_status.started()
            # It also waits, rather than fails, when the process has run out of file descriptors.
            await trio.serve_listeners(handle, [trio.SocketListener(listener)])
        finally:
            with trio.CancelScope(shield=True):
                await place.unlink(missing_ok=True)


async def _remove_stale(place: trio.Path) -> None:
    """A socket left by a process that was killed is removed; one in use, and anything else there, is not touched."""
    try:
        if not stat.S_ISSOCK((await place.stat()).st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            await probe.connect(str(place))
    except ConnectionRefusedError:
        await place.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    else:
        raise OSError(errno.EADDRINUSE, f"another daemon serves {place}")

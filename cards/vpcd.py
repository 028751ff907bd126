"""A card in a vpcd reader of a real pcscd (virtualsmartcard's wire protocol, CARD.md 2): the card connects to the reader.

Each message is a 16-bit big-endian length and so many bytes. One byte is a control (power off, power on, reset, get ATR);
more are a command APDU. Connecting is insertion, closing is removal. vpcd of virtualsmartcard is used unmodified and
none of its code is here.
"""

from __future__ import annotations

import socket

import trio

from cards.card import Card

DEFAULT_PORT = 35963
"""Slot 0 of Debian's reader; slot 1 is the next port."""


class _Control:
    POWER_OFF = b"\x00"
    POWER_ON = b"\x01"
    RESET = b"\x02"
    GET_ATR = b"\x04"


async def attach(
    host: str,
    port: int,
    card: Card,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Put the card into the reader at `host:port`; cancelling takes it out.

    Returns when the reader closes the connection. `task_status` is told when the card is in. Raises OSError when
    there is no reader.
    """
    stream = await trio.open_tcp_stream(host, port)
    try:
        task_status.started()
        await _serve(stream, card)
    except trio.BrokenResourceError:
        pass
    finally:
        card.power_off()
        await trio.aclose_forcefully(stream)


async def _serve(stream: trio.SocketStream, card: Card) -> None:
    buffer = b""

    async def receive(count: int) -> bytes | None:
        nonlocal buffer
        while len(buffer) < count:
            _acknowledge_at_once(stream)
            more = await stream.receive_some(65536)
            if not more:
                return None
            buffer += more
        data, buffer = buffer[:count], buffer[count:]
        return data

    while True:
        header = await receive(2)
        if header is None:
            return
        message = await receive(int.from_bytes(header, "big"))
        if message is None:
            return
        answer = handle(card, message)
        if answer is not None:
            await stream.send_all(len(answer).to_bytes(2, "big") + answer)


def handle(card: Card, message: bytes) -> bytes | None:
    """What the card says to one message; None when nothing is to be said."""
    if len(message) > 1:
        # The reader powers a card before it speaks to it; one that does not would otherwise wait for ever.
        if not card.powered:
            card.power_on()
        return card.transmit(message)
    match message:
        case _Control.POWER_OFF:
            card.power_off()
        case _Control.POWER_ON:
            card.power_on()
        case _Control.RESET:
            card.reset()
        case _Control.GET_ATR:
            return card.atr
        case _:
            # An empty message, or a control that Debian's vpcd does not send.
            pass
    return None


def _acknowledge_at_once(stream: trio.SocketStream) -> None:
    """Debian's vpcd sends a message in two parts; without this its second part waits 44 ms for our delayed ACK.

    Linux forgets the option again, so it is set before each receive. Other systems don't have it.
    """
    quick = getattr(socket, "TCP_QUICKACK", None)
    if quick is not None:
        stream.setsockopt(socket.IPPROTO_TCP, quick, 1)

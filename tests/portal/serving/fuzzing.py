"""Requests with bytes changed, as many as wanted, against the lane itself: ``python tests/portal/serving/fuzzing.py 1000000``.

The lane takes whatever comes in its own turns, over a real socket pair. Beside it h11, which is none of ours, reads the
same bytes as a server would. For each input:

- everything that is said is HTTP, none of it a 500, and the connection ends;
- both read the same requests one after another, up to where one of the two refuses or waits for more: an input that
  two servers read in two ways is how requests are smuggled.
"""

import argparse
import random
import socket
import sys
from collections.abc import Coroutine, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import h11
import trio

from portal.seams.clock import LiveClock
from portal.serving.lane.connection import Connection
from portal.serving.lane.parsing import Received
from portal.serving.lane.reactor import Reactor, open_reactor
from portal.wire.operation import WireResponse

CASES_BETWEEN_BREATHS = 200
TURNS_MAX = 400
ANSWER = WireResponse(200, "text/plain", b"ok")


def request(method: str, target: str, *lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: here", *lines, "", ""]).encode() + body


CHUNKED = "Transfer-Encoding: chunked"
SEEDS = (
    request("GET", "/a?b=c"), request("HEAD", "/a"), request("GET", "http://here/a", "Authorization: Bearer x"),
    request("POST", "/a", "Content-Length: 5", "Content-Type: application/json", body=b"hello"),
    request("POST", "/a", "Content-Length: 0"), request("PUT", "/a", CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n"),
    request("POST", "/a", CHUNKED, body=b"1;x=y\r\na\r\n0A\r\n0123456789\r\n0\r\nX: y\r\n\r\n"),
    request("POST", "/a", CHUNKED, "Expect: 100-continue", body=b"0\r\n\r\n"),
    request("GET", "/a", "Connection: close"), request("GET", "/a", "Connection: Upgrade", "Upgrade: h2c"),
    request("POST", "/a", "Connection: Upgrade", "Upgrade: websocket", "Content-Length: 3", body=b"abc"),
    request("OPTIONS", "*", "X-Long: " + "y" * 300), b"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"\r\n\r\n" + request("DELETE", "/a"),
)  # fmt: skip
SPLICES = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"0\r\n\r\n", b": ", b":", b" ", b"\t", b"\0", b"\x0b", b"\xff", b"\r\n ",
    b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Content-Length: +5\r\n", b"Content-Length: 5, 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: identity\r\n", b"Transfer-Encoding:\x0bchunked\r\n", b"Host: there\r\n", b"HTTP/1.0", b"HTTP/2.0",
    b"0x5\r\n", b"-1\r\n", b"5 \r\n", b"ffffffffffffffff1\r\n", b"GET /x HTTP/1.1\r\nHost: here\r\n\r\n", b"GPOST", b"chunked",
    b"Connection: close\r\n", b"Upgrade: h2c\r\n", b"Expect: 100-continue\r\n", b"#", b"%", b"\xe3\x81\x82",
)  # fmt: skip


def mutated(chance: random.Random) -> bytes:
    """A few requests one after another with a few places changed."""
    data = bytearray(b"".join(chance.choice(SEEDS) for _ in range(chance.randint(1, 3))))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3, 5))):
        place = chance.randint(0, len(data))
        match chance.randrange(5):
            case 0:
                data[place : place + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
            case 1:
                data[place:place] = chance.choice(SPLICES)
            case 2:
                data[place : place + chance.randint(1, 12)] = chance.choice(SPLICES)
            case 3:
                del data[place : place + chance.randint(1, 30)]
            case 4:
                start = chance.randint(0, len(data))
                data[place:place] = data[start : start + chance.randint(1, 40)]
    return bytes(data)


class Read(NamedTuple):
    """A request as somebody read it."""

    method: str
    target: bytes
    host: bytes
    authorization: bytes
    body: bytes


def _read(method: str, target: bytes, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Read:
    named = {name.lower(): value.strip() for name, value in headers}
    return Read(method, target, named.get(b"host", b""), named.get(b"authorization", b""), body)


def by_h11(data: bytes) -> list[Read]:
    """The whole requests that h11 finds before it refuses, or wants more, or would close."""
    connection, found = h11.Connection(h11.SERVER), []
    connection.receive_data(data)
    try:
        while True:
            head = connection.next_event()
            if not isinstance(head, h11.Request):
                return found
            body = b""
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if not isinstance(event, h11.Data):
                    return found
                body += event.data
            found.append(_read(head.method.decode(), head.target, list(head.headers), body))
            connection.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
            connection.send(h11.EndOfMessage())
            connection.start_next_cycle()
    except h11.ProtocolError:
        return found


class Recording:
    """Operations that answer everything and remember what was asked."""

    def __init__(self) -> None:
        self.found: list[Read] = []

    def operate(self, received: Received, peer: Any) -> Coroutine[Any, Any, WireResponse]:
        self.found.append(_read(received.method, received.target, received.headers, received.body))
        return self._answer()

    async def _answer(self) -> WireResponse:
        return ANSWER

    def body_limit(self, method: str, target: bytes) -> int:
        return 1_000_000


def said(reactor: Reactor, data: bytes, cuts: Sequence[int]) -> bytes:
    """All that the lane says to these bytes, in these pieces; raises ``AssertionError`` when it doesn't come to an end."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.setblocking(False)
        connection = reactor.adopt(ours)
        assert connection is not None
        start = 0
        try:
            for end in [*sorted(cuts), len(data)]:
                theirs.sendall(data[start:end])
                start = end
                reactor._turn()
            theirs.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answers = b""
        for _ in range(TURNS_MAX):
            reactor._turn()
            try:
                while part := theirs.recv(65536):
                    answers += part
                if _ended(connection):
                    return answers
            except BlockingIOError:
                pass
            except ConnectionResetError:
                return answers
        raise AssertionError(f"{connection} does not end")


def _ended(connection: Connection) -> bool:
    return connection.closed


def check(recording: Recording, reactor: Reactor, data: bytes, cuts: Sequence[int]) -> int:
    """How many requests were read; raises ``AssertionError`` with what is wrong."""
    recording.found.clear()
    answers = said(reactor, data, cuts)
    parts = answers.split(b"HTTP/1.1 ")
    assert parts[0] == b"", answers
    for part in parts[1:]:
        assert part[:3].isdigit() and 100 <= int(part[:3]) < 600 and part[:3] != b"500", part
        assert b"\r\n\r\n" in part, part
    finals = sum(part[:3] == b"200" for part in parts[1:])
    assert finals == len(recording.found), answers
    for our, their in zip(recording.found, by_h11(data), strict=False):
        assert our == their, (our, their)
    return len(recording.found)


async def fuzz(cases: int, seed: int, report: Any = None) -> tuple[int, int]:
    """So many inputs from this seed; how many had a request that was answered, and how many requests that were."""
    chance, recording = random.Random(seed), Recording()
    lively = answered = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("everything is an operation")

    async with open_reactor(app, LiveClock(), operations=recording, connections_max=8) as reactor:
        while not reactor.lender.idle:
            await trio.lowlevel.checkpoint()
        for number in range(cases):
            data = mutated(chance)
            cuts = [chance.randint(0, len(data)) for _ in range(chance.choice((0, 0, 1, 3)))]
            try:
                count = check(recording, reactor, data, cuts)
            except AssertionError as error:
                raise AssertionError(f"case {number} of seed {seed}: {data!r} cut at {cuts}") from error
            lively += bool(count)
            answered += count
            if number % CASES_BETWEEN_BREATHS == 0:
                await trio.lowlevel.checkpoint()
                if report is not None:
                    report(number)
    return lively, answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = perf_counter()
    lively, answered = trio.run(fuzz, options.cases, options.seed)
    sys.stdout.write(
        f"{options.cases:,} inputs of seed {options.seed} in {perf_counter() - begun:.0f} s: "
        f"{answered:,} requests answered, of {lively:,} inputs; nothing was read in two ways\n"
    )


if __name__ == "__main__":
    main()

"""A client's line over a real socket: sends anything, reads one whole answer after another."""

from typing import NamedTuple

import trio

from portal.serving.listen import Bound

FORM = "application/x-www-form-urlencoded"


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    """The last one of each name; cookies are in ``cookies``."""
    cookies: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Line:
    """One connection, opened when it is first used, and again when it was closed."""

    def __init__(self, bound: Bound) -> None:
        self._bound = bound
        self._stream: trio.SocketStream | None = None

    async def ask(
        self, method: str, target: str, body: bytes = b"", *, content_type: str = "", **headers: str
    ) -> Answered:
        lines = [f"{method} {target} HTTP/1.1", "host: portal.test:8600", f"content-length: {len(body)}"]
        if content_type:
            lines.append(f"content-type: {content_type}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items() if value]
        if self._stream is None:
            self._stream = await trio.open_tcp_stream(self._bound.host, self._bound.port)
        await self._stream.send_all("\r\n".join([*lines, "", ""]).encode() + body)
        answer = await self._read(self._stream)
        if answer.headers.get("connection") == "close":
            await self.aclose()
        return answer

    async def _read(self, stream: trio.SocketStream) -> Answered:
        data = b""
        while b"\r\n\r\n" not in data:
            part = await stream.receive_some()
            assert part, f"closed after {data!r}"
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        pairs = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:]]
        headers = {name.lower(): value for name, value in pairs}
        while len(body) < int(headers.get("content-length", "0")):
            part = await stream.receive_some()
            assert part, "closed in the middle of a body"
            body += part
        cookies = tuple(value for name, value in pairs if name.lower() == "set-cookie")
        return Answered(int(head.split(b" ")[1]), headers, cookies, body)

    async def aclose(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()
            self._stream = None

"""A bridge at a port of its own, a site of the test's own at another, and a program that is no browser."""

from __future__ import annotations

import http.client
import http.server
import json
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import trio

from cards.card import Card
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.serving.listen import bind, serve
from sim.cards_desk.bridge import Bridge, build

PAGE = """<!DOCTYPE html><html lang="ja"><meta charset="utf-8"><title>ログインするサイト</title><body>
<button id="go">カードで</button><output id="said"></output>
<script src="{bridge}/extension.js"></script>
<script>
document.addEventListener("recvMsg", (event) => {{ document.getElementById("said").textContent = event.detail; }});
document.getElementById("go").addEventListener("click", () => {{
  document.dispatchEvent(new CustomEvent("launchApp", {{ detail: window.wish }}));
}});
</script></body></html>"""


class Said(NamedTuple):
    """An answer: status, headers in small letters, body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Hand:
    def __init__(self, cards: Mapping[str, Card]) -> None:
        self.held = dict(cards)

    def cards(self) -> Mapping[str, Card]:
        return self.held


class House(NamedTuple):
    """What a test asks."""

    bridge: Bridge
    port: int
    site: str
    hand: Hand

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ask(self, method: str, path: str, body: str | bytes = b"", **headers: str) -> Said:
        """One request; header names with _ for -. Host as a browser would send it unless told otherwise."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await trio.to_thread.run_sync(_ask, self.port, method, path, body, named)

    async def begin(self, message: Mapping[str, Any], origin: str | None = None) -> Said:
        text = json.dumps(message)
        return await self.ask(
            "POST", "/requests", text, origin=origin or self.site, content_type="application/json"
        )


def _ask(port: int, method: str, path: str, body: str | bytes, headers: dict[str, str]) -> Said:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body.encode() if isinstance(body, str) else body, headers)
        answer = connection.getresponse()
        return Said(
            answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        )
    finally:
        connection.close()


@contextmanager
def site(page: str) -> Iterator[str]:
    """A web site with one page; gives its origin."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = page.encode() if self.path == "/" else b""
            self.send_response(200 if content else 404)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@asynccontextmanager
async def house(cards: Mapping[str, Card]) -> AsyncIterator[House]:
    """The bridge, and a site on its list."""
    bound = bind("127.0.0.1", 0)
    hand = Hand(cards)
    with site(PAGE.format(bridge=bound.url)) as origin:
        bridge = Bridge(
            hand,
            LiveChance(),
            LiveClock(),
            origins=[origin],
            port=bound.port,
            uuid="installation of the test",
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(serve, build(bridge), bound, LiveClock())
            yield House(bridge, bound.port, origin, hand)
            nursery.cancel_scope.cancel()
    bound.socket.close()

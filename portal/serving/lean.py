"""Quart with what a page of ours needs and no more steps: by its public places of extension, with its own behaviour.

quart-trio opens a nursery with two tasks for each request, so that a body can be read while it comes and a stream ends
when its reader leaves. A request that is there whole needs neither, nor does an answer that is: those are made in the
task that asks. Whatever else comes goes Quart's own way.
"""

from math import inf
from typing import Any

import trio
from quart.utils import encode_headers
from quart.wrappers.response import DataBody
from quart_trio import QuartTrio
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioResponse
from werkzeug.routing import MapAdapter

HOSTS_KNOWN_MAX = 64
"""Names by which browsers call us."""


class LeanConnection(TrioASGIHTTPConnection):
    """One request (``Quart.asgi_http_class``)."""

    async def __call__(self, receive: Any, send: Any) -> None:
        first = await receive()
        if first["type"] != "http.request" or first.get("more_body", False):
            await super().__call__(_beginning_with(first, receive), send)
            return
        request = self._create_request_from_scope(send)
        request.body.append(first.get("body", b""))
        request.body.set_complete()
        response = await self.app.handle_request(request)
        if isinstance(response, TrioResponse) and isinstance(response.response, DataBody):
            # How long the client may take for it is the server's to say.
            await self._send_whole(response, response.response, send)
        else:
            await self._send_stream(response, receive, send)

    async def _send_whole(self, response: TrioResponse, body: DataBody, send: Any) -> None:
        headers = encode_headers(response.headers)
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        data = body.data[body.begin : body.end]
        await send({"type": "http.response.body", "body": data, "more_body": False})

    async def _send_stream(self, response: Any, receive: Any, send: Any) -> None:
        """As it is made; it ends when its reader leaves, or its time is over."""
        timeout = self.app.config["RESPONSE_TIMEOUT"]
        if isinstance(response, TrioResponse) and response.timeout is not Ellipsis:
            timeout = response.timeout
        with trio.move_on_after(inf if timeout is None else timeout):
            await self._send_until_gone(response, receive, send)

    async def _send_until_gone(self, response: Any, receive: Any, send: Any) -> None:
        async with trio.open_nursery() as nursery:

            async def until_gone() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                nursery.cancel_scope.cancel()

            nursery.start_soon(until_gone)
            await self._send_response(send, response)
            nursery.cancel_scope.cancel()


def _beginning_with(first: Any, receive: Any) -> Any:
    given = False

    async def again() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return first

    return again


class LeanQuart(QuartTrio):
    """Quart, with the name of a host that is known already looked up instead of worked out."""

    asgi_http_class = LeanConnection

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._hosts: dict[tuple[str, str, str], tuple[str, str | None]] = {}

    def create_url_adapter(self, request: Any) -> MapAdapter | None:
        if request is None:
            return super().create_url_adapter(request)
        name = (request.scheme, request.host, request.root_path)
        known = self._hosts.get(name)
        if known is None:
            adapter = super().create_url_adapter(request)
            if adapter is not None and len(self._hosts) < HOSTS_KNOWN_MAX:
                self._hosts[name] = adapter.server_name, adapter.subdomain
            return adapter
        server_name, subdomain = known
        return MapAdapter(
            self.url_map,
            server_name,
            request.root_path.rstrip("/") + "/",
            subdomain,
            request.scheme,
            request.path,
            request.method,
            request.query_string.decode(),
        )

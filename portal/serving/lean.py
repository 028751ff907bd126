"""Quart with what a page of ours needs and no more steps: by its public places of extension, with its own behaviour.

quart-trio opens a nursery with two tasks for each request, so that a body can be read while it comes and a stream ends
when its reader leaves. A request that is there whole needs neither, nor does an answer that is: those are made in the
task that asks. Whatever else comes goes Quart's own way.
"""

from functools import partial
from inspect import CO_COROUTINE
from math import inf
from types import FunctionType
from typing import Any

import trio
from quart import Quart
from quart.sessions import SecureCookieSession, SecureCookieSessionInterface
from quart.utils import encode_headers
from quart.wrappers.base import BaseRequestWebsocket
from quart.wrappers.response import DataBody
from quart_trio import QuartTrio
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioRequest, TrioResponse
from werkzeug.datastructures import Headers
from werkzeug.routing import MapAdapter
from werkzeug.sansio.utils import get_content_length
from werkzeug.utils import cached_property

HOSTS_KNOWN_MAX = 64
"""Names by which browsers call us."""
TITLES_KNOWN_MAX = 256
"""Names of headers."""
TITLE_BYTES_MAX = 40
_FRAMING = (b"content-length", b"transfer-encoding")


_TITLES: dict[bytes, str] = {}


def _title(name: bytes) -> str:
    """``Accept-Language``: how Quart writes a header's name."""
    title = name.decode("latin1").title()
    if len(_TITLES) < TITLES_KNOWN_MAX and len(name) <= TITLE_BYTES_MAX:
        _TITLES[name] = title
    return title


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

    def _create_request_from_scope(self, send: Any) -> Any:
        scope = self.scope
        if scope["http_version"] < "1.1" or scope.get("root_path") or scope["path"][:1] != "/":
            return super()._create_request_from_scope(send)
        config = self.app.config
        headers = Headers()
        # Quart adds them one by one; a server's values have no line break in them, for which each would be searched.
        headers._list = [
            ("Remote-Addr", (scope.get("client") or ["<local>"])[0]),
            *(
                (_TITLES.get(name) or _title(name), value.decode("latin1"))
                for name, value in scope["headers"]
            ),
        ]
        return self.app.request_class(
            scope["method"],
            scope["scheme"],
            scope["path"],
            scope["query_string"],
            headers,
            "",
            scope["http_version"],
            max_content_length=config["MAX_CONTENT_LENGTH"],
            body_timeout=config["BODY_TIMEOUT"],
            send_push_promise=partial(self._send_push_promise, send),
            scope=scope,
        )

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


class LeanRequest(TrioRequest):
    """Quart's request; what every page asks of it is found in fewer steps."""

    @cached_property
    def content_length(self) -> int | None:
        for name, _ in self.scope["headers"]:
            if name in _FRAMING:
                return get_content_length(
                    self.headers.get("Content-Length"), self.headers.get("Transfer-Encoding")
                )
        return None

    @property
    def blueprints(self) -> list[str]:
        endpoint = self.endpoint
        return [] if endpoint is None or "." not in endpoint else super().blueprints


class LeanSessions(SecureCookieSessionInterface):
    """Quart's sessions in cookies; an app without a key has none, and is not asked for a signature first."""

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> SecureCookieSession | None:
        return await super().open_session(app, request) if app.secret_key else None


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
    request_class = LeanRequest
    session_interface = LeanSessions()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._hosts: dict[tuple[str, str, str], tuple[str, str | None]] = {}

    def ensure_async(self, func: Any) -> Any:
        # Quart asks `inspect`, which looks through wrappers and partials first.
        if type(func) is FunctionType and func.__code__.co_flags & CO_COROUTINE:
            return func
        return super().ensure_async(func)

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

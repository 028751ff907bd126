"""A shield around quart-trio, which hangs requests when it meets hypercorn as it comes.

hypercorn 0.18 says ``http.disconnect`` as soon as a response has ended; quart-trio 0.12 then cancels the task that
is still inside hypercorn's ``send()``: ``Connection: close`` never closes, the idle timer never starts, and some
kept connections hang. So: the request's body is taken in before the response begins, and the last part of the
response is sent where that cancellation can't reach it.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import trio

WHOLE_REQUESTS = "portal.whole_requests"
"""The ASGI extension of a server that hands out whole requests and whose last ``send`` does not wait: our lane."""

BODY_SECONDS_MAX = 5.0
"""How long a response waits for the rest of a request's body that the app did not read."""
LAST_PART_SECONDS_MAX = 30.0
"""How long the last part may take to go out to a slow client."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Shield:
    """Wraps an ASGI app; all but HTTP passes unchanged, and so does what comes by our lane."""

    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        self._app = app

    def __repr__(self) -> str:
        return f"Shield({self._app!r})"

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or WHOLE_REQUESTS in scope.get("extensions", ()):
            await self._app(scope, receive, send)
            return
        received = trio.Event()

        async def receive_noting_the_end() -> Message:
            message = await receive()
            if message["type"] != "http.request" or not message.get("more_body", False):
                received.set()
            return message

        async def send_whole(message: Message) -> None:
            if message["type"] == "http.response.start":
                with trio.move_on_after(BODY_SECONDS_MAX):
                    await received.wait()
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                deadline = trio.current_time() + LAST_PART_SECONDS_MAX
                with trio.CancelScope(shield=True, deadline=deadline):
                    await send(message)
            else:
                await send(message)

        await self._app(scope, receive_noting_the_end, send_whole)

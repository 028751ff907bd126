"""A citizen's operation as somebody would write it who wants it fast and stays on uvicorn: raw ASGI, no framework.

sqlite3 in the loop on one connection with its statement cache, data keys kept once unwrapped, msgspec for every JSON.
It reads the same copy of the portal's file under the same master key as the other rival, and answers the same content.

Run as ``uvicorn benchmarks.tuned_rival:citizen``; the environment says where the file is.
"""

import base64
import hashlib
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

JST = timezone(timedelta(hours=9))
KEYS_KEPT_MAX = 10_000

SESSION = "SELECT account_id, idle_until_ms, ends_ms FROM sessions WHERE token_hash = ?"
ACCOUNT = "SELECT wrapped_key, settings FROM accounts WHERE account_id = ?"
REQUESTS = (
    "SELECT request_id, state, asked, asked_ms, answered_ms, read_ms, guidance FROM disclosure_requests "
    "WHERE account_id = ? AND kind = 'records' ORDER BY asked_ms DESC, request_id"
)
NOT_SIGNED_IN = b'{"code":"not-signed-in"}'


class Asked(msgspec.Struct):
    start: date
    end: date


class View(msgspec.Struct):
    request_id: str
    state: str
    start: date
    end: date
    asked_at: datetime
    answered_at: datetime | None
    read: bool
    guidance: str | None


class Requests(msgspec.Struct):
    requests: list[View]


class _Opened:
    """What a process needs once."""

    def __init__(self) -> None:
        connection = sqlite3.connect(os.environ["RIVAL_DATABASE"], isolation_level=None)
        connection.execute("PRAGMA mmap_size=268435456")
        self.cursor = connection.cursor()
        self.master = AESGCM(base64.b64decode(os.environ["RIVAL_MASTER_KEY"]))
        self.keys: dict[str, AESGCM] = {}
        self.asked = msgspec.json.Decoder(Asked).decode
        self.settings = msgspec.json.Decoder(dict[str, Any]).decode
        self.encode = msgspec.json.Encoder().encode

    def key(self, account_id: str, wrapped: bytes) -> AESGCM:
        key = self.keys.get(account_id)
        if key is None:
            if len(self.keys) >= KEYS_KEPT_MAX:
                self.keys.clear()
            opened = self.master.decrypt(wrapped[:12], wrapped[12:], account_id.encode())
            key = self.keys[account_id] = AESGCM(opened)
        return key


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, JST)


def _answer(opened: _Opened, authorization: bytes) -> tuple[int, bytes]:
    execute = opened.cursor.execute
    session = execute(SESSION, (hashlib.sha256(authorization[7:]).digest(),)).fetchone()
    now = time.time() * 1000
    if session is None or now >= session[1] or now >= session[2] or session[0] is None:
        return 401, NOT_SIGNED_IN
    account_id = session[0]
    account = execute(ACCOUNT, (account_id,)).fetchone()
    if account is None:
        return 401, NOT_SIGNED_IN
    wrapped, sealed_settings = account
    key = opened.key(account_id, wrapped)
    opened.settings(
        key.decrypt(sealed_settings[:12], sealed_settings[12:], f"{account_id}/settings".encode())
    )
    shown = []
    for request_id, state, sealed, asked_ms, answered_ms, read_ms, guidance in execute(
        REQUESTS, (account_id,)
    ):
        asked = opened.asked(
            key.decrypt(sealed[:12], sealed[12:], f"{account_id}/asked/{request_id}".encode())
        )
        shown.append(
            View(
                request_id,
                state if state in ("answered", "refused", "paper") else "waiting",
                asked.start,
                asked.end,
                datetime.fromtimestamp(asked_ms / 1000, JST),
                _moment(answered_ms),
                read_ms is not None,
                guidance,
            )
        )
    return 200, opened.encode(Requests(shown))


_opened: list[_Opened] = []


async def citizen(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            if kind == "lifespan.startup":
                _opened.append(_Opened())
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    authorization = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            authorization = value
    if scope["path"] == "/requests" and scope["method"] == "GET":
        status, body = _answer(_opened[0], authorization)
    else:
        status, body = 404, b"{}"
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

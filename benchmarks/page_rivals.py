"""The same page and the same durable write as their frameworks' documentation has them; ``hello`` as bare as ASGI goes.

Run as ``gunicorn benchmarks.page_rivals:flask_app`` (gthread) and ``uvicorn benchmarks.page_rivals:…``.
"""

import os
import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from flask import Flask, render_template
from pydantic import BaseModel

from benchmarks.page_content import TEMPLATES, content

HELLO = b'{"done":true}'

flask_app = Flask(__name__, template_folder=str(TEMPLATES))


@flask_app.get("/page")
def flask_page() -> str:
    return render_template("records.html", **content())


fastapi_app = FastAPI()
_templates = Jinja2Templates(directory=str(TEMPLATES))


@fastapi_app.get("/page", response_class=HTMLResponse)
def fastapi_page(request: Request) -> Any:
    return _templates.TemplateResponse(request, "records.html", content())


class Kept(BaseModel):
    text: str


def _database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(Path(os.environ["RIVAL_DATABASE"]), timeout=60, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        yield connection
    finally:
        connection.close()


@fastapi_app.post("/rows", status_code=201)
def keep(kept: Kept, database: Annotated[sqlite3.Connection, Depends(_database)]) -> dict[str, bool]:
    with database:
        database.execute("INSERT INTO rows (key, content) VALUES (?, ?)", (uuid.uuid4().hex, kept.text))
    return {"done": True}


@fastapi_app.on_event("startup")
def _prepare() -> None:
    if "RIVAL_DATABASE" in os.environ:
        with sqlite3.connect(os.environ["RIVAL_DATABASE"]) as made:
            made.execute("PRAGMA journal_mode=WAL")
            made.execute("CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, content TEXT NOT NULL)")


async def hello(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    assert scope["type"] == "http"
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(HELLO))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": HELLO})

"""Our side of ``benchmarks.serving``: an operation that says hello, one that writes, and a page of Quart, on the lane.

``python -m benchmarks.served FOLDER`` prints its address and serves until ended.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import jinja2
import msgspec
import trio
from quart_trio.wrappers import TrioResponse

from benchmarks.page_content import TEMPLATES, content
from portal.seams.chance import LiveChance, identifier
from portal.seams.clock import LiveClock
from portal.serving.dispatcher import Dispatcher
from portal.serving.front import AsgiApp, Front
from portal.serving.guards import Open
from portal.serving.lean import LeanQuart
from portal.serving.listen import bind, serve
from portal.store.sqlite import SqliteStore, open_sqlite
from portal.store.store import Op, Schema
from portal.web import design
from portal.wire.operation import Done, Message, Method, Nothing, Operation
from portal.wire.systems import Party, System

SCHEMA = Schema("bench", ("CREATE TABLE rows (key TEXT PRIMARY KEY, content TEXT NOT NULL)",))
_INSERT = "INSERT INTO rows (key, content) VALUES (:key, :content)"


class Keep(Message, frozen=True):
    text: Annotated[str, msgspec.Meta(max_length=1_000)]


HELLO = Operation(
    "bench.hello", System.FRONT, Method.GET, "/hello", Nothing, Done,
    callers=[Party.ANYONE], repeatable=True, summary="挨拶する",
)  # fmt: skip
KEEP = Operation(
    "bench.keep", System.FRONT, Method.POST, "/rows", Keep, Done,
    callers=[Party.ANYONE], repeatable=False, summary="書き込む", status=201,
)  # fmt: skip


def _pages() -> AsgiApp:
    app = LeanQuart(__name__)
    # As the portal's own pages are made; white space as the rivals' Jinja leaves it, so that all send the same bytes.
    templates = design.environment().overlay(
        loader=jinja2.FileSystemLoader(TEMPLATES), trim_blocks=False, lstrip_blocks=False
    )

    @app.get("/page")
    async def page() -> TrioResponse:
        body = design.render(templates, "records.html", content())
        return TrioResponse(body, content_type="text/html; charset=utf-8")

    return app  # type: ignore[return-value]


def _front(store: SqliteStore) -> Front:
    dispatcher, chance = Dispatcher(System.FRONT), LiveChance()

    async def hello(_: Nothing, __: object) -> Done:
        return Done()

    async def keep(kept: Keep, _: object) -> Done:
        await store.write([Op(_INSERT, {"key": identifier(chance), "content": kept.text})])
        return Done()

    dispatcher.add(HELLO, Open(), hello)
    dispatcher.add(KEEP, Open(), keep)
    return Front(dispatcher, _pages())


async def main(folder: Path) -> None:
    bound = bind("127.0.0.1", 0)
    async with open_sqlite(folder / "ours.sqlite", [SCHEMA]) as store, trio.open_nursery() as nursery:
        await nursery.start(partial(serve, _front(store), bound, LiveClock()))
        sys.stdout.write(bound.url + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))

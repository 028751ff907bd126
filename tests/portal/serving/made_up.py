"""A made-up system with an operation of each kind, and handlers that do what the tests ask for."""

import json
from typing import Annotated, NamedTuple

import msgspec
import trio

from portal.links.credentials import SystemKeys, authorization_of
from portal.seams.clock import Clock
from portal.serving.about import serve_about
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Open, Peers, Stranger
from portal.store.store import StorageRefused, StoreOverloaded
from portal.wire.operation import Done, Message, Method, Nothing, Operation
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import Party, System

SECRET = b"made up"
FROM_PORTAL = authorization_of(SECRET, System.PORTAL)
FROM_JPKI = authorization_of(SECRET, System.JPKI)


class Greet(Message, frozen=True):
    name: Annotated[str, msgspec.Meta(max_length=40)]
    times: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    loud: bool = False


class Greeting(msgspec.Struct, frozen=True):
    text: str


class Colour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    red: Annotated[int, msgspec.Meta(ge=0, le=255)]


class Keep(Message, frozen=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=10)]
    colours: tuple[Colour, ...] = ()


class Change(Message, frozen=True):
    name: Annotated[str, msgspec.Meta(max_length=40)]
    colour: Colour


class Fail(Message, frozen=True):
    how: str


ANYONE = [Party.ANYONE]
GREET = Operation(
    "made_up.greet", System.FRONT, Method.GET, "/greetings/{name}", Greet, Greeting,
    callers=ANYONE, repeatable=True, summary="挨拶する",
)  # fmt: skip
KEEP = Operation(
    "made_up.keep", System.FRONT, Method.POST, "/kept", Keep, Keep,
    callers=ANYONE, repeatable=False, summary="預かる", status=201, problems=[ProblemCode.CONFLICT],
)  # fmt: skip
LIST = Operation(
    "made_up.list", System.FRONT, Method.GET, "/kept", Nothing, Done,
    callers=ANYONE, repeatable=True, summary="預かりものの一覧",
)  # fmt: skip
CHANGE = Operation(
    "made_up.change", System.FRONT, Method.PUT, "/kept/{name}/colour", Change, Change,
    callers=ANYONE, repeatable=True, summary="色を変える",
)  # fmt: skip
PING = Operation(
    "made_up.ping", System.FRONT, Method.POST, "/pings", Nothing, Done,
    callers=ANYONE, repeatable=True, summary="呼ぶ",
)  # fmt: skip
TURN = Operation(
    "made_up.turn", System.FRONT, Method.POST, "/turned", bytes, bytes,
    callers=ANYONE, repeatable=True, summary="裏返す",
    request_media="application/octet-stream", response_media="application/octet-stream", body_bytes_max=1_000_000,
)  # fmt: skip
COUNT = Operation(
    "made_up.count", System.FRONT, Method.POST, "/counted", bytes, bytes,
    callers=ANYONE, repeatable=True, summary="大きなものを数える",
    request_media="application/octet-stream", response_media="application/octet-stream", body_bytes_max=6_000_000,
)  # fmt: skip
PEER = Operation(
    "made_up.peer", System.FRONT, Method.GET, "/peers", Nothing, Done,
    callers=[System.PORTAL], repeatable=True, summary="仲間だけ",
)  # fmt: skip
FAIL = Operation(
    "made_up.fail", System.FRONT, Method.GET, "/failures", Fail, Done,
    callers=ANYONE, repeatable=True, summary="失敗する",
)  # fmt: skip
WAIT = Operation(
    "made_up.wait", System.FRONT, Method.POST, "/waits", Nothing, Done,
    callers=ANYONE, repeatable=True, summary="待つ",
)  # fmt: skip


class MadeUp(NamedTuple):
    dispatcher: Dispatcher
    waiting: list[trio.Event]
    """One for each call of WAIT that is in progress; setting it ends the call."""


def make(clock: Clock, *, in_progress_max: int = 2_000) -> MadeUp:
    dispatcher = Dispatcher(System.FRONT, in_progress_max=in_progress_max)
    waiting: list[trio.Event] = []

    async def greet(request: Greet, _: Stranger) -> Greeting:
        text = "、".join([f"こんにちは {request.name}"] * request.times)
        return Greeting(text + ("！" if request.loud else ""))

    async def keep(request: Keep, _: Stranger) -> Keep | Problem:
        if request.name == "taken":
            return problem(ProblemCode.CONFLICT, "もうあります。")
        return request

    async def done(_: Nothing, __: object) -> Done:
        return Done()

    async def change(request: Change, _: Stranger) -> Change:
        return request

    async def turn(request: bytes, _: Stranger) -> bytes:
        return request[::-1]

    async def count(request: bytes, _: Stranger) -> bytes:
        return str(len(request)).encode()

    async def fail(request: Fail, _: Stranger) -> Done:
        raise {
            "accident": ValueError("secret detail"),
            "storage": StorageRefused("disk full"),
            "busy": StoreOverloaded("busy"),
        }[request.how]

    async def wait(_: Nothing, __: Stranger) -> Done:
        event = trio.Event()
        waiting.append(event)
        await event.wait()
        return Done()

    dispatcher.add(GREET, Open(), greet)
    dispatcher.add(KEEP, Open(), keep)
    dispatcher.add(LIST, Open(), done)
    dispatcher.add(CHANGE, Open(), change)
    dispatcher.add(PING, Open(), done)
    dispatcher.add(TURN, Open(), turn)
    dispatcher.add(COUNT, Open(), count)
    dispatcher.add(PEER, Peers(SystemKeys(SECRET)), done)
    dispatcher.add(FAIL, Open(), fail)
    dispatcher.add(WAIT, Open(), wait)
    serve_about(dispatcher, clock)
    return MadeUp(dispatcher, waiting)


async def echo(scope, receive, send):
    """Answers with what it was asked."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    said = {
        "method": scope["method"],
        "path": scope["path"],
        "raw_path": scope["raw_path"].decode("latin-1"),
        "query": scope["query_string"].decode("latin-1"),
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
        "body": body.decode("latin-1"),
    }
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})

"""Quart's public behaviour is kept: the same app on Quart as it comes and on ours says the same to the same requests."""

import functools

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import make
from quart import Blueprint, Quart, abort, g, redirect, request, session, url_for
from quart_trio import QuartTrio
from raw_client import asking, running

from portal.seams.clock import LiveClock
from portal.serving import lean
from portal.serving.front import Front
from portal.serving.lean import LeanQuart

FORM = {"Content_Type": "application/x-www-form-urlencoded"}


class Noted:
    """What the app's hooks saw."""

    def __init__(self) -> None:
        self.seen: list[str] = []


def build(kind: type[Quart], noted: Noted) -> Quart:
    app = kind(__name__)
    app.secret_key = "made up"
    app.config["MAX_CONTENT_LENGTH"] = 1_000

    @app.before_request
    async def before():
        g.number = len(noted.seen)
        noted.seen.append(f"before {request.path}")
        if request.args.get("stop"):
            return "stopped", 418
        return None

    @app.after_request
    async def after(response):
        response.headers["x-after"] = request.method
        return response

    @app.teardown_request
    async def teardown(error):
        noted.seen.append(f"teardown {type(error).__name__}")

    @app.get("/page")
    async def page():
        return "ページ", {"x-a": "b", "set-cookie": "c=d"}

    @app.get("/named/<name>")
    async def named(name):
        return {"name": name, "url": url_for("named", name="次", _external=True), "host": request.host}

    @app.post("/form")
    async def form():
        filled = await request.form
        return "、".join(f"{key}={value}" for key, value in filled.items())

    @app.post("/data")
    async def data():
        return str(len(await request.get_data()))

    @app.post("/ignores")
    async def ignores():
        return "ignored"

    @app.get("/later")
    async def later():
        await trio.sleep(0.001)
        return "waited"

    @app.get("/fails")
    async def fails():
        raise LookupError("secret")

    @app.get("/aborts")
    async def aborts():
        abort(409)

    @app.get("/elsewhere")
    async def elsewhere():
        return redirect("/page")

    @app.get("/counts")
    async def counts():
        session["count"] = session.get("count", 0) + 1
        return str(session["count"])

    @app.get("/parts")
    async def parts():
        async def several():
            for number in range(3):
                yield f"part {number}".encode()

        return several()

    @app.get("/nothing-to-say")
    async def nothing_to_say():
        return "", 204

    @app.route("/told", methods=["GET", "POST"])
    async def told():
        return {
            "headers": list(request.headers.items()), "length": request.content_length, "type": request.mimetype, "url": request.url,
            "from": request.remote_addr, "endpoint": request.endpoint, "blueprint": request.blueprint, "blueprints": request.blueprints,
            "args": list(request.args.items(multi=True)), "cookies": dict(request.cookies), "accepts": str(request.accept_languages),
            "method": request.method, "path": request.full_path, "etag": str(request.if_none_match), "session": type(session._get_current_object()).__name__,
        }  # fmt: skip

    @app.get("/in-a-thread")
    def in_a_thread():
        return f"sync {request.path}"

    async def partly(word):
        return word

    app.add_url_rule("/partly", "partly", functools.partial(partly, "partial"))

    inner, outer = Blueprint("inner", __name__), Blueprint("outer", __name__, url_prefix="/outer")

    @outer.before_request
    async def before_outer():
        noted.seen.append(f"before outer {request.blueprints}")

    @inner.after_request
    async def after_inner(response):
        response.headers["x-inner"] = request.blueprint
        return response

    @inner.get("/page")
    async def inner_page():
        return url_for(".inner_page")

    outer.register_blueprint(inner, url_prefix="/inner")
    app.register_blueprint(outer)

    @app.errorhandler(404)
    async def missing(error):
        return f"何もありません {request.path}", 404

    return app


REQUESTS = [
    ("GET", "/page", None, {}), ("HEAD", "/page", None, {}), ("GET", "/page?stop=1", None, {}),
    ("OPTIONS", "/page", None, {}), ("POST", "/page", b"x", {}), ("GET", "/missing", None, {}),
    ("GET", "/named/%E3%81%82?q=1", None, {}), ("GET", "/named/a%2Fb", None, {}), ("GET", "/named/x", None, {"Host": "Other.Example:80"}),
    ("GET", "/named/", None, {}), ("GET", "//page", None, {}), ("GET", "/page/", None, {}),
    ("POST", "/form", "a=1&b=二".encode(), FORM), ("POST", "/form", b"a=" + b"x" * 2_000, FORM), ("POST", "/form", b"", FORM),
    ("POST", "/data", b"x" * 900, {}), ("POST", "/data", b"x" * 1_100, {}), ("POST", "/ignores", b"x" * 900, {}),
    ("GET", "/later", None, {}), ("GET", "/fails", None, {}), ("GET", "/aborts", None, {}), ("GET", "/elsewhere", None, {}),
    ("GET", "/counts", None, {}), ("GET", "/parts", None, {}), ("HEAD", "/parts", None, {}), ("GET", "/nothing-to-say", None, {}),
    ("GET", "/page", None, {"Connection": "close"}),
    ("GET", "/told?a=1&a=2&b", None, {"Cookie": "a=b; c=d", "ACCEPT_language": "ja, en;q=0.5", "X_Odd": "é", "If_None_Match": '"x"', "x_odd": "2"}),
    ("POST", "/told", b"x", FORM), ("POST", "/told", b"", {"Remote_Addr": "1.2.3.4"}), ("GET", "/told", None, {"X" * 50: "long"}),
    ("GET", "/in-a-thread", None, {}), ("GET", "/partly", None, {}), ("GET", "/outer/inner/page", None, {}), ("GET", "/outer/none", None, {}),
]  # fmt: skip


def raw(method, target, body, headers) -> bytes:
    asked = asking(method, target, body, **{name: value for name, value in headers.items() if name != "Host"})
    return asked.replace(b"Host: here", b"Host: " + headers.get("Host", "here").encode())


def compared(headers: dict[str, str]) -> dict[str, str]:
    """Without what frames a body, and a session without the moment at which it was signed."""
    framing = {"content-length", "transfer-encoding"}
    return {
        name: value.partition(".")[0] if value.startswith("session=") else value
        for name, value in headers.items()
        if name not in framing
    }


async def said(kind, requests, *, lane) -> tuple[list[object], list[str]]:
    """All that the app says to these, one after another on as many connections as it takes, and what its hooks saw."""
    noted, answers = Noted(), []
    async with running(Front(make(LiveClock()).dispatcher, build(kind, noted)), lane=lane) as server:
        for each in requests:
            async with server.client() as client:
                await client.send(raw(*each))
                answer = await client.answer(each[0])
                headers = {name: value for name, value in answer.headers.items() if name != "date"}
                answers.append((answer.status, headers, answer.body))
    return answers, noted.seen


@pytest.mark.parametrize("lane", [True, False], ids=["lane", "hypercorn"])
async def test_both_say_the_same(lane):
    theirs, ours = await said(QuartTrio, REQUESTS, lane=lane), await said(LeanQuart, REQUESTS, lane=lane)

    assert ours[1] == theirs[1]
    for asked, our, their in zip(REQUESTS, ours[0], theirs[0], strict=True):
        # Whether an answer's length stands before it is the server's matter: there are fewer messages to it.
        assert (our[0], our[2]) == (their[0], their[2]), asked
        assert compared(our[1]) == compared(their[1]), asked


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(REQUESTS[:24]), min_size=2, max_size=12))
async def test_both_say_the_same_on_one_connection(requests):
    async def all_said(kind):
        async with running(Front(make(LiveClock()).dispatcher, build(kind, Noted()))) as server, server.client() as client:  # fmt: skip
            await client.send(b"".join(raw(*each) for each in requests))
            return [(await client.answer(each[0]))._replace(headers={}) for each in requests]

    assert await all_said(LeanQuart) == await all_said(QuartTrio)


async def test_without_a_key_there_are_no_sessions():
    said_of = []
    for kind in (QuartTrio, LeanQuart):
        app = build(kind, Noted())
        app.secret_key = None
        async with running(Front(make(LiveClock()).dispatcher, app)) as server, server.client() as client:
            told, counts = await client.ask("GET", "/told"), await client.ask("GET", "/counts")
        said_of.append((b"NullSession" in told.body, counts.status, counts.body))
    assert said_of[0] == said_of[1] == (True, 500, said_of[0][2])


async def test_http_1_0_without_a_host():
    said_of = []
    for kind in (QuartTrio, LeanQuart):
        async with running(Front(make(LiveClock()).dispatcher, build(kind, Noted()))) as server, server.client() as client:  # fmt: skip
            await client.send(b"GET /told HTTP/1.0\r\nx-a: b\r\n\r\n")
            said_of.append((await client.answer()).body)
    assert b'"Host"' in said_of[0]
    assert said_of[0] == said_of[1]


async def test_names_of_headers_have_a_limit():
    async with running(Front(make(LiveClock()).dispatcher, build(LeanQuart, Noted()))) as server, server.client() as client:  # fmt: skip
        for number in range(20):
            names = {f"x_{number}_{each}": "1" for each in range(50)}
            told = (await client.ask("GET", "/told", **names)).body.decode()
            assert all(name.title().replace("_", "-") in told for name in names)
    assert len(lean._TITLES) <= lean.TITLES_KNOWN_MAX


async def test_a_stream_ends_when_its_reader_leaves():
    ended, app = trio.Event(), LeanQuart(__name__)

    @app.get("/stream")
    async def stream():
        async def endless():
            try:
                while True:
                    yield b"x"
                    await trio.sleep(0.001)
            finally:
                ended.set()

        return endless()

    async with running(Front(make(LiveClock()).dispatcher, app)) as server:
        async with server.client() as client:
            await client.send(asking("GET", "/stream"))
            await client.stream.receive_some()
        with trio.fail_after(5):
            await ended.wait()


async def test_a_stream_ends_when_its_time_is_over():
    app = LeanQuart(__name__)
    app.config["RESPONSE_TIMEOUT"] = 0.05

    @app.get("/stream")
    async def stream():
        async def endless():
            yield b"x"
            await trio.sleep_forever()

        return endless()

    async with running(Front(make(LiveClock()).dispatcher, app)) as server, server.client() as client:
        await client.send(asking("GET", "/stream"))
        assert (await client.rest(5)).endswith(b"1\r\nx\r\n")


async def test_a_page_that_need_not_wait_spawns_nothing():
    app, tasks = LeanQuart(__name__), []

    @app.get("/page")
    async def page():
        tasks.append(trio.lowlevel.current_task())
        return "page"

    async with running(Front(make(LiveClock()).dispatcher, app)) as server, server.client() as client:
        for _ in range(20):
            assert (await client.ask("GET", "/page")).body == b"page"
    assert len(set(tasks)) == 1
    assert not tasks[0].child_nurseries


async def test_hosts_have_a_limit():
    app = build(LeanQuart, Noted())
    async with running(Front(make(LiveClock()).dispatcher, app)) as server, server.client() as client:
        for number in range(100):
            await client.send(raw("GET", "/named/x", None, {"Host": f"h{number}.example"}))
            assert f"//h{number}.example/".encode() in (await client.answer()).body.replace(b"\\/", b"/")
    assert len(app._hosts) == 64

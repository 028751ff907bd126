"""The HTTP/1.1 lane over real sockets: what a complete server does, and what it refuses."""

import json
import re
import socket
from contextlib import suppress

import pytest
import trio
import trio.lowlevel
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import FROM_PORTAL, make
from raw_client import Answer, Client, asking, running

from portal.seams.clock import LiveClock
from portal.serving.front import Front
from portal.serving.lane.limits import BODY_BYTES_MAX
from portal.serving.lane.reactor import open_reactor
from portal.serving.limits import DEFAULTS, ServingLimits
from portal.serving.listen import bind
from portal.wire.operation import WireResponse


@pytest.fixture
def made_up():
    return make(LiveClock())


@pytest.fixture
def limits():
    """What the server takes on; a test with other limits is parametrised with them."""
    return DEFAULTS


@pytest.fixture
async def server(made_up, limits):
    async with running(Front(made_up.dispatcher), limits=limits) as server:
        yield server


@pytest.fixture
async def client(server):
    async with server.client() as client:
        yield client


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


@pytest.fixture
async def echoing():
    async with running(echo) as server, server.client() as client:
        yield client


# Connections


async def test_a_connection_is_kept_for_the_next_request(client):
    for number in range(5):
        answer = await client.ask("GET", f"/greetings/{number}")
        assert json.loads(answer.body) == {"text": f"こんにちは {number}"}
        assert "connection" not in answer.headers


async def test_connection_close_closes(client):
    answer = await client.ask("GET", "/health", Connection="close")

    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await client.closed()


@pytest.mark.parametrize(("wish", "kept"), [("", False), ("Connection: keep-alive\r\n", True)])
async def test_http_1_0_is_closed_unless_it_wishes_otherwise(client, wish, kept):
    await client.send(f"GET /health HTTP/1.0\r\n{wish}\r\n".encode())

    answer = await client.answer()

    assert answer.headers["connection"] == ("keep-alive" if kept else "close")
    if kept:
        assert (await client.ask("GET", "/health")).status == 200
    else:
        assert await client.closed()


async def test_requests_sent_at_once_are_answered_in_order(client):
    await client.send(b"".join(asking("GET", f"/greetings/{n}") for n in range(200)))

    for number in range(200):
        assert json.loads((await client.answer()).body) == {"text": f"こんにちは {number}"}


async def test_what_follows_a_close_is_not_answered(client):
    await client.send(asking("GET", "/health", Connection="close") + asking("GET", "/health"))

    assert (await client.rest()).count(b"HTTP/1.1 ") == 1


async def test_a_client_that_has_finished_sending_still_gets_its_answer(client, made_up):
    await client.send(asking("POST", "/waits", b"") + asking("GET", "/health"))
    await client.stream.send_eof()
    await trio.testing.wait_all_tasks_blocked(0.02)
    made_up.waiting[0].set()

    assert (await client.answer()).body == b'{"done":true}'
    assert (await client.answer()).status == 200
    assert await client.closed()


async def test_a_request_may_come_in_any_pieces(client):
    for byte in asking("POST", "/kept", b'{"name":"cup"}', Content_Type="application/json"):
        await client.send(bytes([byte]))

    assert (await client.answer()).status == 201


async def test_1000_mixed_requests_on_16_connections(server):
    """Bodies read and unread, refused, chunked, of every size, some connections closed on the way."""
    kinds = [
        ("GET", "/greetings/a?times=3", None, 200),
        ("POST", "/kept", b'{"name":"cup"}', 201),
        ("POST", "/kept", b"{", 400),
        ("POST", "/pings", b"", 200),
        ("POST", "/nothing", b"unread" * 1000, 404),
        ("POST", "/turned", b"ab" * 100_000, 200),
        ("POST", "/kept", b"x" * 70_000, 413),
        ("HEAD", "/health", None, 200),
        ("DELETE", "/kept", None, 405),
    ]
    answered = 0

    async def talk(which: int) -> None:
        nonlocal answered
        numbers = iter(range(which, 1000, 16))
        closed = True
        while closed:
            closed = False
            async with server.client() as client:
                for number in numbers:
                    method, target, body, status = kinds[number * 7 % len(kinds)]
                    media = "application/octet-stream" if target == "/turned" else "application/json"
                    headers = {"Content_Type": media}
                    if number % 10 == 3:
                        headers["Connection"] = "close"
                    answer = await client.ask(method, target, body, **headers)
                    assert answer.status == status
                    answered += 1
                    if target == "/turned":
                        assert answer.body == body[::-1]
                    if "Connection" in headers:
                        assert await client.closed()
                        closed = True
                        break

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            for which in range(16):
                nursery.start_soon(talk, which)
    assert answered == 1000


# Messages


@pytest.mark.parametrize("target", ["/health", "/greetings/a", "/nothing"])
async def test_head_is_get_without_the_body(client, target):
    got = await client.ask("GET", target)
    head = await client.ask("HEAD", target)

    assert (head.status, head.body) == (got.status, b"")
    lengths = int(head.headers["content-length"]), len(got.body)
    assert abs(lengths[0] - lengths[1]) <= 1  # the clock's fraction of a second has no fixed length
    assert (await client.ask("GET", "/health")).status == 200


async def test_answers_carry_what_protects_them(client):
    headers = (await client.ask("GET", "/health")).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["date"].endswith(" GMT")
    assert "server" not in headers


async def test_the_body_is_asked_for_when_the_client_waits_for_that(client):
    head, _, _ = asking("POST", "/kept", b'{"name":"cup"}', Content_Type="application/json", Expect="100-continue").partition(b"{")  # fmt: skip
    await client.send(head)
    with trio.fail_after(5):
        assert (await client.stream.receive_some()) == b"HTTP/1.1 100 Continue\r\n\r\n"

    await client.send(b'{"name":"cup"}')

    assert (await client.answer()).status == 201
    assert (await client.ask("GET", "/health")).status == 200


async def test_a_body_that_is_there_already_is_not_asked_for(client):
    answer = await client.ask(
        "POST", "/kept", b'{"name":"cup"}', Content_Type="application/json", Expect="100-continue"
    )

    assert (answer.status, answer.interim) == (201, ())


async def test_a_body_in_chunks_with_extensions_and_trailers(echoing):
    await echoing.send(
        asking("POST", "/a", Transfer_Encoding="chunked")
        + b'5\r\nhello\r\n1;name="value"\r\n,\r\n000006\r\n world\r\n0\r\nAuthorization: ' + FROM_PORTAL.encode()
        + b"\r\nHost: elsewhere\r\nX-Late: 1\r\n\r\n"
    )  # fmt: skip

    said = json.loads((await echoing.answer("POST")).body)

    assert said["body"] == "hello, world"
    # A trailer does not pass for a header.
    assert said["headers"] == [["host", "here"], ["transfer-encoding", "chunked"]]


async def test_a_trailer_is_no_proof(client):
    await client.send(
        asking("GET", "/peers", Transfer_Encoding="chunked")
        + f"0\r\nAuthorization: {FROM_PORTAL}\r\n\r\n".encode()
    )

    assert (await client.answer()).status == 401


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/a?b", "/a", "b"),
        ("http://here/a?b", "/a", "b"),
        ("HTTP://here:80/a/c?b", "/a/c", "b"),
        ("http://here", "/", ""),
        ("http://here?q=/x", "/", "q=/x"),
        ("/http://here/a", "/http://here/a", ""),
        ("/%E3%81%82?%E3", "/あ", "%E3"),
        ("/%FF", "/\ufffd", ""),
        ("//a", "//a", ""),
        ("/a?b?c", "/a", "b?c"),
    ],
)
async def test_targets(echoing, target, path, query):
    said = json.loads((await echoing.ask("GET", target)).body)

    assert (said["path"], said["query"]) == (path, query)


async def test_a_target_for_the_whole_server(echoing):
    assert json.loads((await echoing.ask("OPTIONS", "*")).body)["path"] == "*"


async def test_line_breaks_before_a_request_are_skipped(client):
    await client.send(b"\r\n\r\n" + asking("GET", "/health"))

    assert (await client.answer()).status == 200


@pytest.mark.parametrize("framing", ["length", "chunks", "none"])
@pytest.mark.parametrize("protocol", ["h2c", "websocket", "TLS/1.2"])
async def test_an_upgrade_is_ignored_and_the_request_served(echoing, framing, protocol):
    """Java's HTTP client asks for h2c with its first request, also when that has a body."""
    wish = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": protocol, "HTTP2_Settings": "AAEAAEAAAA"}
    if framing == "length":
        request = asking("POST", "/a", b"hello", **wish)
    elif framing == "chunks":
        request = asking("POST", "/a", Transfer_Encoding="chunked", **wish) + b"5\r\nhello\r\n0\r\n\r\n"
    else:
        request = asking("GET", "/a", **wish)
    await echoing.send(request[:-3])
    await trio.testing.wait_all_tasks_blocked(0.01)
    await echoing.send(request[-3:] + request + asking("GET", "/b"))

    for _ in range(2):
        said = json.loads((await echoing.answer()).body)
        assert (said["path"], said["body"]) == ("/a", "" if framing == "none" else "hello")
        assert "upgrade" not in dict(said["headers"])
    assert json.loads((await echoing.answer()).body)["path"] == "/b"


async def test_answers_in_parts(server):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"b")]})
        for part in (b"one", b"", b"two"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    async with running(app) as server, server.client() as client:
        for method in ("GET", "HEAD", "GET"):
            answer = await client.ask(method, "/")
            assert answer.headers["transfer-encoding"] == "chunked"
            assert answer.body == (b"" if method == "HEAD" else b"onetwo")
        await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        answer = await client.answer()
        # An older client knows no chunks: the end of the connection is the end of the answer.
        assert (answer.body, answer.headers["connection"]) == (b"onetwo", "close")


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_that_have_no_body(status):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"not sent"})

    async with running(app) as server, server.client() as client:
        for _ in range(2):
            answer = await client.ask("GET", "/")
            assert (answer.status, answer.body) == (status, b"")


@pytest.mark.parametrize("how", ["raises", "says nothing", "header with a line break"])
async def test_an_app_that_fails_before_its_answer_is_a_500(how):
    async def app(scope, receive, send):
        if how == "raises":
            raise LookupError
        if how == "header with a line break":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\r\nc: d")]})
            await send({"type": "http.response.body", "body": b"x"})

    async with running(app) as server:
        for _ in range(2):
            async with server.client() as client:
                answer = await client.ask("GET", "/")
                assert (answer.status, answer.headers["connection"]) == (500, "close")
                assert await client.closed()


async def test_an_app_that_fails_in_the_middle_cuts_the_answer_off():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise LookupError

    async with running(app) as server, server.client() as client:
        await client.send(asking("GET", "/"))
        rest = await client.rest()
        assert rest.endswith(b"4\r\nhalf\r\n")


# Refusals


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


CHUNKED = head("POST /pings HTTP/1.1", "Host: here", "Transfer-Encoding: chunked")
SMUGGLING = {
    "length and chunks": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks and length": head("POST /pings HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n",
    "two lengths": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: 0", "Content-Length: 5"),
    "the same length twice": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: 0", "Content-Length: 0"),
    "a list of lengths": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: 0, 0"),
    "signed length": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: +0"),
    "negative length": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: -1"),
    "hexadecimal length": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: 0x0"),
    "endless length": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: " + "9" * 30),
    "two hosts": head("GET /health HTTP/1.1", "Host: a", "Host: a"),
    "no host": head("GET /health HTTP/1.1"),
    "chunks twice": head("POST /pings HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks, then not": head("POST /pings HTTP/1.1", "Host: a", "Transfer-Encoding: chunked, identity") + b"0\r\n\r\n",
    "chunks of old": head("POST /pings HTTP/1.0", "Host: a", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunk size with 0x": CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
    "chunk size with a space": CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
    "negative chunk size": CHUNKED + b"-1\r\na\r\n0\r\n\r\n",
    "no chunk size": CHUNKED + b"\r\na\r\n0\r\n\r\n",
    "endless chunk size": CHUNKED + b"f" * 17 + b"\r\na\r\n0\r\n\r\n",
    "chunk longer than said": CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
    "chunk with bare line feeds": CHUNKED + b"1\na\n0\n\n",
    "bare line feeds": b"GET /health HTTP/1.1\nHost: a\n\n",
    "one bare line feed": b"GET /health HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "bare carriage return": b"GET /health HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
    "folded header": b"GET /health HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
    "space before the first header": b"GET /health HTTP/1.1\r\n Host: a\r\n\r\n",
    "space before a colon": head("POST /pings HTTP/1.1", "Host: a", "Content-Length : 5"),
    "empty header name": head("GET /health HTTP/1.1", "Host: a", ": b"),
    "null in a header": head("GET /health HTTP/1.1", "Host: a", "X: a\0b"),
    "space in the target": head("GET /hea lth HTTP/1.1", "Host: a"),
    "null in the target": head("GET /health\0 HTTP/1.1", "Host: a"),
    "raw Japanese in the target": "GET /健康 HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    "unknown method": head("HACK /health HTTP/1.1", "Host: a"),
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
}  # fmt: skip


@pytest.mark.parametrize("name", SMUGGLING)
async def test_what_could_be_read_two_ways_is_refused(client, name):
    await client.send(SMUGGLING[name] + asking("GET", "/health"))

    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    assert await client.closed()


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (head("GET /health HTTP/2.0", "Host: a"), 505),
        (head("GET /health HTTP/0.9", "Host: a"), 505),
        (head("POST /pings HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked"), 501),
        (head("POST /pings HTTP/1.1", "Host: a", "Transfer-Encoding: gzip"), 501),
        (head("CONNECT here:443 HTTP/1.1", "Host: here:443"), 501),
        (head("GET /" + "a" * 9_000 + " HTTP/1.1", "Host: a"), 414),
        (head("GET / HTTP/1.1", "Host: a", "X: " + "b" * 33_000), 431),
        (head("GET / HTTP/1.1", "Host: a", *["X: b"] * 100), 431),
        (head("POST /turned HTTP/1.1", "Host: a", f"Content-Length: {BODY_BYTES_MAX + 1}"), 413),
    ],
)
async def test_what_is_not_served_is_told_why(client, request_head, status):
    await client.send(request_head)

    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert await client.closed()


@pytest.mark.parametrize("size", [5_000_000, 6_000_000, 6_000_001])
@pytest.mark.parametrize("in_chunks", [False, True])
async def test_an_operation_may_take_more_than_others(client, size, in_chunks):
    """Beyond what it takes, the answer is the problem that every refusal is, though the connection ends."""
    kind = "Content-Type: application/octet-stream"
    if in_chunks:
        framing, body = "Transfer-Encoding: chunked", b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
    else:
        framing, body = f"Content-Length: {size}", b"x" * size

    async def send() -> None:
        with suppress(trio.BrokenResourceError):
            await client.send(head("POST /counted HTTP/1.1", "Host: a", kind, framing) + body)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        answer = await client.answer()
        nursery.cancel_scope.cancel()

    if size <= 6_000_000:
        assert (answer.status, answer.body) == (200, str(size).encode())
    else:
        assert (answer.status, answer.headers["content-type"]) == (413, "application/problem+json")
        problem = json.loads(answer.body)
        assert (problem["code"], problem["status"]) == ("too-large", 413)
        assert "分けて送ってください" in problem["detail"]


async def test_good_requests_before_a_bad_one_are_answered(client):
    await client.send(asking("GET", "/greetings/1") + asking("GET", "/greetings/2") + b"nonsense\r\n\r\n")

    assert [(await client.answer()).status for _ in range(3)] == [200, 200, 400]
    assert await client.closed()


async def send_until_answered(client: Client, piece: bytes, bytes_max: int) -> Answer:
    """Send on and on, as a client that does not listen; what the server says in the end."""
    sent = 0
    async with trio.open_nursery() as nursery:

        async def send() -> None:
            nonlocal sent
            try:
                while sent < bytes_max:
                    await client.send(piece)
                    sent += len(piece)
            except trio.BrokenResourceError:
                pass

        nursery.start_soon(send)
        answer = await client.answer()
        nursery.cancel_scope.cancel()
    assert sent < bytes_max, "all of it was taken"
    return answer


async def test_a_header_without_end_is_not_taken_in(client):
    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    assert (await send_until_answered(client, b"b" * 10_000, 50_000_000)).status == 431


async def test_a_trailer_without_end_is_not_taken_in(client):
    await client.send(CHUNKED + b"0\r\nX: ")
    assert (await send_until_answered(client, b"b" * 10_000, 50_000_000)).status == 413


async def test_a_chunk_extension_without_end_is_not_taken_in(client):
    await client.send(CHUNKED + b"1;x=")
    assert (await send_until_answered(client, b"b" * 10_000, 50_000_000)).status == 413


async def test_a_body_in_chunks_beyond_the_limit_is_refused_and_the_client_sees_it(client):
    await client.send(CHUNKED)
    piece = b"10000\r\n" + b"b" * 65536 + b"\r\n"
    assert (await send_until_answered(client, piece, 50_000_000)).status == 413


@pytest.mark.parametrize("limits", [ServingLimits(connections_max=2)])
async def test_more_connections_than_the_limit_are_closed_at_once(server):
    async with server.client() as one, server.client() as two:
        assert [(await c.ask("GET", "/health")).status for c in (one, two)] == [200, 200]
        async with server.client() as three:
            assert await three.closed()
    await trio.testing.wait_all_tasks_blocked(0.02)
    async with server.client() as four:
        assert (await four.ask("GET", "/health")).status == 200


# Time


@pytest.mark.parametrize("limits", [ServingLimits(receiving_seconds_max=0.1)])
async def test_a_slow_request_is_ended(client):
    for piece in (b"GET /hea", b"lth HTTP/1.1\r\n", b"Host: a"):
        await client.send(piece)
        await trio.sleep(0.02)

    answer = await client.answer()

    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert await client.closed()


@pytest.mark.parametrize("limits", [ServingLimits(idle_seconds_max=0.1)])
async def test_an_idle_connection_is_ended_without_a_word(server):
    async with server.client() as silent, server.client() as after_one:
        assert (await after_one.ask("GET", "/health")).status == 200
        assert await silent.closed()
        assert await after_one.closed()


@pytest.mark.parametrize("limits", [ServingLimits(idle_seconds_max=0.15)])
async def test_line_breaks_do_not_keep_a_connection(server):
    async with server.client() as client, trio.open_nursery() as nursery:

        async def keep_it_alive() -> None:
            try:
                while True:
                    await client.send(b"\r\n")
                    await trio.sleep(0.02)
            except trio.BrokenResourceError:
                pass

        nursery.start_soon(keep_it_alive)
        assert await client.closed(within_s=2)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "limits", [ServingLimits(idle_seconds_max=0.05, receiving_seconds_max=0.05, sending_seconds_max=0.05)]
)
async def test_a_slow_answer_is_not_ended_by_the_limit_on_requests(client, made_up):
    await client.send(asking("POST", "/waits", b""))
    await trio.sleep(0.2)
    made_up.waiting[0].set()

    assert (await client.answer()).status == 200


async def test_a_client_that_does_not_take_its_answer_is_let_go():
    ended = trio.Event()

    async def app(scope, receive, send):
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
        finally:
            ended.set()

    async with (
        running(app, limits=ServingLimits(sending_seconds_max=0.1)) as server,
        server.client() as client,
    ):
        await client.send(asking("GET", "/"))
        with trio.fail_after(5):
            await ended.wait()


@pytest.mark.parametrize("abruptly", [True, False])
async def test_a_client_that_goes_in_the_middle_of_its_answer_stops_the_app(server, abruptly):
    ended = trio.Event()

    async def app(scope, receive, send):
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 1_000, "more_body": True})
                await trio.lowlevel.checkpoint()
        finally:
            ended.set()

    async with running(app) as server:
        client = Client(await trio.open_tcp_stream(server.bound.host, server.bound.port))
        await client.send(asking("GET", "/"))
        await client.stream.receive_some()
        if not abruptly:
            await client.stream.send_eof()
        await client.aclose()
        with trio.fail_after(5):
            await ended.wait()
        async with server.client() as client:
            await client.send(asking("GET", "/"))
            assert (await client.stream.receive_some())[:12] == b"HTTP/1.1 200"


async def test_an_app_that_listens_learns_that_the_client_has_gone():
    """As a page with server-sent events does."""
    heard: list[str] = []
    ended = trio.Event()

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"event", "more_body": True})
        heard.append((await receive())["type"])
        heard.append((await receive())["type"])
        ended.set()

    async with running(app) as server:
        async with server.client() as client:
            await client.send(asking("GET", "/"))
            await client.stream.receive_some()
        with trio.fail_after(5):
            await ended.wait()
    assert heard == ["http.request", "http.disconnect"]


# The end


async def test_idle_connections_end_at_once_and_busy_ones_after_their_answer(server, made_up):
    async with server.client() as idle, server.client() as fresh, server.client() as busy:
        assert (await idle.ask("GET", "/health")).status == 200
        assert (await busy.ask("GET", "/health")).status == 200
        await busy.send(asking("POST", "/waits", b"") + asking("GET", "/health"))
        await trio.testing.wait_all_tasks_blocked(0.02)

        server.stop.cancel()

        assert await idle.closed(within_s=1)
        assert await fresh.closed(within_s=1)
        assert not server.stopped.is_set()
        made_up.waiting[0].set()
        answer = await busy.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert await busy.closed(within_s=1)
        with trio.fail_after(1):
            await server.stopped.wait()


@pytest.mark.parametrize("limits", [ServingLimits(shutdown_seconds_max=0.1)])
async def test_a_busy_connection_does_not_hold_up_the_end_for_ever(server, made_up):
    async with server.client() as busy:
        await busy.send(asking("POST", "/waits", b""))
        await trio.testing.wait_all_tasks_blocked(0.02)
        server.stop.cancel()
        with trio.fail_after(2):
            await server.stopped.wait()


# Neighbours


class Misbehaving:
    """Operations whose answers can't be sent; *late*: only after a wait."""

    def __init__(self, *, late: bool) -> None:
        self._late = late

    def operate(self, received, peer):
        return self._answer(received.target)

    async def _answer(self, target):
        if self._late:
            await trio.lowlevel.checkpoint()
        if target == b"/bad":
            return WireResponse(200, "text/plain", b"x", (("x", "a\r\nb"),))
        return WireResponse(200, "text/plain", b"ok")

    def body_limit(self, method, target):
        return 1_000


@pytest.mark.parametrize("late", [True, False])
async def test_an_answer_that_cannot_be_sent_costs_its_connection_only(late):
    listener = bind("127.0.0.1", 0).socket
    with listener:
        async with open_reactor(
            echo, LiveClock(), operations=Misbehaving(late=late), connections_max=10
        ) as reactor:
            reactor.listen(listener)
            for _ in range(3):
                for target, wanted in (("/bad", b""), ("/good", b"HTTP/1.1 200 OK")):
                    async with await trio.open_tcp_stream(*listener.getsockname()) as stream:
                        await stream.send_all(asking("GET", target))
                        with trio.fail_after(5):
                            assert bytes(await stream.receive_some())[:15] == wanted


async def test_where_no_task_can_be_lent_everything_is_answered_a_pass_later(made_up):
    """As with a Trio that differs inside from what lane/lending.py knows."""
    front = Front(made_up.dispatcher)
    with bind("127.0.0.1", 0).socket as listener:
        async with open_reactor(
            front, LiveClock(), operations=front, connections_max=10, at_once=False
        ) as reactor:
            reactor.listen(listener)
            async with await trio.open_tcp_stream(*listener.getsockname()) as stream:
                client = Client(stream)
                await client.send(b"".join(asking("GET", f"/greetings/{n}") for n in range(100)))
                for number in range(100):
                    assert json.loads((await client.answer()).body) == {"text": f"こんにちは {number}"}
                await client.send(asking("POST", "/waits", b""))
                while not made_up.waiting:
                    await trio.lowlevel.checkpoint()
                made_up.waiting[0].set()
                assert (await client.answer()).status == 200


async def test_one_who_sends_on_and_on_does_not_hold_up_the_others(server):
    many = b"".join(asking("GET", f"/greetings/{n}") for n in range(500))
    answered = 0
    async with server.client() as greedy, server.client() as modest, trio.open_nursery() as nursery:

        async def take() -> None:
            nonlocal answered
            while True:
                answered += bytes(await greedy.stream.receive_some()).count(b"HTTP/1.1 200")

        async def send() -> None:
            while True:
                await greedy.send(many)

        nursery.start_soon(take)
        nursery.start_soon(send)
        while answered < 1_000:
            await trio.lowlevel.checkpoint()
        for _ in range(20):
            assert (await modest.ask("GET", "/health")).status == 200
        assert answered > 1_000
        nursery.cancel_scope.cancel()


async def test_who_does_not_take_his_answers_is_not_read_any_more(server):
    """Neither what he sends nor what he is owed grows here."""
    async with server.client() as client:
        request = asking("GET", "/greetings/" + "a" * 40 + "?times=9")
        sent = 0
        with trio.move_on_after(0.5):
            while True:
                await client.send(request * 500)
                sent += len(request) * 500
        # The kernel's buffers of both sides, and a little of ours.
        assert sent < 40_000_000
        async with server.client() as other:
            assert (await other.ask("GET", "/health")).status == 200


# Any bytes


PARTS = [
    asking("GET", "/greetings/a"), asking("POST", "/kept", b'{"name":"cup"}', Content_Type="application/json"),
    CHUNKED + b"0\r\n\r\n", CHUNKED + b"1\r\na\r\n0\r\n\r\n", asking("GET", "/health", Connection="close"),
    asking("GET", "/a", Upgrade="websocket", Connection="Upgrade"), asking("HEAD", "/health"),
]  # fmt: skip


@st.composite
def mutated(draw):
    """Requests with a few bytes changed, taken out or put in."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4))))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 6))
        data[place : place + length] = draw(
            st.one_of(
                st.binary(max_size=6), st.sampled_from([b"\r\n", b"\n", b"\r\n\r\n", b"0\r\n", b": ", b"\0"])
            )
        )
    return bytes(data)


async def talk(front, data: bytes, pieces: list[int]) -> bytes:
    """All that the lane says to these bytes, sent in these pieces."""
    ours, theirs = socket.socketpair()
    async with (
        open_reactor(front, LiveClock(), operations=front, connections_max=1) as reactor,
        trio.SocketStream(trio.socket.from_stdlib_socket(theirs)) as stream,
    ):
        reactor.adopt(ours)
        client = Client(stream)
        start = 0
        try:
            for end in [*sorted(pieces), len(data)]:
                await client.send(data[start:end])
                start = max(start, end)
                await trio.testing.wait_all_tasks_blocked()
            await stream.send_eof()
        except trio.BrokenResourceError:
            pass
        try:
            return await client.rest()
        except trio.BrokenResourceError:
            return client._rest


@settings(max_examples=150, deadline=None)
@given(data=mutated())
async def test_whatever_comes_the_answers_are_http_and_the_connection_ends(data):
    front = Front(make(LiveClock()).dispatcher)
    said = await talk(front, data, [])

    for answer in said.split(b"HTTP/1.1 ")[1:]:
        assert 100 <= int(answer[:3]) < 600
        assert b" 500 " not in answer[:10]
        assert b"\r\n\r\n" in answer


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(st.sampled_from(PARTS[:4]), min_size=1, max_size=4),
    cuts=st.lists(st.integers(0, 300), max_size=8),
)
async def test_how_requests_are_cut_into_pieces_changes_nothing(parts, cuts):
    front = Front(make(LiveClock()).dispatcher, stopwatch=lambda: 0)
    data = b"".join(parts)

    async def said(pieces: list[int]) -> bytes:
        # The second may end between the two.
        return re.sub(rb"date: [^\r]*", b"", await talk(front, data, pieces))

    assert await said([cut for cut in cuts if cut < len(data)]) == await said([])

"""The lane's requests and answers over real sockets: what a complete server does."""

import json

import pytest
import trio
import trio.testing
from made_up import FROM_PORTAL, echo
from raw_client import asking, running


@pytest.fixture
async def echoing():
    async with running(echo) as server, server.client() as client:
        yield client


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

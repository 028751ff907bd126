"""The HTTP carrier against a real socket that does all that sockets do."""

import ssl

import msgspec
import pytest
import trio
import trio.testing
from asked import LOOK, SAY, TURN, Say, StillClock
from far_side import answer_all, far_side

from portal.links import http
from portal.links.http import Address, HttpCarrier
from portal.links.link import Link, Reason, Sighting, Unreachable
from portal.wire.operation import Done, Nothing, WireRequest, WireResponse
from portal.wire.problems import ProblemCode, problem
from portal.wire.systems import System

LOOKING = WireRequest("GET", "/look")
SAYING = WireRequest("POST", "/say", content_type="application/json", body=b'{"text":"a"}')


def link_to(carrier, record=lambda sighting: None, deadline_s=5.0) -> Link:
    return Link(System.PORTAL, System.NETWORK, carrier, StillClock(), record=record, deadline_s=deadline_s)


@pytest.fixture
async def no_address():
    """An address at which nobody listens."""
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    return f"http://127.0.0.1:{port}"


# What crosses


async def test_a_request_as_it_crosses():
    async with far_side(answer_all) as side:
        carrier = side.carrier("/below/")
        await carrier.carry(LOOK, WireRequest("GET", "/look", "a=b%20c", "System portal key"))
        await carrier.carry(SAY, SAYING)
        await carrier.carry(TURN, WireRequest("POST", "/turn", content_type="application/octet-stream"))

        host = side.url.removeprefix("http://").encode()
        assert side.requests == [
            b"GET /below/look?a=b%20c HTTP/1.1\r\nhost: " + host + b"\r\nauthorization: System portal key\r\n\r\n",
            b"POST /below/say HTTP/1.1\r\nhost: " + host
            + b'\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"text":"a"}',
            b"POST /below/turn HTTP/1.1\r\nhost: " + host
            + b"\r\ncontent-type: application/octet-stream\r\ncontent-length: 0\r\n\r\n",
        ]  # fmt: skip


ANSWERS = {
    "a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nX-A: b\r\n\r\n", b"ok"),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "empty body": (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b""),
    "after a 100": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "after several 1xx": (
        b"HTTP/1.1 102 Processing\r\nX-A: b\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Type: no\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"ok",
    ),
}  # fmt: skip


@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize("name", ANSWERS)
async def test_answers_of_every_shape_and_the_connection_is_kept(name, in_pieces):
    said, body = ANSWERS[name]

    async def script(call):
        while True:
            await call.request()
            for start in range(0, len(said), 1 if in_pieces else len(said)):
                await call.say(said[start : start + (1 if in_pieces else len(said))])
                await trio.lowlevel.checkpoint()

    async with far_side(script) as side:
        carrier = side.carrier()
        for _ in range(3):
            answer = await carrier.carry(LOOK, LOOKING)
            assert (answer.body, answer.content_type) == (body, "")
            assert "x-a" not in dict(answer.headers)
        assert len(side.calls) == 1


@pytest.mark.parametrize(
    "head",
    ["HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"],
)
async def test_an_answer_that_ends_with_its_connection(head):
    async def script(call):
        await call.request()
        await call.say(head.encode() + b"all of it")

    async with far_side(script) as side:
        carrier = side.carrier()
        for _ in range(2):
            assert (await carrier.carry(LOOK, LOOKING)).body == b"all of it"
        assert len(side.calls) == 2


async def test_status_type_and_headers_come_through():
    async def script(call):
        await call.request()
        await call.answer(b"{}", "Retry-After: 2", status="503 Busy")

    async with far_side(script) as side:
        answer = await side.carrier().carry(LOOK, LOOKING)
        assert answer == WireResponse(
            503, "application/json", b"{}",
            (("content-length", "2"), ("content-type", "application/json"), ("retry-after", "2")),
        )  # fmt: skip


async def test_a_large_body_both_ways():
    async def script(call):
        request = await call.request()
        await call.answer(request.partition(b"\r\n\r\n")[2][::-1])

    async with far_side(script) as side:
        body = bytes(range(256)) * 10_000
        answer = await link_to(side.carrier()).call(TURN, body)
        assert answer == body[::-1]


# Connections


async def test_connections_are_kept_and_shared():
    async with far_side(answer_all) as side:
        carrier = side.carrier()
        for _ in range(10):
            assert (await carrier.carry(LOOK, LOOKING)).status == 200
        assert len(side.calls) == 1


async def test_many_tasks_over_few_connections():
    at_once = most = 0

    async def script(call):
        nonlocal at_once, most
        while True:
            request = await call.request()
            at_once += 1
            most = max(most, at_once)
            await trio.sleep(0.001)
            at_once -= 1
            await call.answer(request.split(b" ")[1])

    answers = {}
    async with far_side(script) as side:
        carrier = side.carrier(connections_max=4)

        async def ask(number):
            answers[number] = (await carrier.carry(LOOK, WireRequest("GET", f"/{number}"))).body

        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(ask, number)
        assert len(side.calls) == most == 4
    assert answers == {number: f"/{number}".encode() for number in range(200)}


async def test_more_waiting_calls_than_the_limit_are_refused_at_once(monkeypatch):
    monkeypatch.setattr(http, "CALLS_WAITING_MAX", 2)
    outcomes = []

    async def script(call):
        await call.request()
        await go_on.wait()
        await call.answer()
        await answer_all(call)

    go_on = trio.Event()
    async with far_side(script) as side:
        carrier = side.carrier(connections_max=1)

        async def ask():
            outcomes.append(await carrier.carry(LOOK, LOOKING))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked(0.02)
            assert [outcome.reason for outcome in outcomes] == [Reason.OVERLOADED] * 2
            assert not outcomes[0].sent
            go_on.set()
    assert [outcome.status for outcome in outcomes[2:]] == [200] * 3


@pytest.mark.parametrize("head", ["Connection: close", "connection: Close"])
async def test_an_answer_that_says_close_ends_the_connection(head):
    async def script(call):
        await call.request()
        await call.answer(b"{}", head)
        await call.request()

    async with far_side(script) as side:
        carrier = side.carrier()
        for _ in range(2):
            assert (await carrier.carry(LOOK, LOOKING)).status == 200
        assert len(side.calls) == 2


@pytest.mark.parametrize("operation", [LOOK, SAY])
async def test_a_kept_connection_that_was_closed_meanwhile_is_replaced_unseen(operation):
    async def script(call):
        await call.request()
        await call.answer()

    request = LOOKING if operation is LOOK else SAYING
    async with far_side(script) as side:
        carrier = side.carrier()
        for _ in range(3):
            assert (await carrier.carry(operation, request)).status == 200
            await trio.testing.wait_all_tasks_blocked(0.01)
        assert len(side.calls) == len(side.requests) == 3


async def test_a_kept_connection_that_closes_under_the_request_is_resent_only_where_that_is_safe():
    """The close is on its way while the request is: whether it was carried out nobody knows."""

    async def script(call):
        await call.request()
        await call.answer()
        if call.number == 0:
            await call.request()
        else:
            await answer_all(call)

    for operation, request in ((LOOK, LOOKING), (SAY, SAYING)):
        async with far_side(script) as side:
            carrier = side.carrier()
            await carrier.carry(operation, request)
            outcome = await carrier.carry(operation, request)
            if operation is LOOK:
                assert outcome.status == 200
                assert len(side.requests) == 3
            else:
                assert outcome.reason is Reason.RESET and outcome.sent
                assert len(side.requests) == 2
            assert (await carrier.carry(operation, request)).status == 200


async def test_words_that_nobody_asked_for_reach_no_caller():
    """A second answer, at once or later, would be taken for the next caller's."""

    async def script(call):
        await call.request()
        await call.answer(b"mine")
        if call.number == 0:
            await call.answer(b"not yours")
        await call.request()
        await call.answer(b"mine")

    async with far_side(script) as side:
        carrier = side.carrier()
        for _ in range(4):
            assert (await carrier.carry(LOOK, LOOKING)).body == b"mine"
            await trio.testing.wait_all_tasks_blocked(0.01)


async def test_two_answers_in_one_piece_end_the_connection():
    twice = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmineHTTP/1.1 201 OK\r\nContent-Length: 3\r\n\r\nnot"

    async def script(call):
        while True:
            await call.request()
            await call.say(twice)

    async with far_side(script) as side:
        carrier = side.carrier()
        for _ in range(3):
            answer = await carrier.carry(LOOK, LOOKING)
            assert (answer.status, answer.body) == (200, b"mine")
        assert len(side.calls) == 3


async def test_a_cancelled_call_leaves_no_half_used_connection():
    async def script(call):
        while True:
            request = await call.request()
            if b"/slow" in request:
                await call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsl")
                half.set()
                await trio.sleep_forever()
            await call.answer(b"fast")

    half = trio.Event()
    async with far_side(script) as side:
        carrier = side.carrier(connections_max=1)
        assert (await carrier.carry(LOOK, LOOKING)).body == b"fast"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(carrier.carry, LOOK, WireRequest("GET", "/slow"))
            await half.wait()
            nursery.cancel_scope.cancel()
        for _ in range(3):
            assert (await carrier.carry(LOOK, LOOKING)).body == b"fast"
        assert len(side.calls) == 2


async def test_cancelled_while_waiting_for_a_connection_it_gives_its_place_back():
    async with far_side(answer_all) as side:
        carrier = side.carrier(connections_max=1)
        for _ in range(5):
            with trio.CancelScope() as scope:
                scope.cancel()
                await carrier.carry(LOOK, LOOKING)
            assert scope.cancelled_caught
        assert (await carrier.carry(LOOK, LOOKING)).status == 200


async def test_closing_ends_idle_connections_now_and_busy_ones_after_their_answer():
    async def script(call):
        try:
            while True:
                request = await call.request()
                if b"/slow" in request:
                    begun.set()
                    await go_on.wait()
                await call.answer()
        except EOFError:
            ended.append(call.number)

    begun, go_on, ended = trio.Event(), trio.Event(), []
    async with far_side(script) as side:
        carrier = side.carrier()

        async def slow():
            assert (await carrier.carry(LOOK, WireRequest("GET", "/slow"))).status == 200

        async with trio.open_nursery() as nursery:
            nursery.start_soon(slow)
            await begun.wait()
            await carrier.carry(LOOK, LOOKING)
            await carrier.aclose()
            await trio.testing.wait_all_tasks_blocked(0.02)
            assert ended == [1]
            go_on.set()
        await trio.testing.wait_all_tasks_blocked(0.02)
        assert ended == [1, 0]


# What goes wrong


async def test_nobody_listens(no_address):
    outcome = await HttpCarrier(no_address).carry(LOOK, LOOKING)

    assert outcome.reason is Reason.REFUSED
    assert not outcome.sent


async def test_a_name_that_nobody_knows(no_address):
    outcome = await HttpCarrier("http://nowhere.invalid").carry(LOOK, LOOKING)

    assert outcome.reason is Reason.REFUSED


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n"])  # fmt: skip
@pytest.mark.parametrize("abruptly", [True, False])
async def test_a_connection_that_breaks_in_the_middle(said, abruptly):
    async def script(call):
        await call.request()
        await call.say(said)
        if abruptly:
            call.reset()

    async with far_side(script) as side:
        carrier = side.carrier()
        outcome = await carrier.carry(LOOK, LOOKING)
        assert isinstance(outcome, Unreachable)
        assert outcome.reason is Reason.RESET
        assert outcome.sent
        assert len(side.calls) == 1


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200,
    ],
)
async def test_what_is_no_http_answer(said):
    async def script(call):
        await call.request()
        await call.say(said)
        await trio.sleep_forever()

    async with far_side(script) as side:
        outcome = await side.carrier().carry(LOOK, LOOKING)
        assert isinstance(outcome, Unreachable)
        assert outcome.reason is Reason.MALFORMED
        assert outcome.detail


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", b"x" * 10_000),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10_000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 10_000),
    ],
)
async def test_an_answer_without_measure_is_not_taken_in(monkeypatch, start, piece):
    monkeypatch.setattr(http, "ANSWER_BYTES_MAX", 100_000)

    async def script(call):
        await call.request()
        await call.say(start)
        while True:
            await call.say(piece)

    async with far_side(script) as side:
        with trio.fail_after(5):
            outcome = await side.carrier().carry(LOOK, LOOKING)
        assert outcome.reason is Reason.MALFORMED


# Through a link


async def test_a_deadline_ends_a_silent_call_and_its_connection():
    async def script(call):
        await call.request()
        silent.set()
        with pytest.raises((EOFError, trio.BrokenResourceError)):
            await call.request()
        closed.set()

    silent, closed = trio.Event(), trio.Event()
    seen: list[Sighting] = []
    async with far_side(script) as side:
        link = link_to(side.carrier(), seen.append, deadline_s=0.1)
        assert await link.call(LOOK, Nothing()) == Unreachable(Reason.TIMED_OUT)
        assert silent.is_set()
        with trio.fail_after(5):
            await closed.wait()
    assert [sighting.outcome for sighting in seen] == ["timed_out"]


async def test_a_repeatable_call_is_sent_again_when_its_connection_breaks():
    async def script(call):
        await call.request()
        if call.number:
            await call.answer()

    seen: list[Sighting] = []
    async with far_side(script) as side:
        assert await link_to(side.carrier(), seen.append).call(LOOK, Nothing()) == Done()
    assert [sighting.outcome for sighting in seen] == ["reset", "ok"]


async def test_a_call_that_may_not_be_repeated_is_not():
    async def script(call):
        await call.request()

    async with far_side(script) as side:
        outcome = await link_to(side.carrier()).call(SAY, Say("a"))
        assert isinstance(outcome, Unreachable) and outcome.reason is Reason.RESET
        assert len(side.requests) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("200 OK", b""),
        ("200 OK", b"<html>"),
        ("200 OK", b'{"done":"yes"}'),
        ("200 OK", b'{"done":true,"x":' + b"[" * 50_000),
        ("200 OK", b'{"x\xff":1}{'),
        ("302 Found", b'{"done":true}'),
        ("502 Bad Gateway", b"<html>"),
        ("502 Bad Gateway", b'{"title":"\xff"}'),
        ("404 Not Found", b'{"code":"never heard of"}'),
    ],
)
async def test_an_answer_of_another_kind_is_malformed(status, body):
    async def script(call):
        while True:
            await call.request()
            await call.answer(body, status=status)

    async with far_side(script) as side:
        outcome = await link_to(side.carrier()).call(LOOK, Nothing())
        assert isinstance(outcome, Unreachable)
        assert outcome.reason is Reason.MALFORMED


async def test_a_redirect_is_no_answer_of_bytes():
    async def script(call):
        await call.request()
        await call.answer(b"<html>moved</html>", "Location: /elsewhere", status="301 Moved")

    async with far_side(script) as side:
        outcome = await link_to(side.carrier()).call(TURN, b"abc")
        assert isinstance(outcome, Unreachable)
        assert outcome.reason is Reason.MALFORMED


async def test_a_problem_is_an_outcome():
    stopped = problem(ProblemCode.STOPPED, "止まっています。")

    async def script(call):
        await call.request()
        await call.answer(msgspec.json.encode(stopped), status="503 Stopped")

    async with far_side(script) as side:
        assert await link_to(side.carrier()).call(LOOK, Nothing()) == stopped


# Addresses and TLS


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://here", Address("here", 80, False, "")),
        ("https://here", Address("here", 443, True, "")),
        ("http://here:8080/a/b/", Address("here", 8080, False, "/a/b")),
        ("http://[::1]:81", Address("::1", 81, False, "")),
    ],
)
def test_addresses(url, expected):
    assert Address.parse(url) == expected


@pytest.mark.parametrize(
    "url", ["", "here", "ftp://here", "http://", "//here", "http://here:port", "http://here:99999"]
)
def test_what_is_no_address_is_said_in_japanese(url):
    with pytest.raises(ValueError, match="http:// または https://"):
        Address.parse(url)


async def test_over_tls_with_a_certificate_that_is_trusted(tmp_path):
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "far side")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = tmp_path / "far.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(pem)
    theirs = ssl.create_default_context(cafile=str(pem))
    connections = 0

    async def handle(stream):
        nonlocal connections
        connections += 1
        try:
            while await stream.receive_some():
                await stream.send_all(b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"done":true}')
        except trio.BrokenResourceError:
            pass

    listener = (await trio.open_ssl_over_tcp_listeners(0, ours, host="127.0.0.1", https_compatible=True))[0]
    url = f"https://127.0.0.1:{listener.transport_listener.socket.getsockname()[1]}"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, handle, [listener])
        carrier = HttpCarrier(url, tls=theirs)
        for _ in range(3):
            assert await link_to(carrier).call(LOOK, Nothing()) == Done()
        assert connections == 1
        await carrier.aclose()

        distrusting = await link_to(HttpCarrier(url)).call(LOOK, Nothing())
        assert isinstance(distrusting, Unreachable)
        assert distrusting.reason is Reason.REFUSED
        assert "certificate" in distrusting.detail.lower()
        nursery.cancel_scope.cancel()

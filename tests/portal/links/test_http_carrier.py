"""The HTTP carrier against a real socket: what crosses, addresses, TLS."""

import ssl

import pytest
import trio
from asked import LOOK, LOOKING, SAY, SAYING, TURN, link_to
from far_side import answer_all, far_side

from portal.links.http import Address, HttpCarrier
from portal.links.link import Reason, Unreachable
from portal.wire.operation import Done, Nothing, WireRequest, WireResponse

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

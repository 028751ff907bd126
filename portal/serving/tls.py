"""TLS for browsers: a certificate made at the first start, HTTP/2 by hypercorn; nothing older than TLS 1.2.

The certificate authority signs one certificate and its key is then thrown away: whoever trusts it trusts this portal and
nobody who steals a file later. When the certificate is about to expire, or the names are others, both are made anew.
"""

import contextlib
import os
import ssl
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypercorn.config import Config, Sockets
from hypercorn.trio.run import worker_serve
from hypercorn.utils import wrap_app

from portal.refusal import Refusal
from portal.seams.chance import Chance
from portal.seams.clock import Clock
from portal.serving.front import AsgiApp, Message, Receive, Scope, Send
from portal.serving.guarded import install
from portal.serving.limits import DEFAULTS, ServingLimits
from portal.serving.listen import Bound
from portal.wire.moments import to_utc

CERTIFICATE_DAYS = 397
"""The most that browsers take of a certificate of the web; ours is held to the same."""
RENEWED_DAYS_BEFORE = 30
HANDSHAKE_SECONDS_MAX = 10.0
STREAMS_AT_ONCE_MAX = 100
"""Of one HTTP/2 connection."""
HSTS_SECONDS = 24 * 60 * 60
"""Short, because ports of a host share it: whoever turns TLS off again is not locked out for long."""
PRIVATE_FILE = "portal-tls.pem"
AUTHORITY_FILE = "portal-ca.pem"
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")

_CURVE = ec.SECP256R1()
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_KEY_BYTES = 48


class CertificateUnreadable(Refusal):
    """The file is there but is not what we wrote."""


class Identity(NamedTuple):
    """サーバー証明書: what a server proves itself by."""

    private: Path
    """PEM: key, certificate and authority; readable by its owner alone."""
    authority: Path
    """PEM: what a browser is told to trust."""
    fingerprint: str
    """SHA-256 of the certificate, as browsers show it."""


def load_or_make(folder: Path, hosts: Sequence[str], clock: Clock, chance: Chance) -> Identity:
    """The certificate kept in this folder, if it is good for these hosts for a while yet; else a new one.

    Raises :class:`CertificateUnreadable`.
    """
    private, authority = folder / PRIVATE_FILE, folder / AUTHORITY_FILE
    names = tuple(dict.fromkeys((*LOCAL_NAMES, *hosts)))
    kept = _read(private) if private.exists() else ()
    if not kept or not _good(kept[0], names, clock):
        made = _make(names, clock, chance)
        _put(private, made, 0o600)
        kept = _read(private)
    leaf, issuer = kept
    public = issuer.public_bytes(serialization.Encoding.PEM)
    if not authority.exists() or authority.read_bytes() != public:
        _put(authority, public, 0o644)
    digest = leaf.fingerprint(hashes.SHA256()).hex().upper()
    return Identity(private, authority, ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)))


def _read(path: Path) -> tuple[x509.Certificate, ...]:
    try:
        found = tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError):
        found = ()
    if len(found) != 2:
        raise CertificateUnreadable(f"{path} が壊れています。消して起動し直すと、新しい証明書を作ります。")
    return found


def _good(leaf: x509.Certificate, names: Sequence[str], clock: Clock) -> bool:
    now = to_utc(clock.now_ms())
    certified = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lasts = leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc - timedelta(days=RENEWED_DAYS_BEFORE)
    return lasts and set(certified) == set(_named(names))


def _named(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _key(chance: Chance) -> ec.EllipticCurvePrivateKey:
    # From the world's chance, as all that is random; many more bits than the order has, so that none is likelier.
    return ec.derive_private_key(int.from_bytes(chance.random_bytes(_KEY_BYTES)) % (_ORDER - 1) + 1, _CURVE)


def _make(names: Sequence[str], clock: Clock, chance: Chance) -> bytes:
    begins = to_utc(clock.now_ms()) - timedelta(hours=1)
    ends = begins + timedelta(days=CERTIFICATE_DAYS)
    issuing, served = _key(chance), _key(chance)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mynasim local CA (simulation)")])

    def begun(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(int.from_bytes(chance.random_bytes(16)) | 1)
            .not_valid_before(begins)
            .not_valid_after(ends)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key()), critical=False
            )
        )

    def usage(*, signs: bool) -> x509.KeyUsage:
        return x509.KeyUsage(
            digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
            key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
            decipher_only=False,
        )  # fmt: skip

    def signed(builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(issuing, hashes.SHA256(), ecdsa_deterministic=True)

    authority = signed(
        begun(issuer, issuing.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs=True), critical=True)
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mynasim portal (simulation)")])
    leaf = signed(
        begun(subject, served.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(_named(names)), critical=False)
    )
    pem = serialization.Encoding.PEM
    key = served.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key + leaf.public_bytes(pem) + authority.public_bytes(pem)


def _put(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


class _OurConfig(Config):
    def __init__(self, identity: Identity) -> None:
        super().__init__()
        self._identity = identity

    def create_ssl_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Forward secrecy and authenticated encryption alone, also where a client knows no TLS 1.3.
        context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["h2", "http/1.1"])
        context.load_cert_chain(self._identity.private)
        return context


class Strict:
    """Tells browsers to come over TLS only (HSTS, RFC 6797)."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    def __repr__(self) -> str:
        return f"Strict({self._app!r})"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_strictly(message: Message) -> None:
            if message["type"] == "http.response.start":
                strict = (b"strict-transport-security", b"max-age=%d" % HSTS_SECONDS)
                message = {**message, "headers": [*message.get("headers", ()), strict]}
            await send(message)

        await self._app(
            scope, receive, send if scope["type"] != "http" or _is_local(scope) else send_strictly
        )


def _is_local(scope: Scope) -> bool:
    """``localhost`` is everybody's: what is said of it would bind every other program's pages on this machine."""
    return any(
        name == b"host" and value.partition(b":")[0] == b"localhost" for name, value in scope["headers"]
    )


async def serve_tls(
    app: AsgiApp,
    bound: Bound,
    identity: Identity,
    *,
    limits: ServingLimits = DEFAULTS,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve HTTP/2 and HTTP/1.1 over TLS until cancelled; then busy connections end after their answer."""
    install(limits.connections_max)
    config = _OurConfig(identity)
    config.certfile = config.keyfile = str(identity.private)
    config.accesslog = config.errorlog = None
    config.include_server_header = False
    config.bind = []
    config.graceful_timeout = limits.shutdown_seconds_max
    config.ssl_handshake_timeout = HANDSHAKE_SECONDS_MAX
    config.keep_alive_timeout = limits.idle_seconds_max
    config.read_timeout = limits.idle_seconds_max + limits.receiving_seconds_max  # type: ignore[assignment]
    config.h2_max_concurrent_streams = STREAMS_AT_ONCE_MAX
    wrapped = wrap_app(Strict(app), config.wsgi_max_body_size, "asgi")  # type: ignore[arg-type]
    stop = trio.Event()

    async def stop_when_cancelled() -> None:
        try:
            await trio.sleep_forever()
        finally:
            stop.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(stop_when_cancelled)
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as workers:
                sockets = Sockets([bound.socket], [], [])
                await workers.start(
                    partial(worker_serve, wrapped, config, sockets=sockets, shutdown_trigger=stop.wait)
                )
                task_status.started()

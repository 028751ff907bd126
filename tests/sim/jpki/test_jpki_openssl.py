"""An unmodified `openssl` accepts what is right and refuses what is wrong: chain, dates, revocation by list
and by OCSP."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portal.wire.jpki import OCSP, OCSP_REQUEST, OCSP_RESPONSE
from portal.wire.jpki import RevocationReason as Reason
from sim.jpki.authority import Authority
from sim.jpki.crl import build_crl
from sim.jpki.ocsp import OcspResponder
from sim.jpki.personalisation import IssuedCertificates
from sim.jpki.revocation import RevocationList
from sim.jpki.serials import Kind

pytestmark = [pytest.mark.real_client("openssl")]

OpenSsl = Callable[..., subprocess.CompletedProcess[str]]
WHILE_VALID = datetime(2027, 6, 1, tzinfo=UTC)
# openssl counts the very second of notAfter as past.
AFTER_EXPIRY = datetime(2030, 2, 17, 15, tzinfo=UTC)


@pytest.fixture
def revocations(authority: Authority) -> RevocationList:
    return RevocationList(authority.serials)


@pytest.fixture
def files(tmp_path: Path, authority: Authority, issued: IssuedCertificates) -> Path:
    """`auth.pem`, `sign.pem`, and their authorities `auth-ca.pem`, `sign-ca.pem`."""
    assert issued.sign_der is not None
    for name, der in ((Kind.AUTH, issued.auth_der), (Kind.SIGN, issued.sign_der)):
        certificate = x509.load_der_x509_certificate(der)
        (tmp_path / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    for kind in Kind:
        pem = authority.ca(kind).certificate.public_bytes(Encoding.PEM)
        (tmp_path / f"{kind}-ca.pem").write_bytes(pem)
    return tmp_path


def _serial(files: Path, kind: Kind) -> int:
    return x509.load_pem_x509_certificate((files / f"{kind}.pem").read_bytes()).serial_number


def _verify(
    openssl: OpenSsl, kind: Kind, ca: Kind, at: datetime, *options: str
) -> subprocess.CompletedProcess[str]:
    seconds = int(at.timestamp())
    return openssl("verify", "-attime", seconds, *options, "-CAfile", f"{ca}-ca.pem", f"{kind}.pem")


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize("kind", Kind)
def test_the_chain_holds_while_the_certificate_is_valid(files: Path, openssl: OpenSsl, kind: Kind) -> None:
    valid = _verify(openssl, kind, kind, WHILE_VALID, "-check_ss_sig")
    assert (valid.returncode, valid.stdout) == (0, f"{kind}.pem: OK\n")

    expired = _verify(openssl, kind, kind, AFTER_EXPIRY)
    assert expired.returncode != 0
    assert "certificate has expired" in expired.stdout
    assert _verify(openssl, kind, kind, AFTER_EXPIRY - timedelta(seconds=2)).returncode == 0

    early = _verify(openssl, kind, kind, datetime(2025, 10, 26, 14, 59, 59, tzinfo=UTC))
    assert "certificate is not yet valid" in early.stdout


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize(("kind", "other"), [(Kind.AUTH, Kind.SIGN), (Kind.SIGN, Kind.AUTH)])
def test_the_two_authorities_are_never_mixed(files: Path, openssl: OpenSsl, kind: Kind, other: Kind) -> None:
    mixed = _verify(openssl, kind, other, WHILE_VALID)

    assert mixed.returncode != 0
    assert "unable to get local issuer certificate" in mixed.stdout


@pytest.mark.parametrize(
    ("kind", "policy"), [(Kind.AUTH, "1.2.392.200149.8.5.1.3.30"), (Kind.SIGN, "1.2.392.200149.8.5.1.1.20")]
)
def test_the_policy_can_be_demanded(files: Path, openssl: OpenSsl, kind: Kind, policy: str) -> None:
    demand = ("-policy_check", "-explicit_policy", "-policy")

    assert _verify(openssl, kind, kind, WHILE_VALID, *demand, policy).returncode == 0
    assert _verify(openssl, kind, kind, WHILE_VALID, *demand, "1.2.3.4").returncode != 0


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize("kind", Kind)
def test_the_list_decides(
    files: Path, openssl: OpenSsl, authority: Authority, revocations: RevocationList, kind: Kind
) -> None:
    def publish(name: str, of: Kind, at: datetime) -> None:
        crl = x509.load_der_x509_crl(build_crl(authority.ca(of), revocations, at))
        (files / name).write_bytes(crl.public_bytes(Encoding.PEM))

    def check(name: str, at: datetime) -> subprocess.CompletedProcess[str]:
        return _verify(openssl, kind, kind, at, "-crl_check", "-CRLfile", name)

    moment = WHILE_VALID - timedelta(hours=1)
    revocations.revoke(authority.serials.serial_of(999, 0, kind), Reason.SUPERSEDED, moment)
    publish("good.pem", kind, moment)
    assert check("good.pem", WHILE_VALID).returncode == 0
    assert "CRL has expired" in check("good.pem", WHILE_VALID + timedelta(days=3)).stdout

    revocations.revoke(_serial(files, kind), Reason.AFFILIATION_CHANGED, moment)
    publish("revoked.pem", kind, moment)
    assert "certificate revoked" in check("revoked.pem", WHILE_VALID).stdout

    other = Kind.SIGN if kind is Kind.AUTH else Kind.AUTH
    publish("other.pem", other, moment)
    assert "unable to get certificate CRL" in check("other.pem", WHILE_VALID).stdout


def test_the_list_reads_well(
    files: Path, openssl: OpenSsl, authority: Authority, revocations: RevocationList
) -> None:
    revocations.revoke(_serial(files, Kind.SIGN), Reason.AFFILIATION_CHANGED, WHILE_VALID)
    (files / "crl.der").write_bytes(build_crl(authority.ca(Kind.SIGN), revocations, WHILE_VALID))
    shown = openssl(
        "crl", "-inform", "DER", "-in", "crl.der", "-CAfile", "sign-ca.pem", "-noout", "-text"
    ).stdout

    assert "verify OK" in shown
    assert "X509v3 CRL Number" in shown
    assert f"Serial Number: {_serial(files, Kind.SIGN):X}" in shown
    assert "Affiliation Changed" in shown


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (
            Kind.AUTH,
            (
                "O = JPKI-SIM, OU = JPKI for user authentication",
                "X509v3 Key Usage: critical\n                Digital Signature\n",
                "X509v3 Certificate Policies: \n                Policy: 1.2.392.200149.8.5.1.3.30\n",
                "X509v3 Issuer Alternative Name",
                "OCSP - URI:http://ocsp.jpki-sim.invalid/ocsp",
                "sha256WithRSAEncryption",
            ),
        ),
        (
            Kind.SIGN,
            (
                "O = JPKI-SIM, OU = JPKI for digital signature",
                "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n",
                "X509v3 Certificate Policies: critical\n                Policy: 1.2.392.200149.8.5.1.1.20\n",
                "CPS: http://www.jpki-sim.invalid/cps.html",
                "L = Kiyose-shi",
                "othername: 1.2.392.200149.8.5.5.1::山田　花子",
            ),
        ),
    ],
)
def test_the_profile_reads_well(files: Path, openssl: OpenSsl, kind: Kind, shown: tuple[str, ...]) -> None:
    text = openssl("x509", "-in", f"{kind}.pem", "-noout", "-text").stdout

    for part in shown:
        assert part in text


@pytest.fixture
def ocsp_server(authority: Authority, revocations: RevocationList) -> Iterator[str]:
    """The responder behind the standard library's HTTP server, for clients that speak to sockets only."""
    responder = OcspResponder(authority, revocations)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == OCSP_REQUEST
            request = self.rfile.read(int(self.headers["Content-Length"]))
            answer = responder.answer(request, datetime.now(UTC))
            self.send_response(200)
            self.send_header("Content-Type", OCSP_RESPONSE)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{OCSP.path}"
        server.shutdown()
        thread.join()


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
@pytest.mark.parametrize("kind", Kind)
def test_ocsp_over_http(
    files: Path, openssl: OpenSsl, revocations: RevocationList, ocsp_server: str, kind: Kind, nonce: str
) -> None:
    def ask(*certificate: object) -> str:
        return openssl(
            "ocsp",
            "-issuer",
            f"{kind}-ca.pem",
            *certificate,
            nonce,
            "-CAfile",
            f"{kind}-ca.pem",
            "-url",
            ocsp_server,
        ).stdout

    good = ask("-cert", f"{kind}.pem")
    assert "Response verify OK" in good
    assert f"{kind}.pem: good" in good
    assert "WARNING" not in good  # a missing or another nonce, or stale times

    revocations.revoke(_serial(files, kind), Reason.CERTIFICATE_HOLD, datetime.now(UTC) - timedelta(hours=1))
    revoked = ask("-cert", f"{kind}.pem")
    assert "Response verify OK" in revoked
    assert f"{kind}.pem: revoked" in revoked
    assert "Reason: certificateHold" in revoked

    unknown = ask("-serial", 4711)
    assert "Response verify OK" in unknown
    assert "4711: unknown" in unknown


def test_ocsp_through_files(
    files: Path, openssl: OpenSsl, authority: Authority, revocations: RevocationList
) -> None:
    about = ("-sha256", "-issuer", "auth-ca.pem", "-cert", "auth.pem")
    openssl("ocsp", *about, "-reqout", "request.der")
    responder = OcspResponder(authority, revocations)
    request = (files / "request.der").read_bytes()
    (files / "answer.der").write_bytes(responder.answer(request, datetime.now(UTC)))

    def read(ca: str) -> str:  # `-no_nonce`: add none to the request, which has one
        return openssl(
            "ocsp", "-no_nonce", "-reqin", "request.der", *about, "-respin", "answer.der", "-CAfile", ca
        ).stdout

    assert "Response verify OK" in read("auth-ca.pem")
    assert "auth.pem: good" in read("auth-ca.pem")
    # The other authority's certificate as the only trusted one: the answer is not believed.
    assert "Response Verify Failure" in read("sign-ca.pem")


def test_several_certificates_in_one_request_are_refused(
    files: Path, openssl: OpenSsl, authority: Authority, revocations: RevocationList
) -> None:
    openssl(
        "ocsp", "-issuer", "auth-ca.pem", "-cert", "auth.pem", "-serial", 4711, "-no_nonce", "-reqout", "two.der"
    )  # fmt: skip
    answer = OcspResponder(authority, revocations).answer((files / "two.der").read_bytes(), WHILE_VALID)
    (files / "answer.der").write_bytes(answer)

    shown = openssl("ocsp", "-respin", "answer.der", "-resp_text", "-noverify").stdout
    assert "malformedrequest" in shown.lower()

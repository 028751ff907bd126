"""``mynasim up --tls``, met by unmodified clients: openssl, curl with HTTP/2, and the clear-text door beside it."""

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from running_world import up

from portal.links.credentials import authorization_of
from portal.secrets import Secrets
from portal.wire import inquiries, sign_in
from portal.wire.operation import AnyOperation
from portal.wire.systems import Party

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    state = tmp_path_factory.mktemp("tls")
    with up(state, "--tls", MYNASIM_PORTAL__TLS_PORT="0") as (_, said):
        yield said | {"state": state}


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} がありません")
    return found


def handshake(told: dict[str, Any], *options: str) -> subprocess.CompletedProcess[str]:
    # Over HTTP/2 the server speaks first: what openssl prints then is frames, not text.
    place = told["portal"].removeprefix("https://")
    return subprocess.run(
        [program("openssl"), "s_client", "-connect", place, "-CAfile", told["tls"]["authority"],
         "-verify_return_error", "-verify_ip", place.partition(":")[0], *options],
        input="", capture_output=True, encoding="utf-8", errors="backslashreplace", timeout=30, check=False,
    )  # fmt: skip


@pytest.mark.real_client("openssl")
def test_openssl_trusts_it_and_speaks_http2(told: dict[str, Any]) -> None:
    seen = handshake(told, "-alpn", "h2,http/1.1")
    assert seen.returncode == 0, seen.stderr
    assert "Verify return code: 0 (ok)" in seen.stdout
    assert "ALPN protocol: h2" in seen.stdout and "TLSv1.3" in seen.stdout
    assert handshake(told, "-tls1_2").returncode == 0


@pytest.mark.real_client("openssl")
def test_openssl_does_not_trust_it_without_being_told(told: dict[str, Any]) -> None:
    untold = told | {"tls": {"authority": "/dev/null"}}
    assert handshake(untold).returncode != 0
    assert "Verify return code: 0" not in handshake(untold).stdout


@pytest.mark.real_client("openssl")
@pytest.mark.parametrize("version", ["-tls1_1", "-tls1"])
def test_nothing_older_than_tls_1_2(told: dict[str, Any], version: str) -> None:
    old = handshake(told, version, "-cipher", "ALL:@SECLEVEL=0")
    assert old.returncode != 0 and "BEGIN CERTIFICATE" not in old.stdout, old.stdout


def curl(told: dict[str, Any], path: str, *options: str) -> tuple[str, dict[str, list[str]], str]:
    done = subprocess.run(
        [program("curl"), "-sS", "-i", "--cacert", told["tls"]["authority"], *options, told["portal"] + path],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    status, *lines = head.split("\n")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        headers.setdefault(name.lower(), []).append(value)
    return status, headers, body


@pytest.mark.real_client("curl")
@pytest.mark.parametrize(("option", "version"), [("--http2", "HTTP/2 200"), ("--http1.1", "HTTP/1.1 200")])
def test_curl_gets_pages_and_operations(told: dict[str, Any], option: str, version: str) -> None:
    status, headers, body = curl(told, "/sign-in", option)
    assert status.strip().startswith(version) and "マイナンバーカードでログイン" in body
    assert headers["strict-transport-security"] == ["max-age=86400"]
    status, headers, body = curl(told, "/health", option)
    assert status.strip().startswith(version) and json.loads(body)["status"] == "up"
    status, _, body = curl(told, sign_in.ASK_CHALLENGE.path, option, "-X", "POST")
    assert " 201" in status and json.loads(body)["challenge"]


@pytest.mark.real_client("curl")
def test_the_cookie_is_bound_to_the_host(told: dict[str, Any]) -> None:
    status, headers, _ = curl(told, "/sign-in", "-X", "POST", "-d", "terminal=pc")
    assert " 303" in status
    assert headers["set-cookie"]
    for cookie in headers["set-cookie"]:
        assert cookie.startswith("__Host-") and {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
    assert headers["location"][0].startswith(told["systems"]["card_desk"])


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def in_the_clear(
    told: dict[str, Any], method: str, path: str, authorization: str = ""
) -> tuple[int, Any, bytes]:
    request = urllib.request.Request(told["portal_for_systems"] + path, method=method)
    if method == "POST":
        request.data = b""
    if authorization:
        request.add_header("authorization", authorization)
    try:
        with urllib.request.build_opener(_Stay).open(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_the_clear_text_door_sends_people_on_and_serves_systems(told: dict[str, Any]) -> None:
    status, headers, _ = in_the_clear(told, "GET", "/records?page=2")
    assert (status, headers["location"]) == (308, f"{told['portal']}/records?page=2")
    assert headers["strict-transport-security"] is None
    status, headers, body = in_the_clear(told, "POST", "/sign-in")
    assert status == 403 and told["portal"] in body.decode() and headers["set-cookie"] is None
    closed: list[AnyOperation] = [sign_in.ASK_CHALLENGE, sign_in.VIEW_ACCOUNT, inquiries.SEARCH_FAQ]
    for operation in closed:
        status, _, body = in_the_clear(told, operation.method, operation.path, "Bearer x")
        assert status == 403 and told["portal"] in json.loads(body)["detail"], operation.name
    assert in_the_clear(told, "GET", "/health")[0] == 200
    secrets = msgspec.json.decode((told["state"] / "secrets.json").read_bytes(), type=Secrets)
    wire = inquiries.LIST_FOR_DESK.encode_request(inquiries.ListForDesk(), "")
    key = authorization_of(secrets.link, Party.OPERATOR)
    assert in_the_clear(told, wire.method, wire.target, key)[0] == 200


def test_the_certificate_is_kept_over_a_restart(tmp_path: Path) -> None:
    prints = []
    for _ in range(2):
        with up(tmp_path, "--tls", MYNASIM_PORTAL__TLS_PORT="0") as (_, said):
            prints.append(said["tls"]["fingerprint"])
            status, _, _ = curl(said, "/health")
            assert " 200" in status
    assert prints[0] == prints[1]


def test_without_it_nothing_of_it_is_there(tmp_path: Path) -> None:
    with up(tmp_path) as (_, said):
        assert said["portal"].startswith("http://") and "tls" not in said
        with urllib.request.urlopen(f"{said['portal']}/sign-in") as answer:
            assert answer.headers["strict-transport-security"] is None
    assert not list(tmp_path.glob("portal-*.pem"))

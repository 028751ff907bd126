"""The card in a vpcd reader: the protocol by itself, and OpenSC through a real pcscd (CARD.md 2)."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from outside import Outside, need
from sample_cards import JPKI, make_card

from cards.applications.card_manager import CONTACT_ATR
from cards.vpcd import attach, handle

ROOT = Path(__file__).parents[2]
DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")


def test_controls() -> None:
    card = make_card()
    assert handle(card, b"\x04") == CONTACT_ATR
    assert not card.powered
    assert handle(card, b"\x01") is None
    assert card.powered
    assert handle(card, bytes.fromhex(JPKI)) == b"\x90\x00"
    assert handle(card, bytes.fromhex("00A4020C02000A")) == b"\x90\x00"
    assert handle(card, b"\x02") is None
    assert handle(card, bytes.fromhex("00A4020C02000A")) == b"\x6a\x82"
    assert handle(card, b"\x00") is None
    assert not card.powered
    assert handle(card, b"") is None
    assert handle(card, b"\x07") is None
    assert handle(card, bytes.fromhex(JPKI)) == b"\x90\x00"


async def test_attach_over_tcp_until_the_reader_closes() -> None:
    card = make_card()
    answers: list[bytes] = []

    async def reader(stream: trio.SocketStream) -> None:
        async with stream:
            # Length and body apart, and two messages at once: nothing may depend on how TCP cuts.
            await stream.send_all(b"\x00\x01")
            await stream.send_all(b"\x01\x00\x01\x04\x00")
            answers.append(await stream.receive_some(100))
            apdu = bytes.fromhex(JPKI)
            await stream.send_all(bytes((len(apdu),)) + apdu)
            answers.append(await stream.receive_some(100))

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), reader, 0)
        port = listeners[0].socket.getsockname()[1]
        await attach("127.0.0.1", port, card)
        nursery.cancel_scope.cancel()
    assert answers == [b"\x00\x09" + CONTACT_ATR, b"\x00\x02\x90\x00"]
    assert not card.powered


async def test_attach_without_a_reader_fails() -> None:
    with pytest.raises(OSError):
        await attach("127.0.0.1", 1, make_card())


@pytest.fixture(scope="module")
def pcscd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with the socket of a real pcscd, whose only reader holds the sample card."""
    need("pcscd", "opensc-tool", "openssl", "unshare", "ip")
    if not DRIVER.exists():
        pytest.skip("the vpcd driver is missing (apt-get install vsmartcard-vpcd)")
    namespace = ("unshare", "--map-root-user", "--net")
    if subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network namespace may be made here (unshare --map-root-user --net)")
    folder = tmp_path_factory.mktemp("pcscd")
    (folder / "conf").mkdir()
    (folder / "conf" / "vpcd").write_text(
        f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:0x8C7B\nLIBPATH {DRIVER}\nCHANNELID 0x8C7B\n'
    )
    running = subprocess.Popen(
        [*namespace, sys.executable, str(Path(__file__).with_name("pcscd_reader.py")), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONPATH=f"{ROOT}:{ROOT / 'tests' / 'cards'}"),
    )
    assert running.stdin is not None
    assert running.stdout is not None
    try:
        log = folder / "pcscd.log"
        ready = running.stdout.readline()
        assert ready == b"attached\n", log.read_text() if log.exists() else "pcscd did not start"
        # pcscd looks for cards every 400 ms and tells nobody; asking costs 20 ms each time.
        see = dict(os.environ, PCSCLITE_CSOCK_NAME=str(folder / "pcscd"))
        for _ in range(500):
            if not subprocess.run(
                ["opensc-tool", "-n"], env=see, check=False, capture_output=True
            ).returncode:
                break
        yield folder
    finally:
        running.stdin.close()
        running.wait(timeout=20)
        running.stdout.close()


@pytest.mark.real_client("opensc")
async def test_opensc_through_a_real_pcscd(pcscd: Path) -> None:
    outside = Outside(pcscd / "pcscd", pcscd)
    assert (await outside.run("opensc-tool", "-n"))[1].strip().endswith("jpki")
    assert "Virtual PCD 00 00" in (await outside.run("opensc-tool", "-l"))[1]
    _, said = await outside.run("pkcs15-tool", "--read-certificate", "1")
    key = x509.load_pem_x509_certificate(said[said.index("-----BEGIN") :].encode()).public_key()
    (pcscd / "auth.pub").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (pcscd / "message").write_bytes(b"through a real pcscd")
    (pcscd / "digest").write_bytes(hashlib.sha256(b"through a real pcscd").digest())
    await outside.run(
        *("pkcs15-crypt", "--sign", "--key", "1", "--pin", "1234", "--sha-256", "--pkcs1"),
        *("--input", "digest", "--output", "signature"),
    )
    verify = ("openssl", "dgst", "-sha256", "-verify", "auth.pub", "-signature", "signature", "message")
    assert "Verified OK" in (await outside.run(*verify))[1]


@pytest.mark.real_client("opensc")
async def test_apdus_through_a_real_pcscd_are_not_delayed(pcscd: Path) -> None:
    """A delayed acknowledgement would cost 44 ms an APDU: 200 reads, 9 seconds. Bound with a wide margin."""
    outside = Outside(pcscd / "pcscd", pcscd)
    apdus = [each for _ in range(200) for each in ("-s", "00A4040C0AD392F000260100000001")]
    started = trio.current_time()
    _, said = await outside.run("opensc-tool", "-c", "default", *apdus)
    assert len(re.findall("SW1=0x90, SW2=0x00", said)) == 200
    assert trio.current_time() - started < 3.0

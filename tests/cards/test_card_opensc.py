"""OpenSC, unmodified, over our own PC/SC socket (CARD.md 2.1 and 2.2)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from outside import Outside, need, pkcs11_module, served
from sample_cards import certificate, make_card

from cards.card import Card
from cards.pcsc import server
from cards.pcsc.readers import Reader
from cards.pins import PinName

pytestmark = pytest.mark.real_client("opensc")

MESSAGE = "住民票の写しの交付を申請します。".encode()


@pytest.fixture
def reader() -> Reader:
    return Reader("mynasim 00 00", make_card())


@pytest.fixture
async def outside(tmp_path: Path, reader: Reader) -> AsyncIterator[Outside]:
    need("opensc-tool", "openssl")
    (tmp_path / "message").write_bytes(MESSAGE)
    (tmp_path / "digest").write_bytes(hashlib.sha256(MESSAGE).digest())
    for which in ("auth", "sign"):
        key = x509.load_der_x509_certificate(certificate(which)).public_key()
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (tmp_path / f"{which}.pub").write_bytes(pem)
    async with served(tmp_path, reader) as running:
        yield running


async def _verified(outside: Outside, which: str, message: str = "message") -> None:
    command = ("openssl", "dgst", "-sha256", "-verify", f"{which}.pub", "-signature", "signature", message)
    assert "Verified OK" in (await outside.run(*command))[1]


async def test_opensc_names_the_card(outside: Outside) -> None:
    assert "mynasim 00 00" in (await outside.run("opensc-tool", "-l"))[1]
    assert "3b:e0:00:ff:81:31:fe:45:14" in (await outside.run("opensc-tool", "-a"))[1]
    assert (await outside.run("opensc-tool", "-n"))[1].strip().endswith("jpki")


async def test_opensc_knows_a_contactless_card_by_its_application(outside: Outside, reader: Reader) -> None:
    card = reader.remove()
    reader.insert(Card(card.contents, card.state, bytes, contactless=True))
    assert "3b:88:80:01:00:00:05:e0:b3:81:a1:00:7f" in (await outside.run("opensc-tool", "-a"))[1]
    assert (await outside.run("opensc-tool", "-n"))[1].strip().endswith("jpki")


async def test_pkcs15_lists_keys_pins_and_certificates(outside: Outside) -> None:
    _, said = await outside.run("pkcs15-tool", "-D")
    for what in (
        "User Authentication PIN",
        "Digital Signature PIN",
        "User Authentication Key",
        "Digital Signature Key",
        "Tries left     : 3",
        "Tries left     : 5",
    ):
        assert what in said, said


@pytest.mark.parametrize(("number", "which"), [("1", "auth"), ("3", "auth-ca"), ("4", "sign-ca")])
async def test_read_free_certificates(outside: Outside, number: str, which: str) -> None:
    _, said = await outside.run("pkcs15-tool", "--read-certificate", number)
    assert _der(said) == certificate(which)


def _der(said: str) -> bytes:
    pem = said[said.index("-----BEGIN") :]
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


async def test_read_signature_certificate_needs_its_password(outside: Outside) -> None:
    status, said = await outside.run("pkcs15-tool", "--read-certificate", "2", check=False)
    assert status != 0
    assert "BEGIN CERTIFICATE" not in said
    opened = ("pkcs15-tool", "--verify-pin", "--auth-id", "2", "--pin", "ABC123", "--read-certificate", "2")
    assert _der((await outside.run(*opened))[1]) == certificate("sign")


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize(("key", "pin", "which"), [("1", "1234", "auth"), ("2", "ABC123", "sign")])
async def test_pkcs15_crypt_signs(outside: Outside, key: str, pin: str, which: str) -> None:
    await outside.run(
        *("pkcs15-crypt", "--sign", "--key", key, "--pin", pin, "--sha-256", "--pkcs1"),
        *("--input", "digest", "--output", "signature"),
    )
    await _verified(outside, which)


@pytest.mark.parametrize(
    ("slot", "pin", "key", "which"), [("0", "1234", "01", "auth"), ("1", "ABC123", "02", "sign")]
)
async def test_pkcs11_tool_signs(outside: Outside, slot: str, pin: str, key: str, which: str) -> None:
    await outside.run(
        *("pkcs11-tool", "--module", pkcs11_module(), "--slot-index", slot, "--login", "--pin", pin),
        *("--sign", "--id", key, "-m", "SHA256-RSA-PKCS", "-i", "message", "-o", "signature"),
    )
    await _verified(outside, which)


@pytest.mark.requirement("ACC-1")
async def test_wrong_pins_count_down_and_lock(outside: Outside, reader: Reader) -> None:
    assert reader.card is not None
    for left in (2, 1, 0):
        status, said = await outside.run(*_sign_with("0000"), check=False)
        assert status != 0
        assert "PIN code or key incorrect" in said, said
        assert reader.card.state.tries_left[PinName.AUTH] == left
    status, said = await outside.run(*_sign_with("1234"), check=False)
    assert status != 0
    assert "PIN code or key incorrect" not in said
    # The other PIN has tries of its own.
    await outside.run(
        *("pkcs15-crypt", "--sign", "--key", "2", "--pin", "ABC123", "--sha-256", "--pkcs1"),
        *("--input", "digest", "--output", "signature"),
    )


def _sign_with(pin: str, output: str = "signature") -> tuple[str, ...]:
    return (
        *("pkcs15-crypt", "--sign", "--key", "1", "--pin", pin, "--sha-256", "--pkcs1"),
        *("--input", "digest", "--output", output),
    )


async def test_several_programs_at_once_use_one_card(outside: Outside) -> None:
    async with trio.open_nursery() as nursery:
        for number in range(4):
            nursery.start_soon(outside.run, *_sign_with("1234", f"signature{number}"))
    signatures = {(outside.folder / f"signature{number}").read_bytes() for number in range(4)}
    assert len(signatures) == 1
    (outside.folder / "signature").write_bytes(signatures.pop())
    await _verified(outside, "auth")


async def test_a_card_swapped_between_two_runs(outside: Outside, reader: Reader) -> None:
    assert _der((await outside.run("pkcs15-tool", "--read-certificate", "1"))[1]) == certificate("auth")
    reader.swap(make_card(person="-of-another"))
    swapped = _der((await outside.run("pkcs15-tool", "--read-certificate", "1"))[1])
    assert swapped == certificate("auth-of-another")
    reader.remove()
    status, said = await outside.run("opensc-tool", "-n", check=False)
    assert status != 0
    assert "Card not present" in said, said


async def test_a_waiting_program_sees_the_card_come(
    outside: Outside, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`opensc-tool -w` waits for a change of the reader's state; nothing here polls."""
    card = reader.remove()
    waiting = trio.Event()
    really_wait = server._Client.wait_change

    async def wait_change(client: server._Client, body: bytes) -> bytes:
        reply = await really_wait(client, body)
        waiting.set()
        return reply

    monkeypatch.setattr(server._Client, "wait_change", wait_change)
    seen: list[str] = []

    async def wait() -> None:
        seen.append((await outside.run("opensc-tool", "-w", "-n"))[1])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await waiting.wait()
        reader.insert(card)
    assert seen[0].strip().endswith("jpki")

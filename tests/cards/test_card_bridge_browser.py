"""The bridge in Chromium: a page of another port asks as it would ask the real client's extension."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import trio
from bridge_house import House, house
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from sample_cards import make_card

from cards.keys import sha256_digest_info
from cards.pins import PinName

pytestmark = pytest.mark.real_client("chromium")

CHROMIUM = shutil.which("chromium") or ""
MESSAGE = b"challenge"
DIGEST = base64.b64encode(sha256_digest_info(hashlib.sha256(MESSAGE).digest())).decode()
NAME = "131016-12　黒桐　幹也"


@pytest.fixture
async def home() -> AsyncIterator[House]:
    if not CHROMIUM:
        pytest.skip("chromium is missing (apt-get install chromium)")
    async with house({NAME: make_card()}) as opened:
        yield opened


async def in_browser(
    home: House, wish: object, act: Callable[[Any, Any], None]
) -> tuple[dict[str, Any], list[str]]:
    """Open the site, press its button, let *act* loose on site and consent; the answer, and all that the site saw or sent."""

    def run() -> tuple[dict[str, Any], list[str]]:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            try:
                site = browser.new_page()
                seen: list[str] = []
                site.on("request", lambda request: seen.append(f"{request.url} {request.post_data}"))
                site.goto(home.site)
                assert site.locator("#extension-is-installed").get_attribute("value") == "24"
                assert site.locator("#app-is-installed").get_attribute("value") == "29"
                site.evaluate("wish => { window.wish = wish; }", json.dumps(wish))
                with site.expect_popup() as popup:
                    site.click("#go")
                act(site, popup.value)
                site.wait_for_function("document.getElementById('said').textContent !== ''")
                answer: dict[str, Any] = json.loads(site.locator("#said").inner_text())
                return answer, [*seen, site.content()]
            finally:
                browser.close()

    with trio.fail_after(90):
        return await trio.to_thread.run_sync(run)


@pytest.mark.requirement("ACC-1")
async def test_sign_in_with_consent(home: House) -> None:
    def agree(site: Any, consent: Any) -> None:
        assert home.site in consent.locator("main").inner_text()
        consent.get_by_label(NAME).check()
        consent.locator("#pin").fill("0000")
        consent.get_by_role("button", name="同意してカードを使う").click()
        consent.get_by_text("あと2回").first.wait_for()
        consent.locator("#pin").fill("1234")
        consent.get_by_role("button", name="同意してカードを使う").click()

    answer, seen = await in_browser(home, {"mode": "01", "service_id": "01", "digest": DIGEST}, agree)

    assert answer["result"] == "0"
    certificate = answer["certificate"]
    key = x509.load_der_x509_certificate(
        base64.b64decode(certificate + "=" * (-len(certificate) % 4))
    ).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(answer["signature"]), MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert len(home.bridge.consents) == 0
    told = " ".join(seen).replace(answer["signature"], "").replace(certificate, "")
    assert "1234" not in told.replace(answer["combination_code"], ""), "the PIN never reached the site"


async def test_giving_up(home: House) -> None:
    def give_up(site: Any, consent: Any) -> None:
        consent.get_by_role("button", name="やめる").click()

    wish = {"mode": "02", "service_id": "01", "digest": [DIGEST]}
    answer, _ = await in_browser(home, wish, give_up)
    assert answer == wish | {"result": "1", "errcode": "EW044-C300"}
    assert home.hand.held[NAME].state.revision == 0


async def test_closing_the_window_is_giving_up(home: House) -> None:
    def close(site: Any, consent: Any) -> None:
        consent.locator("#consent").wait_for()
        consent.close(run_before_unload=True)

    wish = {"mode": "04", "service_id": "01"}
    answer, _ = await in_browser(home, wish, close)
    assert answer["errcode"] == "EW044-C300"


async def test_signing_with_the_signature_key(home: House) -> None:
    def agree(site: Any, consent: Any) -> None:
        consent.get_by_label(NAME).check()
        consent.locator("#pin").fill("abc123")
        consent.get_by_role("button", name="同意してカードを使う").click()

    answer, _ = await in_browser(home, {"mode": "02", "service_id": "01", "digest": [DIGEST, DIGEST]}, agree)
    assert answer["result"] == "0"
    assert len(answer["signature"]) == 2
    assert home.hand.held[NAME].state.tries_left[PinName.SIGN] == 5

"""Signing in over the card bridge: what the script of the sign-in page is given (ACC-1)."""

import base64
import json

import pytest
from page_browser import answer
from page_house import READER, House
from proxies_browsing import filled

from portal.settings import PortalSettings

BRIDGE = "http://127.0.0.1:8640"
BUTTON = "この計算機のカードブリッジで読み取る"


@pytest.fixture
def portal_settings() -> PortalSettings:
    return PortalSettings(bridge_url=f"{BRIDGE}/")


@pytest.mark.requirement("ACC-1")
async def test_the_challenge_is_given_and_bound_to_this_browser(house: House) -> None:
    browser, other = house.browser(), house.browser()
    await browser.get("/sign-in?next=/settings")
    await browser.press(BUTTON)

    assert browser.status == 200 and browser.header("content-type") == "application/json"
    assert browser.header("cache-control") == "no-store"
    assert browser.header("cross-origin-resource-policy") == "same-origin"
    begun, _ = browser.set_cookies
    given = json.loads(browser.body)
    assert begun.startswith("mynasim_sign_in=") and given["challenge"] not in begun

    digest_info = base64.urlsafe_b64encode(base64.b64decode(given["digest"])).decode()
    fields = answer(
        house.world, house.residents[0], {"challenge": given["challenge"], "digest_info": digest_info}
    )
    await other.post("/sign-in/complete", fields)
    assert other.status == 403 and "このブラウザーではじめたログインではない" in other.text
    await browser.post("/sign-in/complete", fields)
    assert browser.path == "/first-time"


async def test_the_bridges_script_may_run_on_the_sign_in_page_alone(house: House) -> None:
    guest = house.browser()
    await guest.get("/sign-in")
    policy = guest.header("content-security-policy") or ""
    assert f"script-src 'self' {BRIDGE};" in policy and f"connect-src 'self' {BRIDGE};" in policy
    assert f"form-action 'self' {READER};" in policy

    await guest.post("/sign-in/complete", {})
    assert guest.status == 403 and BRIDGE in (guest.header("content-security-policy") or "")
    await guest.get("/signed-out")
    assert BRIDGE not in (guest.header("content-security-policy") or "")
    browser = await house.signed_in()
    assert BRIDGE not in (browser.header("content-security-policy") or "")


async def test_who_is_signed_in_is_led_on(house: House) -> None:
    browser = await house.signed_in()
    await browser.post("/sign-in", {"reader": "bridge"}, follow=False)
    assert browser.status == 303 and browser.header("location") == "/"


@pytest.mark.requirement("PRX-1")
async def test_a_proxys_card_over_the_bridge(house: House) -> None:
    proxy = await house.signed_in(1, "りんご")
    owner = await house.signed_in(0, "みかん")
    await filled(owner, "notices")
    policy = owner.header("content-security-policy") or ""
    assert f"script-src 'self' {BRIDGE};" in policy and f"form-action 'self' {READER};" in policy
    await owner.press(BUTTON)
    given = json.loads(owner.body)
    digest_info = base64.urlsafe_b64encode(base64.b64decode(given["digest"])).decode()
    fields = answer(
        house.world, house.residents[1], {"challenge": given["challenge"], "digest_info": digest_info}
    )
    # Good in the session that it was given to, and in no other.
    await proxy.post("/proxies/new/complete", fields)
    assert "代理人を登録しました" not in proxy.text
    await owner.post("/proxies/new/complete", fields)
    assert "代理人を登録しました" in owner.text
    await owner.get("/proxies")
    assert BRIDGE not in (owner.header("content-security-policy") or "")

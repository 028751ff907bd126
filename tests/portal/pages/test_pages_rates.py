"""Who asks too often is asked to wait: by address and by account, on pages and on the API (429, Retry-After)."""

import msgspec
import pytest
from page_browser import Browser
from page_house import House

from portal.rates import RateSettings
from portal.settings import PortalSettings
from portal.web.cookies import SESSION_COOKIE
from portal.wire import records, self_information, sign_in
from portal.wire.operation import JSON, Nothing
from portal.wire.problems import Problem, ProblemCode
from portal.wire.sign_in import SignIn

FAILURES = 3
ANONYMOUS = 40
REQUESTS = 4
FILES = 2


@pytest.fixture
def portal_settings() -> PortalSettings:
    """Small limits, which the browsers' address (loopback) falls under too."""
    limits = RateSettings(
        own_machine=True, anonymous=ANONYMOUS, sign_in_failures=FAILURES, requests=REQUESTS, files=FILES
    )
    return PortalSettings(rates=limits)


def asked_to_wait(browser: Browser) -> int:
    assert browser.status == 429, browser
    seconds = int(browser.header("retry-after") or 0)
    assert 1 <= seconds <= 60
    assert f"{seconds}秒ほど待ってから" in (browser.text or browser.body.decode())
    return seconds


async def call(browser: Browser, operation, content, session: str = "") -> Browser:
    request = operation.encode_request(content, f"Bearer {session}" if session else "")
    return await browser.request(
        request.method,
        browser.origin + request.target,
        request.body,
        **({"authorization": request.authorization} if session else {}),
        **({"content_type": JSON} if request.body else {}),
    )


async def wrong(house: House, password: str = "x") -> Browser:
    browser = house.browser()
    await browser.get("/desk")
    return await browser.press("ログイン", staff_id="nobody", password=password)


async def test_failed_sign_ins_of_one_address(house: House) -> None:
    for _ in range(FAILURES):
        assert (await wrong(house)).status == 403
    browser = await wrong(house)
    seconds = asked_to_wait(browser)
    # However it is tried: at the desk, by the API, over the card reader.
    await call(browser, sign_in.SIGN_IN, SignIn("x", b"x", b"x"))
    said = msgspec.json.decode(browser.body, type=Problem)
    assert said.code is ProblemCode.TOO_MANY and said.retry_after == asked_to_wait(browser)
    citizen = house.browser()
    await citizen.sign_in(house.world, house.residents[0])
    assert citizen.status == 429
    await house.world.pass_time(seconds)
    assert (await wrong(house)).status == 403, "one more can be tried"
    asked_to_wait(await wrong(house))


async def test_failures_by_the_api_count_too_and_successes_do_not(house: House) -> None:
    for _ in range(FAILURES + 1):
        await house.signed_in()
    browser = house.browser()
    for _ in range(FAILURES):
        await call(browser, sign_in.SIGN_IN, SignIn("x", b"x", b"x"))
        assert browser.status == 403
    await call(browser, sign_in.SIGN_IN, SignIn("x", b"x", b"x"))
    asked_to_wait(browser)


async def test_whoever_has_not_signed_in_by_address_and_whoever_has_not_at_all(house: House) -> None:
    known, browser = await house.signed_in(), house.browser()
    for _ in range(ANONYMOUS):
        await browser.get("/faq")
        if browser.status != 200:
            break
    asked_to_wait(browser)
    await browser.get("/records")
    asked_to_wait(browser)
    await call(browser, sign_in.ASK_CHALLENGE, Nothing())
    asked_to_wait(browser)
    await known.get("/faq")
    assert known.status == 200, "from the same address"


async def test_what_is_expensive_by_account(house: House) -> None:
    browser, other = await house.signed_in(), await house.signed_in(1, "たろう")
    for _ in range(FILES):
        await browser.get("/history/file")
        assert browser.status == 200
    await browser.get("/history/file")
    asked_to_wait(browser)
    await other.get("/history/file")
    assert other.status == 200
    # The same account by the API shares the bucket.
    token = browser.jar["/", SESSION_COOKIE]
    await call(browser, records.RECORDS_CSV, records.OneRequest("a" * 24), token)
    asked_to_wait(browser)
    statuses = [
        (await call(browser, self_information.SEARCH, self_information.Search(), token)).status
        for _ in range(REQUESTS + 1)
    ]
    assert statuses == [200] * REQUESTS + [429]
    asked_to_wait(browser)
    await browser.get("/self-information/results")
    asked_to_wait(browser)
    await browser.get("/records")
    assert browser.status == 200, "what is not expensive goes on"

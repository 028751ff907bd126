"""やりとり履歴 (REC-1, 2, 3)."""

import pytest
from page_browser import Browser
from page_house import House

from portal.rates import RateSettings
from portal.records.pages import months_before
from portal.settings import PortalSettings
from portal.web.design import date_parts
from portal.wire.controls import Mode
from portal.wire.limits import REQUESTS_OPEN_MAX
from portal.wire.moments import day_of
from portal.wire.systems import System

DAYS = {"first_day": ("2026", "1", "1"), "last_day": ("2026", "3", "31")}


def days(**changed: tuple[str, str, str]) -> dict[str, str | list[str]]:
    return {
        f"{name}_{part}": text
        for name, typed in {**DAYS, **changed}.items()
        for part, text in zip(("year", "month", "day"), typed, strict=True)
    }


async def asked(house: House, browser: Browser) -> str:
    """A request, not looked at; its address."""
    await browser.get("/records/request")
    await browser.press("請求する", follow=False)
    address = browser.header("location")
    assert browser.status == 303 and address is not None
    return address


@pytest.mark.requirement("REC-1", "REC-2")
async def test_answered_at_once_and_read_by_being_shown(house: House) -> None:
    browser = await house.signed_in()
    await browser.click("やりとり履歴")
    assert "まだ請求していません" in browser.text
    await browser.click("期間を決めて請求する")
    await browser.press("請求する", **days(first_day=("２０２４", "４", "１")))

    assert browser.page.title.startswith("やりとり履歴の一覧") and "照会機関" in browser.text
    assert "令和6年4月1日（2024年）" in browser.text
    await browser.click("やりとり履歴に戻る")
    assert "見ました" in browser.text


@pytest.mark.requirement("REC-3")
async def test_late_and_then_there(house: House) -> None:
    browser = await house.signed_in()
    await house.control(System.NETWORK, Mode.LATE, late_seconds=120)
    await browser.get("/records/request")
    await browser.press("請求する")
    assert "いまは即時に回答できません" in browser.text and "data-refresh-seconds" in browser.body.decode()
    await browser.get("/")
    assert "問い合わせ中 1件" in browser.text

    await house.world.pass_time(300)
    await browser.get("/")
    assert "まだ見ていない回答 1件" in browser.text
    await browser.click("やりとり履歴")
    assert "まだ見ていません" in browser.text
    await browser.click("令和")
    assert browser.page.title.startswith("やりとり履歴の一覧")


@pytest.mark.requirement("REC-3")
async def test_the_core_is_down_and_comes_back(house: House) -> None:
    browser = await house.signed_in()
    await house.world.stop(System.NETWORK)
    await browser.get("/records/request")
    await browser.press("請求する")
    waiting = browser.address
    assert browser.status == 200 and "いまは即時に回答できません" in browser.text
    await house.world.start(System.NETWORK)
    await house.world.pass_time(600)
    await browser.get(waiting)
    assert browser.page.title.startswith("やりとり履歴の一覧")


@pytest.mark.requirement("FLD-3")
async def test_a_page_that_asks_again_by_itself_reads_nothing(house: House) -> None:
    browser = await house.signed_in()
    address = await asked(house, browser)
    for header in ({"x_page_refresh": "1"}, {"sec_purpose": "prefetch;prerender"}, {"purpose": "prefetch"}):
        await browser.get(address, **header)
        assert "回答が届きました" in browser.text and "照会機関" not in browser.text
    await browser.request("HEAD", address)
    await browser.get("/")
    assert "まだ見ていない回答 1件" in browser.text
    await browser.get(address)
    assert "照会機関" in browser.text
    await browser.get("/")
    assert "まだ見ていない回答" not in browser.text


async def test_a_form_sent_twice_is_one_request(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/records/request")
    form = browser.form("請求する")
    answers = set()
    for _ in range(3):
        await browser.post(form.action, form.fields, follow=False)
        answers.add((browser.status, browser.header("location")))

    assert len(answers) == 1 and {status for status, _ in answers} == {303}
    for key in ("", "あ", "x" * 100, "a b"):
        fields = {**dict(form.fields), "key": key}
        await browser.post(form.action, fields, follow=False)
        answers.add((browser.status, browser.header("location")))
    assert len(answers) == 5


@pytest.mark.requirement("REC-1")
@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"first_day": ("2026", "2", "30")}, "first_day", "ない日付"),
        ({"first_day": ("8", "4", "1")}, "first_day", "西暦4けた"),
        ({"first_day": ("", "4", "1")}, "first_day", "すべて入れて"),
        ({"last_day": ("", "", "")}, "last_day", "すべて入れて"),
        ({"last_day": ("2025", "12", "31")}, "last_day", "始まりの日と同じか後"),
        ({"last_day": ("2027", "1", "1")}, "last_day", "今日までの日"),
        ({"first_day": ("2001", "1", "1")}, "first_day", "残るのは7年間"),
        ({"first_day": ("<b>", "'\"", "-1")}, "first_day", "ない日付"),
        ({"first_day": ("9" * 50, "1", "1")}, "first_day", "ない日付"),
    ],
)
async def test_a_wrong_period_is_said_at_its_field_and_what_was_typed_stays(
    house: House, changed: dict[str, tuple[str, str, str]], field: str, words: str
) -> None:
    browser = await house.signed_in()
    await browser.get("/records/request")
    await browser.press("請求する", **days(**changed))

    assert browser.status == 422 and browser.page.title.startswith("エラー：")
    body = browser.body.decode()
    assert words in body.partition(f'id="{field}-error"')[2][:400], browser
    fields = dict(browser.form("請求する").fields)
    assert all(fields[name] == text for name, text in days(**changed).items())
    await browser.get("/records")
    assert "まだ請求していません" in browser.text


async def test_both_dates_wrong_are_two_errors(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/records/request")
    await browser.press("請求する", **days(first_day=("", "", ""), last_day=("2026", "13", "1")))

    assert browser.body.count(b'class="field-error"') == 2


async def test_shortcuts_fill_in_the_dates(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/records/request")
    await browser.click("最近1年")
    fields = dict(browser.form("請求する").fields)
    today = day_of(house.world.clock.now_ms())
    for part, text in date_parts(months_before(today, 12)).items():
        assert fields[f"first_day_{part}"] == text
    await browser.press("請求する")
    assert browser.page.title.startswith("やりとり履歴の一覧")
    await browser.get("/records/request")
    await browser.click("最近7年")
    await browser.press("請求する")
    assert browser.page.title.startswith("やりとり履歴の一覧")
    await browser.get(f"{browser.path}?page=2")
    assert browser.status == 200
    for number in ("0", "-1", "99999", "x", "٣", "2" * 30):
        await browser.get(f"{browser.path}?page={number}")
        assert browser.status == 200
        await browser.get(f"/records?page={number}")
        assert browser.status == 200


@pytest.mark.requirement("FLD-1")
@pytest.mark.parametrize("headers", [{}, {"x_page_refresh": "1"}])
async def test_anothers_request_is_as_if_it_were_not_there(house: House, headers: dict[str, str]) -> None:
    owner, other = await house.signed_in(), await house.signed_in(1, "たろう")
    address = await asked(house, owner)
    await other.get(address, **headers)
    theirs = other.body
    assert other.status == 404 and "請求はありません" in other.text
    await other.get("/records/aaaaaaaaaaaaaaaaaaaaaaaa", **headers)
    assert other.status == 404
    # Nothing but the sealed form of the page tells the two apart.
    assert theirs == other.body


@pytest.mark.parametrize("portal_settings", [PortalSettings(rates=RateSettings(counting=False))])
async def test_a_folder_that_is_full(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/records/request")
    form = browser.form("請求する")
    await house.world.stop(System.NETWORK)
    for number in range(REQUESTS_OPEN_MAX):
        await browser.post(form.action, {**dict(form.fields), "key": f"k{number}"}, follow=False)
        assert browser.status == 303
    await browser.post(form.action, {**dict(form.fields), "key": "one-more"}, follow=False)
    assert browser.status == 409 and f"{REQUESTS_OPEN_MAX}件まで" in browser.text
    await browser.get("/records?page=25")
    assert f"全{REQUESTS_OPEN_MAX}件のうち 481〜{REQUESTS_OPEN_MAX}件目" in browser.text

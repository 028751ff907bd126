"""あなたの情報 (SELF-1, 2, 3, 4, 6)."""

import pytest
from page_browser import Browser
from page_house import House

from portal.wire.controls import Mode
from portal.wire.limits import SELECTIONS_MAX
from portal.wire.systems import System


async def found(browser: Browser, **typed: str) -> list[str]:
    """What a search finds: the values of its boxes."""
    await browser.get("/self-information")
    await browser.press("名前から探す" if "name" in typed else "分野から探す", **typed)
    return [value for form in browser.page.forms for name, value in form.boxes if name == "chosen"]


@pytest.mark.requirement("SELF-1", "SELF-3", "SELF-6")
async def test_by_name_asked_for_and_read(house: House) -> None:
    browser = await house.signed_in()
    boxes = await found(browser, name="地方税")
    assert boxes and "地方公共団体" in browser.text
    await browser.press("選んだ情報を請求する", chosen=boxes)

    assert browser.path.startswith("/self-information/requests/")
    assert "請求を受け付けました" in browser.text and "すべての請求の結果が出ました" in browser.text
    await browser.click("地方税関係情報")
    assert browser.path.startswith("/self-information/folder/")
    assert "いつの時点の情報か" in browser.text and "情報の中身" in browser.text
    await browser.click("届いた情報に戻る")
    assert "見ました" in browser.text


@pytest.mark.requirement("SELF-2", "SELF-4")
async def test_by_field_and_place(house: House) -> None:
    browser = await house.signed_in()
    everywhere = await found(browser, field="税")
    assert len(everywhere) == 2 and "東京都千代田区" in browser.text and "横浜市" in browser.text

    for place in ("千代田", "東京都千代田区", "131016", "１３１０１６"):
        boxes = await found(browser, field="税", municipality=place)
        assert len(boxes) == 1 and "横浜市" not in browser.text, place
    boxes = await found(browser, field="税", municipality="札幌市")
    assert not boxes and "見つかりませんでした" in browser.text
    assert "東京都千代田区、神奈川県横浜市が持っています" in browser.text
    detail = await found(browser, field="税", detail="住民税")
    assert len(detail) == 2


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"name": ""}, "name", "情報の名前を入れてください"),
        ({"name": "あ" * 101}, "name", "100文字まで"),
        ({"field": ""}, "field", "分野を選んでください"),
        ({"field": "税", "municipality": "13101"}, "municipality", "6けた"),
        ({"field": "税", "municipality": "1310167"}, "municipality", "6けた"),
        ({"field": "税", "municipality": "131017"}, "municipality", "「131017」の市区町村はありません"),
        ({"field": "税", "municipality": "999999"}, "municipality", "「999999」の市区町村はありません"),
    ],
)
async def test_a_wrong_search_is_said_at_its_field(
    house: House, typed: dict[str, str], field: str, words: str
) -> None:
    browser = await house.signed_in()
    await found(browser, **typed)

    assert browser.status == 422
    assert words in browser.body.decode().partition(f'id="{field}-error"')[2][:400]
    for name, value in typed.items():
        assert any((name, value) in form.fields for form in browser.page.forms), name


async def test_a_search_shows_what_was_typed_as_text(house: House) -> None:
    browser = await house.signed_in()
    await found(browser, name="<img src=x onerror=alert(1)>")

    assert b"<img src=x" not in browser.body and "見つかりませんでした" in browser.text


@pytest.mark.parametrize(
    "chosen", [[], ["x"], ["TM00000000000002.1"], ["."], ["TM99999999999999.0013101600000000"]]
)
async def test_nothing_or_nonsense_chosen(house: House, chosen: list[str]) -> None:
    browser = await house.signed_in()
    await found(browser, field="税")
    await browser.press("選んだ情報を請求する", chosen=chosen)

    assert browser.status == 422
    if chosen and chosen[0].startswith("TM9"):
        assert "ありません" in browser.text
    else:
        assert b'id="chosen-error"' in browser.body and "請求する情報を選ぶ" in browser.text
    await browser.get("/self-information/requests")
    assert "まだ請求していません" in browser.text


async def test_more_than_may_be_asked_for_at_once(house: House) -> None:
    browser = await house.signed_in()
    (box, *_) = await found(browser, field="税")
    information, _, organisation = box.partition(".")
    many = [f"{information}.{int(organisation) + n:016}" for n in range(SELECTIONS_MAX + 1)]
    await browser.press("選んだ情報を請求する", chosen=many)

    assert browser.status == 422 and f"{SELECTIONS_MAX}件まで" in browser.text


async def test_a_request_sent_twice_is_one(house: House) -> None:
    browser = await house.signed_in()
    boxes = await found(browser, field="税")
    form = browser.form("選んだ情報を請求する")
    fields = [pair for pair in form.fields if pair[0] != "chosen"] + [("chosen", box) for box in boxes]
    for _ in range(2):
        await browser.post(form.action, fields)
        assert browser.status == 200
    await browser.get("/self-information/requests")
    assert "全1件のうち" in browser.text
    await browser.get("/self-information/folder")
    assert f"全{len(boxes)}件のうち" in browser.text


@pytest.mark.requirement("SELF-6")
async def test_the_intermediate_servers_are_down_and_come_back(house: House) -> None:
    browser = await house.signed_in()
    await house.control(System.INTERMEDIATE, Mode.STOPPED)
    boxes = await found(browser, field="税")
    await browser.press("選んだ情報を請求する", chosen=boxes)
    asked = browser.address
    assert "2件は、問い合わせ中です" in browser.text
    await browser.get("/self-information")
    assert "問い合わせ中 2件" in browser.text

    await house.control(System.INTERMEDIATE, Mode.NORMAL)
    await house.world.pass_time(1200)
    await browser.get(asked, x_page_refresh="1")
    assert "すべての請求の結果が出ました" in browser.text
    await browser.get("/")
    assert "まだ見ていない回答 2件" in browser.text
    await browser.get("/self-information/folder")
    assert browser.text.count("に消えます") >= 2


@pytest.mark.requirement("SELF-6")
async def test_the_network_is_down(house: House) -> None:
    browser = await house.signed_in()
    await house.world.stop(System.NETWORK)
    for address in ("/self-information", "/self-information/results?by=field&field=税"):
        await browser.get(address.replace("税", "%E7%A8%8E"))
        assert browser.status == 503 and "しばらく待ってから" in browser.text
        await browser.click("届いた情報を見る")
        assert browser.status == 200


@pytest.mark.requirement("FLD-1")
async def test_anothers_information_is_as_if_it_were_not_there(house: House) -> None:
    owner, other = await house.signed_in(), await house.signed_in(1, "たろう")
    boxes = await found(owner, field="税")
    await owner.press("選んだ情報を請求する", chosen=boxes[:1])
    asked = owner.path
    item = asked.replace("/requests/", "/folder/")
    for address in (asked, item):
        await other.get(address)
        assert other.status == 404 and "請求はありません" in other.text, address
    await owner.get("/")
    assert "まだ見ていない回答 1件" in owner.text


@pytest.mark.requirement("FLD-3")
async def test_what_a_browser_fetches_ahead_is_not_read(house: House) -> None:
    browser = await house.signed_in()
    boxes = await found(browser, field="税")
    await browser.press("選んだ情報を請求する", chosen=boxes[:1])
    item = browser.path.replace("/requests/", "/folder/")
    await browser.get(item, sec_purpose="prefetch")
    await browser.request("HEAD", item)
    await browser.get("/")
    assert "まだ見ていない回答 1件" in browser.text
    await browser.get(item)
    await browser.get("/")
    assert "まだ見ていない回答" not in browser.text

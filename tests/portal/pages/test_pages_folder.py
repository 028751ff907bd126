"""利用者フォルダー: everything with its state and its end, and deleting by hand (FLD-3, FLD-5)."""

import pytest
from page_house import House
from test_pages_outcomes import waiting
from test_pages_records import asked
from test_pages_self_information import found

from portal.wire.controls import Mode
from portal.wire.systems import System


@pytest.mark.requirement("FLD-3", "FLD-5")
async def test_everything_with_its_end(house: House) -> None:
    browser = await house.signed_in()
    await browser.click("利用者フォルダー")
    assert "利用者フォルダーは空です" in browser.text
    address = await asked(house, browser)
    boxes = await found(browser, field="税")
    await browser.press("選んだ情報を請求する", chosen=boxes[:1])
    await waiting(house, browser)

    await browser.get("/folder")
    assert browser.text.count("いつ消えるか：") == 3
    assert browser.text.count("令和9年4月1日（2027年）に消えます") == 2
    assert "回答が届くまで残ります" in browser.text and "まだ見ていません" in browser.text
    await browser.get(address)
    await browser.get("/folder")
    assert "ログアウトすると消えます" in browser.text and "見ました" in browser.text
    await browser.click("やりとり履歴")
    assert browser.path == "/records" or browser.path == address


@pytest.mark.requirement("FLD-5")
async def test_deleted_after_a_question(house: House) -> None:
    browser = await house.signed_in()
    await asked(house, browser)
    await browser.get("/folder")
    await browser.click("削除する")
    assert "利用者フォルダーから削除しますか" in browser.text and "もとに戻せません" in browser.text
    question = browser.path
    await browser.click("やめて、利用者フォルダーに戻る")
    assert browser.text.count("いつ消えるか：") == 1
    await browser.get(question)
    await browser.press("削除する")
    assert browser.path == "/folder" and "利用者フォルダーから削除しました" in browser.text
    assert "利用者フォルダーは空です" in browser.text
    for again in (browser.get(question), browser.get("/folder/aaaaaaaaaaaaaaaaaaaaaaaa/delete")):
        await again
        assert browser.status == 404


@pytest.mark.requirement("FLD-5")
async def test_a_request_is_withdrawn_unless_its_answer_has_come_meanwhile(house: House) -> None:
    browser = await house.signed_in()
    request_id = await waiting(house, browser)
    question = f"/folder/{request_id}/delete"
    await browser.get(question)
    assert "この請求を取り下げますか" in browser.text
    form = browser.form("取り下げる")
    await house.control(System.INTERMEDIATE, Mode.NORMAL)
    await house.world.pass_time(1200)
    await browser.post(form.action, form.fields)
    assert browser.path == question and "利用者フォルダーから削除しますか" in browser.text
    await browser.get("/")
    assert "まだ見ていない回答 1件" in browser.text

    request_id = await waiting(house, browser)
    await browser.get(f"/folder/{request_id}/delete")
    await browser.press("取り下げる")
    assert "請求を取り下げました" in browser.text
    await house.control(System.INTERMEDIATE, Mode.NORMAL)
    await house.world.pass_time(1200)
    await browser.get("/folder")
    assert browser.text.count("いつ消えるか：") == 1, "the answer that came later found nothing to lie on"


@pytest.mark.requirement("FLD-1")
async def test_nobody_deletes_what_is_anothers(house: House) -> None:
    owner, other = await house.signed_in(), await house.signed_in(1, "たろう")
    address = await asked(house, owner)
    question = f"/folder/{address.rpartition('/')[2]}/delete"
    await other.get(question)
    assert other.status == 404
    token = dict(other.form("ログアウト").fields)["csrf"]
    await other.post(question, {"csrf": token})
    assert other.status == 404
    await owner.post(question, {"csrf": "x"})
    assert owner.status == 403
    await owner.get("/folder")
    assert owner.text.count("いつ消えるか：") == 1

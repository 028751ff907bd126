"""代理人: the proxy's card at the reader, in a browser without scripts, and what it does not agree to (PRX-1)."""

import pytest
from page_browser import Browser, answer
from page_house import House
from proxies_browsing import filled, read_card, two

from portal.web.cookies import CARD_COOKIE, SESSION_COOKIE


def without_session(browser: Browser) -> Browser:
    """As the form of another site comes in: over TLS the card reader's page is one, and the session's cookie stays away."""
    jar = {place: value for place, value in browser.jar.items() if place[1] != SESSION_COOKIE}
    return Browser(browser._front, browser.origin, jar)


@pytest.mark.requirement("PRX-1")
async def test_the_card_readers_form_may_come_without_the_sessions_cookie(house: House) -> None:
    owner, _ = await two(house)
    await filled(owner, "records")
    await owner.press("代理人のカードを読み取る")
    asked = owner.query
    signed = answer(house.world, house.residents[1], asked)

    other = house.browser()
    await other.hand_over(asked, signed)
    assert other.path == "/sign-in", "another browser has begun nothing"
    changed = without_session(owner)
    for place in [place for place in changed.jar if place[1] == CARD_COOKIE]:
        named, _, seal = changed.jar[place].partition(".")
        changed.jar[place] = f"{'0' * len(named)}.{seal}"
    await changed.hand_over(asked, signed)
    assert changed.path == "/sign-in", "the cookie is sealed"
    await without_session(owner).hand_over(asked, {**signed, "challenge": "another"})
    await owner.get(owner.origin + "/proxies")
    assert "代理人はいません" in owner.text

    crossing = without_session(owner)
    crossing.address = crossing.origin + "/"
    await crossing.post(asked["return_to"], signed, follow=False)
    assert "done=registered" in (crossing.header("location") or ""), crossing
    assert not [name for _, name in crossing.jar if name == CARD_COOKIE], "there is nothing left to complete"
    await owner.get(crossing.header("location") or "")
    assert "代理人を登録しました" in owner.text and "りんご" in owner.text


@pytest.mark.requirement("PRX-1")
async def test_who_signed_out_while_the_card_was_read_has_registered_nobody(house: House) -> None:
    owner, _ = await two(house)
    await filled(owner, "records")
    window = owner.window()
    await owner.press("代理人のカードを読み取る")
    asked = owner.query
    await window.get("/proxies")
    await window.press("ログアウト")
    crossing = await without_session(owner).hand_over(asked, answer(house.world, house.residents[1], asked))
    assert crossing.path == "/sign-in" and "受け付けていません" in crossing.text


@pytest.mark.requirement("PRX-1")
async def test_a_wrong_card(house: House) -> None:
    owner, _ = await two(house)
    await filled(owner, "notices")
    await read_card(house, owner, 0)
    assert owner.status == 422 and "ご自分のカードです" in owner.text
    await read_card(house, owner, 2)
    assert owner.status == 422 and "利用者登録がありません" in owner.text
    # Given up at the reader, and then the right one.
    await owner.get("/proxies/new/complete")
    assert "カードの読み取りをやめました" in owner.text
    await read_card(house, owner, 1)
    assert "代理人を登録しました" in owner.text
    await filled(owner, "notices")
    await read_card(house, owner, 1)
    assert owner.status == 409 and "もう代理人です" in owner.text


@pytest.mark.requirement("PRX-1")
async def test_a_card_agrees_only_to_what_was_shown(house: House) -> None:
    owner, _ = await two(house)
    await filled(owner, "notices")
    await owner.press("代理人のカードを読み取る")
    asked = owner.query
    signed = answer(house.world, house.residents[1], asked)
    # In another window the terms change before the card's answer comes.
    window = owner.window()
    await filled(window, "records")
    await owner.hand_over(asked, signed)
    assert "この内容への同意ではありません" in owner.text
    await owner.get("/proxies")
    assert "代理人はいません" in owner.text
    # Without an agreement there is no card, and without a draft no agreement.
    stranger = await house.signed_in(2, "ぶどう")
    await stranger.get("/proxies/new/card")
    assert stranger.path == "/proxies/new"
    await stranger.post("/proxies/new/complete", signed)
    assert stranger.path == "/proxies"
    guest = house.browser()
    await guest.post("/proxies/new/complete", signed)
    assert guest.path == "/sign-in"
    await owner.post("/proxies/new/complete", {"challenge": "x", "signature": "あ"})
    assert "読み取れませんでした" in owner.text

"""Steps of those who register a proxy or act as one, in a browser."""

from typing import Any

from page_browser import Browser, answer
from page_house import House


async def filled(browser: Browser, *rights: str, **more: Any) -> Browser:
    """As far as the card."""
    await browser.get("/proxies")
    await browser.click("代理人を登録する")
    if "self_information" in rights and "information" not in more:
        boxes = [value for name, value in browser.form("内容を確かめる").boxes if name == "information"]
        more["information"] = boxes
    await browser.press("内容を確かめる", rights=list(rights), **more)
    if browser.path == "/proxies/new/agreement":
        await browser.press("代理人のカードに進む", agreed=["1"])
    return browser


async def read_card(house: House, browser: Browser, resident: int) -> Browser:
    """The proxy's card, over the reader's page and back."""
    await browser.press("代理人のカードを読み取る")
    assert browser.path == "/read", browser
    asked = browser.query
    assert asked["return_to"].endswith("/proxies/new/complete")
    return await browser.hand_over(asked, answer(house.world, house.residents[resident], asked))


async def delegated(house: House, browser: Browser, *rights: str, resident: int = 1, **more: Any) -> str:
    """The address of the delegation's page."""
    await filled(browser, *rights, **more)
    await read_card(house, browser, resident)
    assert "代理人を登録しました" in browser.text, browser
    return browser.path


async def two(house: House) -> tuple[Browser, Browser]:
    proxy = await house.signed_in(1, "りんご")
    return await house.signed_in(0, "みかん"), proxy


async def acting(browser: Browser) -> Browser:
    await browser.get("/proxies")
    # The button also says for whom, to those who can't see where it stands.
    await browser.press("代理人として見る")
    assert "代理人として「みかん」さんの画面を見ています" in browser.text, browser
    return browser

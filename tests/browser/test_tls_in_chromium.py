"""The whole way in over TLS: Chromium keeps the cookies, and comes back from the card reader, which has no TLS."""

import pytest
from browser_world import Window, fresh_resident, running

from portal.web.cookies import BEGUN_COOKIE, HOST_PREFIX, SESSION_COOKIE, TERMINAL_COOKIE


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_signing_in_over_tls(chromium: "playwright.sync_api.Browser", scripts: bool) -> None:  # noqa: F821
    with running(MYNASIM_PORTAL__TLS="true") as world:
        assert world.portal.startswith("https://")
        context = chromium.new_context(ignore_https_errors=True, java_script_enabled=scripts, locale="ja-JP")
        context.set_default_timeout(8_000)
        window = Window(world, context.new_page(), scripts=scripts)
        window.sign_in(fresh_resident(40 + scripts))
        cookies = {cookie["name"]: cookie for cookie in context.cookies(world.portal)}
        assert HOST_PREFIX + SESSION_COOKIE in cookies
        assert all(
            name.startswith(HOST_PREFIX) and cookie["secure"] and cookie["httpOnly"]
            for name, cookie in cookies.items()
        )
        assert cookies[HOST_PREFIX + SESSION_COOKIE]["sameSite"] == "Lax"
        assert HOST_PREFIX + BEGUN_COOKIE not in cookies, "there is nothing left to complete"
        window.press("ログアウト")
        window.sees("ログアウト")
        assert HOST_PREFIX + SESSION_COOKIE not in {each["name"] for each in context.cookies(world.portal)}
        context.close()
        assert not window.complaints, window.complaints


@pytest.mark.requirement("PRX-1")
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_registering_a_proxy_over_tls(chromium: "playwright.sync_api.Browser", scripts: bool) -> None:  # noqa: F821
    with running(MYNASIM_PORTAL__TLS="true") as world:
        owner, proxy = fresh_resident(42 + scripts), fresh_resident(44 + scripts)
        windows = []
        for resident, nickname in ((proxy, "りんご"), (owner, "みかん")):
            context = chromium.new_context(
                ignore_https_errors=True, java_script_enabled=scripts, locale="ja-JP"
            )
            context.set_default_timeout(8_000)
            windows.append(Window(world, context.new_page(), scripts=scripts))
            windows[-1].sign_in(resident, nickname)
        one = windows[-1]
        one.open("/proxies/new")
        one.tick("やりとり履歴")
        one.press("内容を確かめる")
        one.tick("この内容で、代理人にまかせることに同意します")
        one.press("代理人のカードに進む")
        # One's own card by mistake: what is refused is said here too, and can be tried again.
        one.press("代理人のカードを読み取る")
        one.read_card(owner, owner.pin)
        one.back_to_the_portal()
        one.sees("ご自分のカードです")
        one.press("代理人のカードを読み取る")
        one.read_card(proxy, proxy.pin)
        one.back_to_the_portal()
        one.sees("代理人を登録しました", "りんご")
        left = {cookie["name"] for cookie in one.page.context.cookies(world.portal)}
        assert left == {HOST_PREFIX + SESSION_COOKIE, HOST_PREFIX + TERMINAL_COOKIE}, (
            "there is nothing left to complete"
        )
        for window in windows:
            window.page.context.close()
            assert not window.complaints, window.complaints

"""A shop's terminal in Chromium: the screen is empty when its user's time is over, and "back" shows nothing (ACC-7)."""

import pytest
from browser_world import Window, fresh_resident, running

IDLE_SECONDS = 5
"""As short as the settings allow: what the browser waits for here is real time."""


@pytest.mark.requirement("ACC-7")
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_screen_is_empty_when_the_time_is_over(
    chromium: "playwright.sync_api.Browser",  # noqa: F821
    scripts: bool,
) -> None:
    with running(MYNASIM_PORTAL__SESSION_IDLE_SHARED_SECONDS=str(IDLE_SECONDS)) as world:
        context = chromium.new_context(java_script_enabled=scripts, locale="ja-JP")
        context.set_default_timeout(8_000)
        window = Window(world, context.new_page(), scripts=scripts)
        window.sign_in(fresh_resident(48 + scripts), "さくら")
        window.press("ログアウト")
        window.open("/sign-in?terminal=store")
        window.press("マイナンバーカードでログイン")
        window.read_card(fresh_resident(48 + scripts), fresh_resident(48 + scripts).pin)
        window.back_to_the_portal()
        window.heading("トップメニュー")
        window.click("操作履歴")
        window.sees("さくら")
        window.page.wait_for_url(f"{world.portal}/sign-in?over=time", timeout=(IDLE_SECONDS + 8) * 1000)
        window.sees("ログアウトしました", "コンビニの端末として扱います")
        window.sees_not("さくら")
        window.page.go_back()
        window.sees("ログイン")
        window.sees_not("さくら")
        context.close()
        assert not window.complaints, window.complaints

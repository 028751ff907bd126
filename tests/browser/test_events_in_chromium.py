"""Pages that wait are told when there is something to see: server-sent events in a real browser, under the strict policy."""

from collections.abc import Callable, Iterator

import pytest
from browser_world import NARROWEST, Running, Window, fresh_resident
from playwright.sync_api import Page, Request, expect

pytestmark = [pytest.mark.real_client("chromium")]

Open = Callable[..., Window]


@pytest.fixture(autouse=True)
def undone(world: Running) -> Iterator[None]:
    yield
    world.control("network", "normal")


class Heard:
    """What a page asks for by itself."""

    def __init__(self, page: Page) -> None:
        self.streams: list[str] = []
        self.looks = 0
        page.on("request", self._asked)

    def _asked(self, request: Request) -> None:
        if request.resource_type == "eventsource":
            self.streams.append(request.url)
        self.looks += "x-page-refresh" in request.headers


def waiting(one: Window, world: Running, late_seconds: int) -> None:
    world.control("network", "late", late_seconds)
    one.open("/records/request")
    one.press("請求する")
    one.heading("すぐに回答できません")


@pytest.mark.requirement("REC-3")
def test_a_late_answer_appears_when_it_comes(window: Open, world: Running) -> None:
    one = window()
    heard = Heard(one.page)
    one.sign_in(fresh_resident(70))
    waiting(one, world, 8)
    one.page.wait_for_timeout(6_000)
    assert heard.streams == [world.portal + "/events"]
    assert heard.looks == 1, "asked once as the stream began, and not every few seconds"
    expect(one.page.get_by_role("heading", name="回答が届きました")).to_be_visible(timeout=20_000)
    assert heard.looks <= 3
    one.check("records_told", NARROWEST)
    one.click("記録を見る")
    one.heading("やりとり履歴の一覧")


def test_the_reader_stops_it(window: Open, world: Running) -> None:
    one = window()
    heard = Heard(one.page)
    one.sign_in(fresh_resident(71))
    waiting(one, world, 60)
    one.page.get_by_role("button", name="自動の確認を止める").click()
    one.page.wait_for_timeout(300)
    looks = heard.looks
    expect(one.page.get_by_role("button", name="自動の確認を止める")).to_have_count(0)
    world.control("network", "normal")
    one.page.wait_for_timeout(6_000)
    assert heard.looks == looks and len(heard.streams) == 1


def test_signing_out_in_another_window_ends_it_without_a_complaint(window: Open, world: Running) -> None:
    one = window()
    heard = Heard(one.page)
    one.sign_in(fresh_resident(72))
    waiting(one, world, 60)
    one.page.wait_for_timeout(500)
    other = Window(world, one.page.context.new_page(), scripts=True)
    other.open()
    other.press("ログアウト")
    other.sees("ログアウトしました")
    # It comes back once, is told that nobody is signed in, looks once more by itself, and is quiet.
    expect(one.page.get_by_role("button", name="自動の確認を止める")).to_have_count(0, timeout=20_000)
    looks = heard.looks
    one.page.wait_for_timeout(6_000)
    assert heard.looks == looks and len(heard.streams) <= 2
    one.heading("すぐに回答できません")


@pytest.mark.requirement("NOT-1")
def test_a_clerk_sees_how_far_a_send_is(window: Open, world: Running) -> None:
    """The page of a bulk send goes on by itself until all is sent."""
    from test_notices_in_chromium import Clerk, somebody

    one = window()
    heard = Heard(one.page)
    clerk = Clerk(one)
    clerk.enter()
    clerk.write("一括のお知らせ")
    one.tick("まとめて送る")
    one.press("この内容で進む")
    one.sees("宛先ファイルを渡してください")
    rows = "\n".join(["宛名番号", *(str(somebody(20).n + n) for n in range(2_000))])
    one.page.locator("#file").set_input_files(
        {"name": "宛先.csv", "mimeType": "text/csv", "buffer": f"{rows}\n".encode()}
    )
    one.press("ファイルを渡す")
    one.sees("2,000件")
    one.press("確定して送る")
    expect(one.page.locator("#progress")).to_contain_text("送信済み", timeout=30_000)
    assert (
        any(address.startswith(world.systems["intermediate"]) for address in heard.streams) or not heard.looks
    )

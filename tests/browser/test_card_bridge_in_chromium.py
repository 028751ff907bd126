"""Signing in over the card bridge on the person's own machine, with the bridge and the portal as users start them."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browser_world import Resident, Running, Window, command_running, next_line, running
from playwright.sync_api import expect

pytestmark = [pytest.mark.real_client("chromium")]

Open = Callable[..., Window]
BUTTON = "この計算機のカードブリッジで読み取る"


@pytest.fixture(scope="module")
def bridge_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def world(bridge_port: int) -> Iterator[Running]:
    """A portal that offers the bridge; the windows of this file are in front of it."""
    with running(MYNASIM_PORTAL__BRIDGE_URL=f"http://127.0.0.1:{bridge_port}") as found:
        yield found


@pytest.fixture(scope="module")
def holder(world: Running, bridge_port: int) -> Iterator[Resident]:
    """Whose card lies ready at the bridge."""
    resident = world.residents[0]
    command = ["card", "bridge", "--resident", resident.code, "--allow", world.portal]
    with command_running([*command, "--port", str(bridge_port), "--state", str(world.state)]) as process:
        said = [next_line(process)]
        while said[-1] and "Ctrl-C" not in said[-1]:
            said.append(next_line(process))
        assert f"http://127.0.0.1:{bridge_port} " in said[0], said
        yield resident


def ask_for_consent(one: Window) -> Any:
    """Press the button; the bridge's own window."""
    # Headless, Chromium lets any page open windows; with a screen only one that somebody has just pressed something on.
    one.page.evaluate(
        """() => {
            const open = window.open;
            window.open = (...all) => {
                document.body.dataset.pressed = navigator.userActivation.isActive;
                return open(...all);
            };
        }"""
    )
    with one.page.expect_popup() as popup:
        one.press(BUTTON)
    popup.value.get_by_role("heading", name="カードを使うことの確認").wait_for()
    assert one.page.locator("body").get_attribute("data-pressed") == "true"
    return popup.value


def agree(consent: Any, resident: Resident, pin: str) -> None:
    consent.locator("label", has_text=resident.code).click()
    consent.locator("#pin").fill(pin)
    consent.get_by_role("button", name="同意してカードを使う").click()


@pytest.mark.requirement("ACC-1", "ACC-2")
def test_a_resident_signs_in_over_the_bridge(window: Open, world: Running, holder: Resident) -> None:
    one = window()
    asked: list[str] = []
    one.page.on("request", lambda request: asked.append(f"{request.url} {request.post_data}"))
    one.open("/sign-in?next=/settings")
    one.check("sign-in-bridge")

    consent = ask_for_consent(one)
    assert world.portal in consent.locator("main").inner_text()
    one.sees("カードブリッジの画面で、カードと暗証番号を確かめてください")
    agree(consent, holder, holder.wrong_pin)
    consent.get_by_text("あと2回").first.wait_for()
    agree(consent, holder, holder.pin)

    one.page.wait_for_url(f"{world.portal}/first-time")
    one.heading("はじめての登録")
    one.type("ニックネーム", "はなこ")
    one.press("登録する")
    one.sees("はなこ さん")
    assert not [what for what in asked if world.systems["card_desk"] in what], (
        "the card reader had no part in it"
    )
    assert not [what for what in asked if "pin=" in what], "the PIN is the bridge's own matter"

    one.press("ログアウト")
    one.open("/sign-in?next=/settings")
    agree(ask_for_consent(one), holder, holder.pin)
    one.page.wait_for_url(f"{world.portal}/settings")


def test_giving_up_is_answered_with_what_to_do(window: Open, world: Running, holder: Resident) -> None:
    one = window()
    one.open("/sign-in")
    ask_for_consent(one).get_by_role("button", name="やめる").click()

    one.sees("カードを読み取れませんでした。ログインしていません", "もういちど読み取るときは")
    expect(one.page.locator("#card-bridge-refused")).to_be_focused()
    expect(one.page.locator("#card-bridge-waiting")).to_be_hidden()
    one.check("sign-in-bridge-given-up")

    ask_for_consent(one)
    one.sees("カードブリッジの画面で、カードと暗証番号を確かめてください")
    expect(one.page.locator("#card-bridge-refused")).to_be_hidden()


def test_who_signed_in_in_another_window_is_led_on(window: Open, world: Running, holder: Resident) -> None:
    one = window()
    one.open("/sign-in")
    other = Window(world, one.page.context.new_page(), scripts=True)
    other.sign_in(world.residents[1])

    one.press(BUTTON)
    one.page.wait_for_url(f"{world.portal}/")
    one.heading("トップメニュー")


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no_scripts"])
def test_the_card_reader_is_as_it_was(window: Open, world: Running, holder: Resident, scripts: bool) -> None:
    one = window(scripts=scripts)
    one.open("/sign-in")
    assert one.page.get_by_role("button", name=BUTTON).is_visible() == scripts
    one.sign_in(world.residents[2 if scripts else 3])


def test_without_the_bridge_there_is_no_second_button(window: Open, world: Running, bridge_port: int) -> None:
    one = window()
    one.page.route(f"http://127.0.0.1:{bridge_port}/**", lambda route: route.abort("connectionrefused"))
    one.open("/sign-in")

    expect(one.page.get_by_role("button")).to_have_count(1)
    assert [what for what in one.complaints if "ERR_CONNECTION_REFUSED" in what] == one.complaints
    one.complaints.clear()
    one.to_the_reader()
    one.complaints.clear()

"""A whole running world and a real Chromium in front of it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser_world import SIZES, Running, Window, running

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def world() -> Iterator[Running]:
    """``mynasim up`` with nothing set."""
    with running() as found:
        yield found


@pytest.fixture(scope="session")
def chromium() -> Iterator["playwright.sync_api.Browser"]:  # noqa: F821
    if not CHROMIUM.exists():
        pytest.skip(f"chromium: {CHROMIUM} がありません")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: "playwright.sync_api.Browser", world: Running) -> Iterator[Callable[..., Window]]:  # noqa: F821
    """Opens windows; each is a browser of its own, with no cookies."""
    opened: list[Window] = []

    def open_one(*, scripts: bool = True) -> Window:
        context = chromium.new_context(java_script_enabled=scripts, viewport=SIZES["pc"], locale="ja-JP")
        context.set_default_timeout(8_000)
        found = Window(world, context.new_page(), scripts=scripts)
        opened.append(found)
        return found

    yield open_one
    for one in opened:
        one.page.context.close()
    complaints = [complaint for one in opened for complaint in one.complaints]
    assert not complaints, complaints

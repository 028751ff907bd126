"""A running world as a person at a browser meets it."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from playwright.sync_api import ConsoleMessage, Locator, Page, ViewportSize, expect

from portal.links.credentials import authorization_of
from portal.secrets import Secrets
from portal.wire.mailbox import LIST_MAILS, READ_MAIL, ListMails, OneMail
from portal.wire.operation import Operation, WireResponse
from portal.wire.problems import Problem
from portal.wire.systems import Party
from sim.cards_desk.pins import pins_of
from sim.nation.examples import examples
from sim.nation.nation import Nation
from sim.nation.person import Person
from sim.world.settings import WorldSettings

Req = TypeVar("Req")
Res = TypeVar("Res")

HERE = Path(__file__).parent
SCREENSHOTS = HERE.parents[1] / "artefacts" / "screenshots"
SIZES: Mapping[str, ViewportSize] = {
    "phone": {"width": 360, "height": 800},
    "pc": {"width": 1100, "height": 900},
}
NARROWEST: Mapping[str, ViewportSize] = {**SIZES, "narrow": {"width": 320, "height": 800}}
"""WCAG 1.4.10: nothing is lost in a window of 320 CSS pixels."""
STARTING_SECONDS_MAX = 40
STOPPING_SECONDS_MAX = 20
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Resident(NamedTuple):
    """Somebody with a card, as ``mynasim up`` shows them."""

    code: str
    pin: str

    @property
    def wrong_pin(self) -> str:
        return f"{(int(self.pin) + 1) % 10_000:04}"


def fresh_resident(number: int) -> Resident:
    """The card of :func:`fresh_person`."""
    person = fresh_person(number)
    return Resident(person.resident_id, pins_of(WorldSettings().seed, person.n).auth)


@cache
def fresh_person(number: int) -> Person:
    """The *number*-th of those adults with a card whom ``mynasim up`` does not show: nobody else's in these tests."""
    seed = WorldSettings().seed
    nation = Nation(seed)
    shown = {person.n for person in examples(nation)}
    people = map(nation.person, nation.residents_of("141003"))
    unknown = (
        p for p in people if p.holds_card and p.n not in shown and 30 <= p.age(nation.reference_date) < 60
    )
    return next(islice(unknown, number, None))


class Running:
    """What ``mynasim up --json`` says."""

    def __init__(self, told: Mapping[str, Any], state: Path) -> None:
        self.portal: str = told["portal"]
        self.systems: Mapping[str, str] = told["systems"]
        self.residents = [Resident(one["resident"], one["pin"]) for one in told["residents"]]
        self.desk: Mapping[str, str] = told["desk"]
        self.state = state

    def ask(self, operation: Operation[Req, Res], request: Req) -> Res:
        """An operation of a simulator, with an operator's hand."""
        secrets = msgspec.json.decode((self.state / "secrets.json").read_bytes(), type=Secrets)
        wire = operation.encode_request(request)
        called = urllib.request.Request(
            f"{self.systems[operation.system]}{wire.target}",
            data=wire.body or None,
            headers={
                "content-type": "application/json",
                "authorization": authorization_of(secrets.link, Party.OPERATOR),
            },
            method=wire.method,
        )
        with urllib.request.urlopen(called) as answer:
            body = WireResponse(answer.status, answer.headers["content-type"], answer.read())
        found = operation.decode_response(body)
        assert not isinstance(found, Problem), found
        return found

    def control(self, system: str, mode: str, late_seconds: int = 60) -> None:
        """A tester's hand at a simulator."""
        secrets = msgspec.json.decode((self.state / "secrets.json").read_bytes(), type=Secrets)
        request = urllib.request.Request(
            f"{self.systems[system]}/controls",
            data=json.dumps({"mode": mode, "late_seconds": late_seconds}).encode(),
            headers={
                "content-type": "application/json",
                "authorization": authorization_of(secrets.link, Party.OPERATOR),
            },
            method="PUT",
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200


@contextmanager
def running(**settings: str) -> Iterator[Running]:
    """``mynasim up``, as a user starts it, on ports that are free; *settings* as environment variables."""
    state = Path(tempfile.mkdtemp(prefix="mynasim-browser-"))
    try:
        command = ["up", "--json", "--state", str(state)]
        with command_running(command, settings) as process:
            line = next_line(process)
            assert line, f"the world did not come up in {STARTING_SECONDS_MAX} s (exit {process.poll()})"
            yield Running(json.loads(line), state)
    finally:
        shutil.rmtree(state, ignore_errors=True)


@contextmanager
def command_running(
    command: Sequence[str], settings: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """``mynasim`` with this command, until it is told to stop as with Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mynasim", *command],
        stdout=subprocess.PIPE,
        # Unbuffered: a line that was said can be waited for.
        bufsize=0,
        env={**os.environ, **(settings or {})},
    )
    assert process.stdout is not None
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOPPING_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def next_line(process: subprocess.Popen[bytes]) -> str:
    """What the command says next; nothing when it says nothing in time."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], STARTING_SECONDS_MAX)
    return process.stdout.readline().decode() if readable else ""


@cache
def _axe() -> str:
    return (HERE / "axe" / "axe.min.js").read_text()


@cache
def _words() -> Any:
    return json.loads((HERE / "axe" / "ja.json").read_text())


class Window:
    """One window of a browser, used by somebody who presses what is on the page."""

    def __init__(self, world: Running, page: Page, *, scripts: bool) -> None:
        self.world = world
        self.page = page
        self.scripts = scripts
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium also reports pages whose status says that something was refused: those are meant.
        if (
            message.type in ("error", "warning")
            and "the server responded with a status of" not in message.text
        ):
            self.complaints.append(f"{message.type} at {self.page.url}: {message.text}")

    # Doing

    def open(self, address: str = "/") -> None:
        self.page.goto(self.world.portal + address)

    def press(self, label: str) -> None:
        self.page.get_by_role("button", name=label, exact=True).first.click()

    def click(self, words: str) -> None:
        self.page.get_by_role("link", name=words).first.click()

    def type(self, label: str, text: str) -> None:
        self._field(label).fill(text)

    def choose(self, label: str, words: str) -> None:
        self._field(label).select_option(label=words)

    def _field(self, label: str) -> Locator:
        named = self.page.locator("label.label", has_text=label).first.get_attribute("for")
        return self.page.locator(f"[id='{named}']")

    def tick(self, label: str) -> None:
        """The label is what is pressed: it covers its box."""
        self.page.locator("label", has_text=label).first.click()

    def tick_all(self, most: int = 50) -> None:
        for label in self.page.locator(".choices label").all()[:most]:
            label.click()

    # Seeing

    def sees(self, *words: str) -> None:
        for word in words:
            expect(self.page.locator("body")).to_contain_text(word, timeout=8_000)

    def sees_not(self, *words: str) -> None:
        for word in words:
            expect(self.page.locator("body")).not_to_contain_text(word)

    def heading(self, words: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(words)

    def check(self, name: str, sizes: Mapping[str, ViewportSize] = SIZES) -> None:
        """Pictures of this screen, narrow and wide; nothing sticks out, and axe finds nothing wrong with it."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.evaluate(_axe())
        for kind, size in sizes.items():
            self.page.set_viewport_size(size)
            self.page.screenshot(path=str(SCREENSHOTS / f"{name}-{kind}.png"), full_page=True)
            inside, across = self.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert inside <= across, f"{name}: {inside} wide in a window of {across}"
            self._check_with_axe(f"{name} ({kind})")

    def _check_with_axe(self, name: str) -> None:
        found = self.page.evaluate(
            """async ([locale, tags]) => {
                axe.configure({locale});
                const result = await axe.run(document, {runOnly: tags, resultTypes: ["violations"]});
                return result.violations.map(
                    (v) => `${v.id}: ${v.help} ${v.nodes.map((n) => n.html + n.failureSummary).join(" ")}`);
            }""",
            [_words(), AXE_TAGS],
        )
        assert not found, f"{name} at {self.page.url}: {found}"

    # The way in and out

    def to_the_reader(self) -> None:
        self.open("/sign-in")
        self.press("マイナンバーカードでログイン")
        self.heading("カードと暗証番号")

    def read_card(self, resident: Resident, pin: str) -> None:
        if self.page.locator("label", has_text=resident.code).count():
            self.tick(resident.code)
        else:
            self.tick("ほかの住民のカード")
            self.type("住民の番号", resident.code)
        self.type("暗証番号（4けたの数字）", pin)
        self.press("カードを読み取る")

    def back_to_the_portal(self) -> None:
        """With scripts the reader's page goes on by itself."""
        if not self.scripts:
            self.heading("カードを読み取りました")
            self.page.get_by_role("button").first.click()
        self.page.wait_for_url(f"{self.world.portal}/**")

    def sign_in(self, resident: Resident, nickname: str = "はなこ", **settings: str) -> None:
        """The whole way; the first time, the account is opened with these settings."""
        self.to_the_reader()
        self.read_card(resident, resident.pin)
        self.back_to_the_portal()
        if "/first-time" in self.page.url:
            self.type("ニックネーム", nickname)
            if "mail" in settings:
                self.type("メールアドレス 1", settings["mail"])
                self.tick("やりとり履歴の回答が、あとから届いたとき")
                self.tick("あなたの情報の回答が、あとから届いたとき")
            self.press("登録する")
            if "mail" in settings:
                self.heading("トップメニュー")
                self.confirm_mail(settings["mail"])
                self.open()
        self.heading("トップメニュー")

    def confirm_mail(self, address: str) -> None:
        """Type in the code that was sent to this address (ACC-4)."""
        for _ in range(80):
            mails = self.world.ask(LIST_MAILS, ListMails(address)).mails
            if mails:
                break
            self.page.wait_for_timeout(100)
        assert mails, f"no code came to {address}"
        code = re.search(r"\b\d{6}\b", self.world.ask(READ_MAIL, OneMail(mails[0].mail_id)).text)
        assert code is not None
        self.open("/settings")
        self.type("確認番号", code[0])
        self.press("このアドレスを確認する")
        self.sees("メールアドレスを確認しました")

"""The card reader: real APDUs behind two forms; tries that no crash gives back; answers only to the portal."""

import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from sim_wiring import Browser, Page, Wiring, form_of

from cards.keys import sha256_digest_info
from cards.terminal import Locked, Signed, WrongPin, authenticate
from portal.store.store import StorageRefused
from portal.wire.systems import System
from sim.cards_desk import system as cards_desk
from sim.cards_desk.desk import Desk, never_reissued
from sim.cards_desk.pages import READ_PAGE
from sim.cards_desk.pins import pins_of
from sim.cards_desk.wallet import Issue, Wallet
from sim.jpki.authority import Authority
from sim.jpki.key_cache import KeyCache
from sim.nation.nation import Nation, UnknownResident

PORTAL = "http://127.0.0.1:8600"
RETURN_TO = f"{PORTAL}/sign-in/complete"
MESSAGE = b"what the portal wants signed"
DIGEST_INFO = sha256_digest_info(hashlib.sha256(MESSAGE).digest())
ASKED = {
    "challenge": "a challenge",
    "digest_info": base64.urlsafe_b64encode(DIGEST_INFO).decode(),
    "return_to": RETURN_TO,
}


@pytest.fixture(scope="module")
def wallet(nation: Nation, tmp_path_factory: pytest.TempPathFactory) -> Wallet:
    folder: Path = tmp_path_factory.mktemp("keys")
    keys = KeyCache(folder)
    return Wallet(nation, Authority(b"jpki under test", keys), keys, nation.reference_date)


class World:
    def __init__(self, nation: Nation, wallet: Wallet) -> None:
        self.nation, self.wallet = nation, wallet
        self.wiring = Wiring({System.CARD_DESK: cards_desk.SCHEMAS})
        self.person = nation.examples()[0]
        self.pin = pins_of(nation.seed, self.person.n).auth
        self.wrong = f"{(int(self.pin) + 1) % 10_000:04}"
        self.issued_to = never_reissued
        self.desk: Desk

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        surroundings = self.wiring.surroundings(System.CARD_DESK)
        self.desk = Desk(
            surroundings, self.nation, self.wallet, portal_origins=[PORTAL], issued_to=self.issued_to
        )
        built = cards_desk.build(surroundings, self.desk)
        async with self.wiring.running(built):
            yield Browser(built)

    async def read(self, browser: Browser, pin: str, **change: str) -> Page:
        form = {**ASKED, "card": self.person.resident_id, "resident": "", "pin": pin, **change}
        return await browser.post(READ_PAGE, form, sec_fetch_site="same-origin")


@pytest.fixture
def world(nation: Nation, wallet: Wallet) -> World:
    return World(nation, wallet)


def signer_of(page: Page) -> x509.Certificate:
    """Whose signature the page carries back; fails when it is no signature of the message."""
    fields = form_of(page)
    certificate = x509.load_der_x509_certificate(base64.urlsafe_b64decode(fields["certificate"]))
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.urlsafe_b64decode(fields["signature"]), MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    return certificate


@pytest.mark.requirement("ACC-1")
async def test_from_the_portal_and_back(world: World) -> None:
    async with world.browser() as browser:
        shown = await browser.get(READ_PAGE, ASKED)
        assert shown.status == 200
        assert form_of(shown) == ASKED
        for person in world.nation.examples():
            assert person.resident_id in shown.text
            assert pins_of(world.nation.seed, person.n).auth in shown.text

        answered = await world.read(browser, world.pin)

        assert answered.status == 200
        assert f'action="{RETURN_TO}"' in answered.text
        assert form_of(answered)["challenge"] == ASKED["challenge"]
        assert PORTAL in answered.headers["content-security-policy"]
        holder = world.wallet.contents(world.person.n)
        assert signer_of(answered) == x509.load_der_x509_certificate(holder.auth_certificate)


@pytest.mark.requirement("ACC-1")
async def test_any_residents_card(world: World) -> None:
    n = world.nation.number_of("131016-12")
    async with world.browser() as browser:
        pin = pins_of(world.nation.seed, n).auth
        answered = await world.read(browser, pin, card="other", resident=" 131016-12 ")
        holder = x509.load_der_x509_certificate(world.wallet.contents(n).auth_certificate)
        assert signer_of(answered) == holder


@pytest.mark.requirement("ACC-1")
async def test_wrong_pins_count_down_and_lock_over_restarts(world: World) -> None:
    for left in (2, 1):
        async with world.browser() as browser:
            wrong = await world.read(browser, world.wrong)
            assert wrong.status == 403
            assert f"あと<b>{left}回</b>" in wrong.text
            assert world.wrong not in wrong.text
    async with world.browser() as browser:
        assert "鍵がかかっています" in (await world.read(browser, world.wrong)).text
        locked = await world.read(browser, world.pin)
        assert locked.status == 403
        assert "窓口" in locked.text
        assert form_of(locked) == ASKED


@pytest.mark.requirement("ACC-1")
async def test_the_right_pin_gives_the_tries_back(world: World) -> None:
    async with world.browser() as browser:
        await world.read(browser, world.wrong)
        await world.read(browser, world.pin)
        assert "あと<b>2回</b>" in (await world.read(browser, world.wrong)).text


@pytest.mark.requirement("ACC-1")
async def test_a_try_that_could_not_be_kept_is_not_told(world: World) -> None:
    async with world.browser() as browser:
        store = world.wiring.stores[System.CARD_DESK]
        store.refuse = "disk full"
        assert (await world.read(browser, world.wrong)).status == 503
        with pytest.raises(StorageRefused):
            await world.desk.read(world.person.n, world.wrong, DIGEST_INFO)
        store.refuse = None
        assert "あと<b>2回</b>" in (await world.read(browser, world.wrong)).text


@pytest.mark.parametrize("pin", ["", "123", "12345", "abcd", "１２３４"])
async def test_what_is_no_pin_costs_no_try(world: World, pin: str) -> None:
    async with world.browser() as browser:
        for _ in range(4):
            assert (await world.read(browser, pin)).status == 422
        assert (await world.read(browser, world.pin)).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"card": ""},
        {"card": "other", "resident": ""},
        {"card": "other", "resident": "nobody"},
        {"card": "other", "resident": "131016-0"},
        {"card": "other", "resident": "131016-99999999"},
        {"card": "other", "resident": "131016-" + "9" * 30},
        {"card": "other", "resident": "9" * 5000},
        {"card": "<script>"},
    ],
)
async def test_nobodys_card(world: World, change: dict[str, str]) -> None:
    async with world.browser() as browser:
        page = await world.read(browser, world.pin, **change)
        assert page.status == 422
        assert "エラー" in page.text
        assert "<script>" not in page.text


@pytest.mark.parametrize(
    "change",
    [
        {"return_to": ""},
        {"return_to": "http://evil.invalid/sign-in/complete"},
        {"return_to": f"{PORTAL}.evil.invalid/"},
        {"return_to": f"{PORTAL}@evil.invalid/"},
        {"return_to": f"{PORTAL}0/"},
        {"return_to": "https://127.0.0.1:8600/"},
        {"return_to": "javascript:alert(1)"},
        {"return_to": "http://[oops/"},
        {"return_to": RETURN_TO + "x" * 3000},
        {"challenge": ""},
        {"challenge": "x" * 401},
        {"digest_info": ""},
        {"digest_info": "ü"},
        {"digest_info": base64.urlsafe_b64encode(b"x" * 51).decode()},
        {"digest_info": base64.urlsafe_b64encode(DIGEST_INFO + b"x").decode()},
        {"digest_info": base64.urlsafe_b64encode(hashlib.sha256(MESSAGE).digest()).decode()},
    ],
)
async def test_refuses_requests_that_are_not_the_portals(world: World, change: dict[str, str]) -> None:
    async with world.browser() as browser:
        for page in (
            await browser.get(READ_PAGE, {**ASKED, **change}),
            await world.read(browser, world.pin, **change),
        ):
            assert page.status == 400
            assert "evil" not in page.text
            assert "<form" not in page.text


async def test_another_sites_page_can_not_use_up_tries(world: World) -> None:
    form = {**ASKED, "card": world.person.resident_id, "pin": world.wrong}
    async with world.browser() as browser:
        assert (await browser.post(READ_PAGE, form, sec_fetch_site="cross-site")).status == 403
        assert "あと<b>2回</b>" in (await world.read(browser, world.wrong)).text


async def test_a_field_that_comes_twice_is_not_guessed_and_costs_no_try(world: World) -> None:
    form = {**ASKED, "card": world.person.resident_id, "resident": "", "pin": world.pin}
    async with world.browser() as browser:
        for twice in ({"pin": world.wrong}, {"card": "other"}, {"return_to": RETURN_TO}):
            (name,) = twice
            body = f"{urlencode(form)}&{urlencode(twice)}".encode()
            page = await browser.ask("POST", READ_PAGE, "", body, "application/x-www-form-urlencoded")
            assert page.status == 422
            assert f"「{name}」が2回以上" in page.text
        assert "あと<b>2回</b>" in (await world.read(browser, world.wrong)).text


@pytest.mark.requirement("ACC-2")
async def test_a_new_card_has_new_certificates_and_all_tries(world: World) -> None:
    async with world.browser() as browser:
        await world.read(browser, world.wrong)
        old = signer_of(await world.read(browser, world.pin))
        await world.read(browser, world.wrong)
    world.issued_to = lambda _: Issue(1, date(2026, 4, 2))  # type: ignore[assignment]
    async with world.browser() as browser:
        assert "あと<b>2回</b>" in (await world.read(browser, world.wrong)).text
        new = signer_of(await world.read(browser, world.pin))
    assert new.serial_number != old.serial_number


async def test_cards_for_actors_in_process(world: World) -> None:
    async with world.browser():
        card = world.desk.card_for(world.person.n)
        assert world.desk.card_for(world.person.n) is card
        assert isinstance(authenticate(card.transmit, world.pin, DIGEST_INFO), Signed)
        assert authenticate(card.transmit, world.wrong, DIGEST_INFO) == WrongPin(2)
        with pytest.raises(UnknownResident):
            world.desk.card_for(world.nation.size)


async def test_few_open_cards_and_none_forgets(world: World) -> None:
    surroundings = world.wiring.surroundings(System.CARD_DESK)
    desk = Desk(surroundings, world.nation, world.wallet, portal_origins=[], open_max=1)
    n, other = world.person.n, world.nation.examples()[1].n
    for left in (2, 1):
        assert authenticate(desk.card_for(n).transmit, world.wrong, DIGEST_INFO) == WrongPin(left)
        desk.card_for(other)
    assert authenticate(desk.card_for(n).transmit, world.wrong, DIGEST_INFO) == Locked()


async def test_first_page(world: World) -> None:
    async with world.browser() as browser:
        page = await browser.get("/")
        assert page.status == 200
        assert world.person.resident_id in page.text

"""Signing in over the card reader, and staying signed in (ACC-1, ACC-2)."""

import base64

import pytest
from cryptography import x509
from page_browser import answer
from page_house import ORIGIN, READER, House

from portal.store.store import Query
from portal.web.cookies import safe_way_back
from portal.wire.controls import Mode
from portal.wire.jpki import REVOKE, RevocationReason, Revoke
from portal.wire.limits import CHALLENGE_SECONDS, SESSION_IDLE_SECONDS
from portal.wire.operation import Done
from portal.wire.systems import Party, System

TERMINALS = Query("SELECT terminal FROM sessions", str)


@pytest.mark.requirement("ACC-1", "ACC-2")
async def test_the_first_sign_in_leads_to_the_registration_and_the_next_one_does_not(house: House) -> None:
    browser = house.browser()
    await browser.get("/")
    assert browser.path == "/sign-in"

    asked = await browser.to_the_reader()
    assert browser.address.startswith(READER + "/read?")
    assert asked["return_to"] == ORIGIN + "/sign-in/complete"
    digest_info = base64.urlsafe_b64decode(asked["digest_info"])
    assert digest_info.startswith(bytes.fromhex("3031300d0609608648016503040201")) and len(digest_info) == 51

    await browser.hand_over(asked, answer(house.world, house.residents[0], asked))
    assert browser.path == "/first-time"
    await browser.press("登録する", nickname="はなこ")
    assert browser.path == "/" and "アカウントと利用者フォルダーを作りました" in browser.text

    other = house.browser()
    await other.sign_in(house.world, house.residents[0])
    assert other.path == "/" and "はなこ さん" in other.text
    assert "アカウントと利用者フォルダーを作りました" not in other.text


@pytest.mark.requirement("ACC-1")
async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House) -> None:
    browser = house.browser()
    asked = await browser.to_the_reader()
    begun, _ = browser.set_cookies
    assert begun.startswith("mynasim_sign_in=") and "HttpOnly" in begun and "SameSite=Lax" in begun
    assert f"Max-Age={CHALLENGE_SECONDS}" in begun and "Path=/sign-in" in begun
    assert asked["challenge"] not in begun

    await browser.post(asked["return_to"], answer(house.world, house.residents[0], asked), follow=False)
    session, forgotten = browser.set_cookies
    assert session.startswith("mynasim_session=")
    assert session.partition("; ")[2] == "HttpOnly; Path=/; SameSite=Lax"
    assert forgotten.startswith("mynasim_sign_in=") and "Max-Age=0" in forgotten
    assert "Expires" not in session + forgotten


async def test_where_no_bridge_is_offered_nobody_is_sent_to_one(house: House) -> None:
    browser = house.browser()
    await browser.get("/sign-in")
    assert "カードブリッジ" not in browser.text and b"extension.js" not in browser.body
    assert "script-src 'self';" in (browser.header("content-security-policy") or "")
    await browser.post("/sign-in", {"reader": "bridge"})
    assert browser.address.startswith(READER + "/read?")


async def test_another_browsers_answer_signs_nobody_in(house: House) -> None:
    """Login CSRF: an attacker's own answer, posted from the victim's browser."""
    attacker, victim = house.browser(), house.browser()
    asked = await attacker.to_the_reader()
    fields = answer(house.world, house.residents[0], asked)
    await victim.post("/sign-in/complete", fields)

    assert victim.status == 403 and "このブラウザーではじめたログインではない" in victim.text
    assert not victim.jar
    await attacker.hand_over(asked, fields)
    assert attacker.path == "/first-time"


async def test_two_windows_may_be_on_their_way_to_the_reader(house: House) -> None:
    one = house.browser()
    two = one.window()
    first = await one.to_the_reader()
    await two.to_the_reader()
    await one.hand_over(first, answer(house.world, house.residents[0], first))

    assert one.path == "/first-time"


async def test_a_reload_of_what_the_reader_posted_does_no_harm(house: House) -> None:
    browser = house.browser()
    asked = await browser.to_the_reader()
    fields = answer(house.world, house.residents[0], asked)
    await browser.hand_over(asked, fields)
    await browser.hand_over(asked, fields)

    assert browser.path == "/first-time" and browser.status == 200


async def test_given_up_at_the_reader(house: House) -> None:
    browser = house.browser()
    asked = await browser.to_the_reader()
    await browser.get(asked["return_to"] + "?error=cancelled")

    assert browser.status == 200 and "カードの読み取りをやめました" in browser.text
    await browser.press("マイナンバーカードでログイン")
    assert browser.path == "/read"


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize(
    ("broken", "status", "words"),
    [
        ({"signature": "AAAA"}, 403, "カードの署名を確認できません"),
        ({"signature": "あ"}, 400, "カードリーダーから届いた内容を読み取れませんでした"),
        ({"signature": "A" * 4000}, 400, "カードリーダーから届いた内容を読み取れませんでした"),
        ({"certificate": "AAAA"}, 403, "この電子証明書ではログインできません"),
        ({"challenge": "AAAA"}, 403, "このブラウザーではじめたログインではない"),
    ],
)
async def test_a_bad_answer_is_refused_in_words(
    house: House, broken: dict[str, str], status: int, words: str
) -> None:
    browser = house.browser()
    asked = await browser.to_the_reader()
    await browser.hand_over(asked, answer(house.world, house.residents[0], asked) | broken)

    assert (browser.status, words in browser.text) == (status, True), browser
    assert browser.page.title.startswith("ログインできませんでした")
    assert "mynasim_session" not in str(browser.jar)
    await browser.press("マイナンバーカードでログイン")
    assert browser.path == "/read"


async def test_an_answer_that_took_too_long(house: House) -> None:
    browser = house.browser()
    asked = await browser.to_the_reader()
    await house.world.pass_time(CHALLENGE_SECONDS + 1)
    await browser.hand_over(asked, answer(house.world, house.residents[0], asked))

    assert browser.status == 403 and "時間が過ぎました" in browser.text


@pytest.mark.requirement("ACC-1")
async def test_jpki_silent_and_back(house: House) -> None:
    """Nothing was used up: the same page, loaded again when JPKI is back, signs in."""
    browser = house.browser()
    await house.control(System.JPKI, Mode.STOPPED)
    # Longer than a revocation list is good for.
    await house.world.pass_time(3 * 86_400)
    asked = await browser.to_the_reader()
    fields = answer(house.world, house.residents[0], asked)
    await browser.hand_over(asked, fields)
    assert browser.status == 503 and "しばらく" in browser.text

    await house.control(System.JPKI, Mode.NORMAL)
    await browser.hand_over(asked, fields)
    assert browser.path == "/first-time"


@pytest.mark.requirement("ACC-1")
async def test_a_revoked_certificate(house: House) -> None:
    certificate = house.world.facts.wallet.contents(house.residents[0]).auth_certificate
    serial = x509.load_der_x509_certificate(certificate).serial_number
    link = house.world.link(Party.OPERATOR, System.JPKI)
    assert await link.call(REVOKE, Revoke(str(serial), RevocationReason.KEY_COMPROMISE)) == Done()
    # JPKI signs its answers ahead; by then a new one was due.
    await house.world.pass_time(3600)
    browser = house.browser()
    await browser.sign_in(house.world, house.residents[0])

    assert browser.status == 403 and "電子証明書は失効しています" in browser.text
    assert "市区町村の窓口" in browser.text and "mynasim_session" not in str(browser.jar)


@pytest.mark.requirement("ACC-7")
@pytest.mark.parametrize(
    ("agent", "terminal"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140", "pc"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel) Chrome/140 Mobile Safari/537.36", "phone"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148", "phone"),
        ("Mozilla/5.0 (Linux; Android 15; Tab) Chrome/140 Safari/537.36", "tablet"),
        ("", "pc"),
    ],
)
async def test_the_kind_of_terminal_is_guessed(house: House, agent: str, terminal: str) -> None:
    browser = house.browser()
    await browser.get("/sign-in", user_agent=agent)
    await browser.press("マイナンバーカードでログイン")
    asked = browser.query
    await browser.hand_over(asked, answer(house.world, house.residents[0], asked))

    assert await house.store.read(TERMINALS) == [terminal]


async def test_an_unknown_kind_of_terminal_is_a_pc(house: House) -> None:
    browser = house.browser()
    await browser.get("/sign-in")
    await browser.press("マイナンバーカードでログイン", terminal="toaster")
    asked = browser.query
    await browser.hand_over(asked, answer(house.world, house.residents[0], asked))

    assert await house.store.read(TERMINALS) == ["pc"]


async def test_signed_out_by_time_one_comes_back_to_the_page_asked_for(house: House) -> None:
    browser = await house.signed_in()
    await house.world.pass_time(SESSION_IDLE_SECONDS + 1)
    await browser.get("/records/request?months=12")
    assert browser.path == "/sign-in" and "長い時間がたったため" in browser.text
    assert "mynasim_session" not in str(browser.jar)

    await browser.sign_in(house.world, house.residents[0])
    assert browser.address == ORIGIN + "/records/request?months=12"


async def test_a_form_that_came_too_late_is_not_sent_again(house: House) -> None:
    browser = await house.signed_in()
    await browser.get("/settings")
    await house.world.pass_time(SESSION_IDLE_SECONDS + 1)
    await browser.press("保存する", nickname="たろう")
    assert browser.path == "/sign-in" and "送られた内容は受け付けていません" in browser.text

    await browser.sign_in(house.world, house.residents[0])
    assert browser.path == "/settings" and "はなこ さん" in browser.text


@pytest.mark.parametrize(
    "way",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/%5C/../..//x y",
        "/\n/evil.example",
        "javascript:alert(1)",
        "settings",
        "",
        "/" + "a" * 500,
    ],
)
async def test_the_way_back_leads_nowhere_else(house: House, way: str) -> None:
    assert safe_way_back(way) == ""
    browser = house.browser()
    await browser.get("/sign-in")
    await browser.press("マイナンバーカードでログイン", next=way)
    asked = browser.query
    await browser.hand_over(asked, answer(house.world, house.residents[0], asked))
    await browser.press("登録する", nickname="はなこ")

    assert browser.path == "/"


async def test_a_page_that_asks_again_by_itself_is_no_sign_of_presence(house: House) -> None:
    browser = await house.signed_in()
    for _ in range(8):
        await house.world.pass_time(SESSION_IDLE_SECONDS / 6)
        await browser.get("/records", x_page_refresh="1")
        if browser.status != 200:
            break
    assert (browser.status, browser.path) == (401, "/records")

    busy = await house.signed_in()
    for _ in range(8):
        await house.world.pass_time(SESSION_IDLE_SECONDS / 6)
        await busy.get("/records")
    assert (busy.status, busy.path) == (200, "/records")


async def test_the_portal_under_another_name_leads_to_its_own(house: House) -> None:
    browser = house.browser()
    browser.origin = "http://localhost:8600"
    await browser.get("http://localhost:8600/sign-in", follow=False)

    assert browser.status == 303 and browser.header("location") == ORIGIN + "/sign-in"


async def test_garbage_for_cookies_is_nobody(house: House) -> None:
    browser = house.browser()
    for name, path in (("mynasim_session", "/"), ("mynasim_sign_in", "/sign-in")):
        for value in ("x" * 3000, "e30=", "W10=", "%00", '"'):
            browser.jar = {(path, name): value}
            await browser.get(ORIGIN + "/sign-in")
            assert browser.status == 200
            await browser.press("マイナンバーカードでログイン")
            assert browser.path == "/read"

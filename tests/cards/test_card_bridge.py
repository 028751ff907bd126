"""The browser bridge over real sockets: who may ask, who may agree, and what a hostile page can't do."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from bridge_house import House, Said, house
from sample_cards import make_card

from cards.bridge.consents import OPEN_FOR_AN_ORIGIN_MAX
from cards.keys import sha256_digest_info
from cards.pins import PinName

DIGEST = base64.b64encode(sha256_digest_info(hashlib.sha256(b"challenge").digest())).decode()
SIGN_IN = {"mode": "01", "service_id": "01", "digest": DIGEST}
NAME = "131016-12　黒桐　幹也"
EVIL = "http://evil.example"


@pytest.fixture
async def home() -> AsyncIterator[House]:
    async with house({NAME: make_card()}) as opened:
        yield opened


async def _agree(home: House, page: str, *, also: str = "", **fields: str) -> Said:
    """As the consent's own page does it; *also* stands behind its fields, encoded."""
    seal = re.search(rb'name="seal" value="([^"]+)"', (await home.ask("GET", page)).body)
    assert seal is not None
    typed = {"seal": seal[1].decode(), "card": NAME, "pin": "1234", "answer": "agree"} | fields
    return await home.ask(
        "POST",
        page,
        urlencode(typed) + also,
        sec_fetch_site="same-origin",
        content_type="application/x-www-form-urlencoded",
    )


async def test_asked_agreed_answered_once(home: House) -> None:
    begun = await home.begin(SIGN_IN)
    assert begun.status == 201
    assert begun.headers["access-control-allow-origin"] == home.site
    assert (await _agree(home, begun.json["consent"])).status == 200

    answer = await home.ask("GET", begun.json["at"], origin=home.site)
    assert answer.status == 200
    assert answer.json["result"] == "0"
    assert "pin" not in answer.json
    assert b"1234" not in answer.body.replace(answer.json["signature"].encode(), b"").replace(
        answer.json["certificate"].encode(), b""
    )

    assert (await home.ask("GET", begun.json["at"], origin=home.site)).status == 404, "once"
    assert (await home.ask("GET", begun.json["consent"])).status == 410
    again = await home.ask("POST", begun.json["consent"], sec_fetch_site="same-origin")
    assert again.status == 410


async def test_the_page_says_who_wants_what(home: House) -> None:
    begun = await home.begin({"mode": "02", "service_id": "01", "digest": [DIGEST, DIGEST]})
    said = await home.ask("GET", begun.json["consent"])
    text = said.body.decode()
    for what in (home.site, "署名用電子証明書での電子署名（2件）", NAME, "署名用のパスワード"):
        assert what in text
    assert said.headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in said.headers["content-security-policy"]
    assert "access-control-allow-origin" not in said.headers


async def test_giving_up_is_the_real_clients_error(home: House) -> None:
    begun = await home.begin(SIGN_IN)
    assert (
        "カードは使っていません" in (await _agree(home, begun.json["consent"], answer="cancel")).body.decode()
    )
    answer = await home.ask("GET", begun.json["at"], origin=home.site)
    assert answer.json == SIGN_IN | {"result": "1", "errcode": "EW044-C300"}


async def test_wrong_pins_count_and_lock(home: House) -> None:
    begun = await home.begin(SIGN_IN)
    page = begun.json["consent"]
    assert "4けたの数字で" in (await _agree(home, page, pin="12３4")).body.decode(), "costs no try"
    for left in (2, 1):
        said = await _agree(home, page, pin="0000")
        assert said.status == 403
        assert f"あと{left}回" in said.body.decode()
    assert "鍵がかかっています" in (await _agree(home, page, pin="0000")).body.decode()
    assert home.hand.held[NAME].state.tries_left[PinName.AUTH] == 0
    answer = await home.ask("GET", begun.json["at"], origin=home.site)
    assert answer.json["errcode"] == "EW044-C300"


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "", "http://127.0.0.1:1", "HTTP://127.0.0.1:80@evil.example"]
)
async def test_other_sites_neither_ask_nor_read(home: House, origin: str) -> None:
    begun = await home.begin(SIGN_IN)
    for said in (
        await home.ask("POST", "/requests", "{}", origin=origin, content_type="application/json"),
        await home.ask("OPTIONS", "/requests", origin=origin),
        await home.ask("GET", begun.json["at"], origin=origin),
    ):
        assert said.status == 403
        assert "access-control-allow-origin" not in said.headers


async def test_another_name_for_loopback_is_refused(home: House) -> None:
    """DNS rebinding: the browser believes that it talks to the attacker's site."""
    for host in (f"evil.example:{home.port}", "127.0.0.1", f"127.0.0.1.evil.example:{home.port}", ""):
        for method, path in (("GET", "/extension.js"), ("GET", "/consent/x"), ("POST", "/requests")):
            assert (await home.ask(method, path, host=host, origin=home.site)).status == 421, (host, path)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
async def test_nobody_else_agrees(home: House, site: str) -> None:
    begun = await home.begin(SIGN_IN)
    said = await home.ask(
        "POST",
        begun.json["consent"],
        urlencode({"card": NAME, "pin": "1234", "answer": "agree", "seal": "guessed"}),
        sec_fetch_site=site,
        origin=home.site,
        content_type="application/x-www-form-urlencoded",
    )
    assert said.status == 403
    assert home.bridge.consents.find(begun.json["at"].split("/")[2], home.bridge.now_ms) is not None
    assert home.hand.held[NAME].state.revision == 0


async def test_without_the_seal_even_its_own_page_does_not_agree(home: House) -> None:
    begun = await home.begin(SIGN_IN)
    assert (await _agree(home, begun.json["consent"], seal="guessed")).status == 403


async def test_a_field_that_comes_twice_is_not_guessed(home: House) -> None:
    begun = await home.begin(SIGN_IN)
    for name, value in (("pin", "9999"), ("answer", "cancel"), ("card", NAME)):
        said = await _agree(home, begun.json["consent"], also=f"&{urlencode({name: value})}")
        assert said.status == 422
        assert f"「{name}」が2回以上" in said.body.decode()
    assert home.hand.held[NAME].state.revision == 0, "no card was used"
    assert (await _agree(home, begun.json["consent"])).status == 200, "and it can still be decided"


async def test_forms_of_other_kinds_and_nonsense_are_refused(home: House) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        said = await home.ask("POST", "/requests", "{}", origin=home.site, content_type=kind)
        assert said.status == 415
    assert (await home.begin({"mode": "09"})).status == 400
    too_long = await home.ask(
        "POST", "/requests", " " * 20_000, origin=home.site, content_type="application/json"
    )
    assert too_long.status in (400, 413)


async def test_too_many_at_once(home: House) -> None:
    for _ in range(OPEN_FOR_AN_ORIGIN_MAX):
        assert (await home.begin(SIGN_IN)).status == 201
    assert (await home.begin(SIGN_IN)).status == 429
    assert (await home.begin({"mode": "05"})).json == {"answer": {"mode": "05", "result": "0"}}


async def test_a_card_that_is_gone(home: House) -> None:
    begun = await home.begin(SIGN_IN)
    home.hand.held.clear()
    assert (await _agree(home, begun.json["consent"])).status == 422


def test_only_origins_are_on_the_list() -> None:
    from bridge_house import Hand

    from portal.seams.chance import LiveChance
    from portal.seams.clock import LiveClock
    from sim.cards_desk.bridge import Bridge

    for wrong in ("127.0.0.1:8600", "http://127.0.0.1:8600/page", "file:///", "*"):
        with pytest.raises(ValueError, match="not an origin"):
            Bridge(Hand({}), LiveChance(), LiveClock(), origins=[wrong], port=1, uuid="")

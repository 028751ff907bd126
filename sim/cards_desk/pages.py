"""The card reader's pages: choose a card, type the PIN, go back to the portal with the card's answer.

A browser without JavaScript gets by with two forms: the reader's own, and one that carries the answer to the
portal. All that the reader needs to know stands in the form, so that it keeps no session.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from cards.pins import TRIES_MAX, PinName
from cards.terminal import CardError, Locked, Signed, WrongPin
from portal.serving.dispatcher import Dispatcher
from portal.serving.front import AsgiApp
from portal.wire.limits import AUTH_PIN_DIGITS
from portal.wire.systems import System
from sim.cards_desk.desk import Desk, is_digest_info
from sim.entrance.entrance import operations_of
from sim.entrance.look import HOME, LazyPages, Look
from sim.nation.municipalities import municipality
from sim.nation.nation import UnknownResident

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

READ_PAGE = "/read"
ASKED_BY = "マイナポータル（模擬）"
CHALLENGE_CHARACTERS_MAX = 400
RETURN_CHARACTERS_MAX = 2_000
RESIDENT_CHARACTERS_MAX = 40
OTHER = "other"
_TRIES_MAX = TRIES_MAX[PinName.AUTH]


class Asked(NamedTuple):
    """What the site that sent the browser here wants."""

    challenge: str
    digest_info: bytes
    return_to: str
    origin: str

    @property
    def fields(self) -> dict[str, str]:
        """As it came, to stand in the form."""
        encoded = base64.urlsafe_b64encode(self.digest_info).decode()
        return {"challenge": self.challenge, "digest_info": encoded, "return_to": self.return_to}


def read_asked(desk: Desk, given: Mapping[str, str]) -> Asked | str:
    """The request of a site, or what is wrong with it."""
    return_to = given.get("return_to", "")
    origin = desk.origin_of(return_to) if len(return_to) <= RETURN_CHARACTERS_MAX else None
    if origin is None:
        return "戻り先が、このカードリーダーに登録されたマイナポータル（模擬）ではありません。"
    challenge = given.get("challenge", "")
    if not 0 < len(challenge) <= CHALLENGE_CHARACTERS_MAX:
        return "ログインの手続きの番号がありません。"
    text = given.get("digest_info", "")
    try:
        digest_info = base64.b64decode(
            text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True
        )
    except (ValueError, binascii.Error):
        digest_info = b""
    if not is_digest_info(digest_info):
        return "カードで署名する値が、本人確認のためのもの（SHA-256のDigestInfo）ではありません。"
    return Asked(challenge, digest_info, return_to, origin)


def pages(dispatcher: Dispatcher, desk: Desk) -> LazyPages:
    """Pages of this desk."""

    def make() -> AsgiApp:
        look = Look(System.CARD_DESK)
        _Reader(look, dispatcher, desk)
        return look.asgi

    return LazyPages(make)


class _Reader:
    def __init__(self, look: Look, dispatcher: Dispatcher, desk: Desk) -> None:
        self._look = look
        self._dispatcher = dispatcher
        self._desk = desk
        self._cards = _example_cards(desk)
        look.app.add_url_rule(HOME, "home", self.home, methods=["GET"])
        look.app.add_url_rule(READ_PAGE, "ask", self.ask, methods=["GET"])
        look.app.add_url_rule(READ_PAGE, "read", self.read, methods=["POST"])

    async def home(self) -> "TrioResponse":
        context = {**operations_of(self._dispatcher), "cards": self._cards}
        return self._look.show("cards_desk/desk.html", context, here=HOME)

    async def ask(self) -> "TrioResponse":
        from quart import request

        asked = read_asked(self._desk, request.args)
        if isinstance(asked, str):
            return self._refused(asked)
        return self._show(asked, {}, {}, 200)

    async def read(self) -> "TrioResponse":
        from quart import request

        refused = await self._look.refused_form(
            from_elsewhere=(
                "ほかのサイトからは読み取れません",
                "マイナポータル（模擬）のログインから始めてください。",
            )
        )
        if refused is not None:
            return refused
        form = await request.form
        asked = read_asked(self._desk, form)
        if isinstance(asked, str):
            return self._refused(asked)
        typed = {name: form.get(name, "").strip() for name in ("card", "resident", "pin")}
        n, errors = self._check(typed)
        if n is None or errors:
            return self._show(asked, typed, errors, 422)
        outcome = await self._desk.read(n, typed["pin"], asked.digest_info)
        match outcome:
            case Signed(signature, certificate):
                return self._answered(asked, signature, certificate)
            case WrongPin(tries_left):
                errors = {"pin": f"暗証番号が違います。あと{tries_left}回間違えると、使えなくなります。"}
                return self._show(asked, typed, errors, 403, tries_left=tries_left)
            case Locked():
                errors = {"pin": "暗証番号に鍵がかかっています。"}
                return self._show(asked, typed, errors, 403, locked=True)
            case CardError():
                return self._look.say(
                    500, "カードを読み取れませんでした", (f"カードの答え：{outcome.meaning}",)
                )

    def _check(self, typed: Mapping[str, str]) -> tuple[int | None, dict[str, str]]:
        """Whose card it is, and what is wrong with the form; a PIN of another form is not tried on the card."""
        errors: dict[str, str] = {}
        n: int | None = None
        where, resident = (
            ("resident", typed["resident"]) if typed["card"] == OTHER else ("card", typed["card"])
        )
        if not resident:
            errors[where] = (
                "住民の番号を入れてください。" if where == "resident" else "カードを選んでください。"
            )
        elif len(resident) > RESIDENT_CHARACTERS_MAX:
            errors[where] = "住民の番号が長すぎます。"
        else:
            try:
                n = self._desk.nation.number_of(resident)
            except (UnknownResident, ValueError) as unknown:
                errors[where] = str(unknown)
        pin = typed["pin"]
        if not (len(pin) == AUTH_PIN_DIGITS and pin.isascii() and pin.isdigit()):
            errors["pin"] = f"暗証番号は{AUTH_PIN_DIGITS}けたの数字で入れてください。"
        return n, errors

    def _show(
        self,
        asked: Asked,
        typed: Mapping[str, str],
        errors: Mapping[str, str],
        status: int,
        *,
        tries_left: int | None = None,
        locked: bool = False,
    ) -> "TrioResponse":
        context = {
            "action": READ_PAGE,
            "fields": asked.fields,
            "asked_by": ASKED_BY,
            "cards": self._cards,
            "values": {"card": typed.get("card", ""), "resident": typed.get("resident", "")},
            "errors": errors,
            "tries_left": tries_left,
            "tries_max": _TRIES_MAX,
            "locked": locked,
            "cancel_url": asked.return_to,
        }
        return self._look.show("cards_desk/reader.html", context, status=status)

    def _answered(self, asked: Asked, signature: bytes, certificate: bytes) -> "TrioResponse":
        fields = {
            "challenge": asked.challenge,
            "signature": base64.urlsafe_b64encode(signature).decode(),
            "certificate": base64.urlsafe_b64encode(certificate).decode(),
        }
        context = {"action": asked.return_to, "fields": fields, "asked_by": ASKED_BY}
        return self._look.show("cards_desk/read.html", context, form_origins=(asked.origin,))

    def _refused(self, what: str) -> "TrioResponse":
        return self._look.say(
            400,
            "この読み取りの依頼は受け付けられません",
            (what, "マイナポータル（模擬）のログインから始めてください。"),
        )


def _example_cards(desk: Desk) -> list[dict[str, str]]:
    """The cards that lie on the desk, with their PINs: of the nation's examples."""
    nation = desk.nation
    return [
        {
            "value": person.resident_id,
            "label": f"{person.name}（{person.age(nation.reference_date)}歳、{municipality(person.municipality_code).full_name}）",
            "note": f"住民の番号 {person.resident_id}　暗証番号 {desk.wallet.pins(person.n).auth}",
        }
        for person in nation.examples()
    ]

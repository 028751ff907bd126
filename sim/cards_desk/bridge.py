"""ブラウザーの橋: a page asks for the card as it would ask the real client, and the person agrees on a page of ours.

| request | by whom | what |
|---|---|---|
| GET /extension.js | an allowed site's page | the script that stands where the extension would |
| POST /requests | the same, by fetch | begins a consent: its page, and where its answer will be |
| GET /requests/ID/answer | the same | the answer, once; 202 while there is none |
| GET, POST /consent/ID | the person | what is wanted, by whom; agree with a PIN, or give up |

What holds: requests come over loopback and name it as their host (against DNS rebinding); only sites on the list may
ask or read, and each reads only its own; a consent is agreed to only from its own page, which can't be framed and holds
a seal that no other page can read; the PIN goes from that page to the card and nowhere else; everything is bounded.
"""

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

import trio

from cards.bridge.carrying_out import PIN_OF, carry_out
from cards.bridge.consents import Consent, Consents, ConsentState, TooMany
from cards.bridge.messages import MESSAGE_CHARACTERS_MAX, Message, Mode, Unreadable, closed, read_request
from cards.card import Card
from cards.pins import PinName
from cards.terminal import CardError, Locked, WrongPin
from portal.seams.chance import Chance, token
from portal.seams.clock import Clock
from portal.serving.front import AsgiApp
from portal.serving.shield import Shield
from portal.wire.systems import System
from sim.cards_desk.bridge_scripts import CONSENT, EXTENSION
from sim.entrance.look import Look

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

ANSWER_WAIT_SECONDS: Final = 15.0
"""How long a page's question for its answer is held open."""
LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_SEAL_CHARACTERS_MAX: Final = 100


class Holder(Protocol):
    """Whoever has the cards that lie ready."""

    def cards(self) -> Mapping[str, Card]:
        """By a name for people, which is also what their form sends."""


class _Wish(NamedTuple):
    what: str
    note: str
    pin_label: str
    pin_characters_max: int


_WISHES: Final = {
    Mode.AUTHENTICATE: _Wish(
        "利用者証明用電子証明書での本人確認（ログインなど）",
        "同意すると、このサイトに本人として入れます。",
        "利用者証明用の暗証番号（4けたの数字）",
        4,
    ),
    Mode.SIGN: _Wish(
        "署名用電子証明書での電子署名",
        "同意すると、書類に署名したことになり、証明書にある氏名・住所・生年月日・性別がこのサイトに伝わります。",
        "署名用のパスワード（英数字6～16文字）",
        16,
    ),
    Mode.TEXT: _Wish(
        "氏名・住所・生年月日・性別の読み取り（券面事項入力補助）",
        "同意すると、この4つがこのサイトに伝わります。",
        "券面事項入力補助用の暗証番号（4けたの数字）",
        4,
    ),
}


class Bridge:
    """One bridge: its open consents, the cards, and who may ask.

    *origins* are the sites on the list, each like ``http://127.0.0.1:8600``; *port* is its own; *uuid* names this installation.
    """

    def __init__(
        self, holder: Holder, chance: Chance, clock: Clock, *, origins: Collection[str], port: int, uuid: str
    ) -> None:
        self.origins = frozenset(origin.rstrip("/") for origin in origins)
        for origin in self.origins:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin:
                raise ValueError(f"not an origin: {origin}")
        self.hosts = frozenset(f"{host}:{port}" for host in LOOPBACK)
        self._holder = holder
        self._clock = clock
        self._uuid = uuid
        self._answered = trio.Event()
        self.consents = Consents(lambda: token(chance), self._wake)

    def __repr__(self) -> str:
        return f"Bridge({sorted(self.origins)}, {self.consents!r})"

    def _wake(self) -> None:
        self._answered.set()
        self._answered = trio.Event()

    @property
    def now_ms(self) -> int:
        return self._clock.now_ms()

    def card_names(self) -> list[str]:
        return list(self._holder.cards())

    async def answer(self, identifier: str, origin: str) -> Message | Consent | None:
        """The answer when it is there within the time; see :meth:`Consents.take`."""
        taken = self.consents.take(identifier, origin, self.now_ms)
        with trio.move_on_after(ANSWER_WAIT_SECONDS):
            while isinstance(taken, Consent):
                await self._answered.wait()
                taken = self.consents.take(identifier, origin, self.now_ms)
        return taken

    def agree(self, consent: Consent, name: str, pin: str) -> str | WrongPin | None:
        """Let the card do it. None when the consent has its answer; else what the person must be told."""
        card = self._holder.cards().get(name)
        if card is None:
            return "このカードはもうありません。"
        if consent.state is not ConsentState.ASKED:
            return None
        card.power_on()
        outcome = carry_out(consent.asked, card.transmit, pin, self._uuid)
        card.power_off()
        match outcome:
            case WrongPin():
                return outcome
            case Locked():
                self.consents.cancel(consent, self.now_ms)
                return "暗証番号に鍵がかかっています。市区町村の窓口で解除します（mynasim card unblock）。"
            case CardError():
                return f"カードが断りました：{outcome.meaning}"
            case answer:
                self.consents.settle(consent, answer, self.now_ms)
                return None


def build(bridge: Bridge) -> AsgiApp:
    """What answers at the bridge's port."""
    look = Look(System.CARD_DESK)
    _Pages(look, bridge)
    return Shield(look.asgi)


class _Pages:
    def __init__(self, look: Look, bridge: Bridge) -> None:
        self._look = look
        self._bridge = bridge
        app = look.app
        app.before_request(self.check_host)
        for path, handler, methods in (
            ("/extension.js", self.extension, ["GET"]),
            ("/consent.js", self.consent_script, ["GET"]),
            ("/requests", self.allow, ["OPTIONS"]),
            ("/requests", self.begin, ["POST"]),
            ("/requests/<identifier>/answer", self.tell, ["GET"]),
            ("/consent/<identifier>", self.ask, ["GET"]),
            ("/consent/<identifier>", self.decide, ["POST"]),
        ):
            app.add_url_rule(path, handler.__name__, handler, methods=methods)

    async def check_host(self) -> "TrioResponse | None":
        from quart import request

        if request.headers.get("host", "") in self._bridge.hosts:
            return None
        return self._plain(421, "loopback only")

    # What pages of allowed sites do

    def _origin(self) -> str | None:
        """The site that asks, if it is on the list; browsers say it of themselves."""
        from quart import request

        origin = request.headers.get("origin", "")
        return origin if origin in self._bridge.origins else None

    async def extension(self) -> "TrioResponse":
        return self._script(EXTENSION, "cross-origin")

    async def consent_script(self) -> "TrioResponse":
        return self._script(CONSENT, "same-origin")

    async def allow(self) -> "TrioResponse":
        """The browser's question before the page's (CORS preflight)."""
        origin = self._origin()
        if origin is None:
            return self._plain(403, "this site is not on the list")
        more = [
            ("access-control-allow-methods", "POST"),
            ("access-control-allow-headers", "content-type"),
            ("access-control-allow-private-network", "true"),
        ]
        return self._look.respond(b"", 204, [*_for_page(origin), *more])

    async def begin(self) -> "TrioResponse":
        from quart import request

        origin = self._origin()
        if origin is None:
            return self._plain(403, "this site is not on the list")
        # Not a form's type: so that no page gets here without the browser's question.
        if request.mimetype != "application/json":
            return self._json(origin, 415, {"why": "application/json only"})
        body = bytes(await request.body)
        asked = read_request(body.decode(errors="replace")[: MESSAGE_CHARACTERS_MAX + 1])
        if isinstance(asked, Unreadable):
            return self._json(origin, 400, {"why": asked.why})
        if asked.mode is Mode.CLOSE:
            self._bridge.consents.close(origin, self._bridge.now_ms)
            return self._json(origin, 200, {"answer": closed()})
        consent = self._bridge.consents.ask(origin, asked, self._bridge.now_ms)
        if isinstance(consent, TooMany):
            return self._json(origin, 429, {"why": "too many requests are open"})
        at = f"/requests/{consent.identifier}/answer"
        return self._json(origin, 201, {"consent": f"/consent/{consent.identifier}", "at": at})

    async def tell(self, identifier: str) -> "TrioResponse":
        origin = self._origin()
        if origin is None:
            return self._plain(403, "this site is not on the list")
        answer = await self._bridge.answer(identifier, origin)
        if isinstance(answer, Consent):
            return self._json(origin, 202, {})
        if answer is None:
            return self._json(origin, 404, {"why": "no such request, or its answer was fetched before"})
        return self._json(origin, 200, answer)

    # What the person does

    async def ask(self, identifier: str) -> "TrioResponse":
        consent = self._asked(identifier)
        return self._over() if consent is None else self._show(consent, "", {}, None, 200)

    async def decide(self, identifier: str) -> "TrioResponse":
        from quart import request

        consent = self._asked(identifier)
        if consent is None:
            return self._over()
        form = await request.form
        seal = form.get("seal", "")[:_SEAL_CHARACTERS_MAX]
        if request.headers.get("sec-fetch-site") != "same-origin" or seal != consent.seal:
            return self._look.say(403, "受け付けられません", ("同意は、この橋の画面でだけできます。",))
        if (refused := await self._look.refused_twice()) is not None:
            return refused
        if form.get("answer") != "agree":
            self._bridge.consents.cancel(consent, self._bridge.now_ms)
            return self._done("やめました", "カードは使っていません。")
        name, pin = form.get("card", ""), form.get("pin", "").strip()
        wrong = _check(consent, name, pin, self._bridge.card_names())
        if wrong:
            return self._show(consent, name, wrong, None, 422)
        outcome = self._bridge.agree(consent, name, pin)
        match outcome:
            case None:
                return self._done("カードを使いました", f"結果を {consent.origin} に渡しました。")
            case WrongPin(left):
                wrong = {"pin": f"暗証番号が違います。あと{left}回間違えると、使えなくなります。"}
                return self._show(consent, name, wrong, None, 403)
            case trouble if consent.state is ConsentState.ASKED:
                return self._show(consent, name, {}, trouble, 403)
            case trouble:
                return self._done("カードを使えませんでした", trouble)

    def _asked(self, identifier: str) -> Consent | None:
        consent = self._bridge.consents.find(identifier, self._bridge.now_ms)
        return consent if consent is not None and consent.state is ConsentState.ASKED else None

    def _show(
        self, consent: Consent, name: str, errors: Mapping[str, str], trouble: str | None, status: int
    ) -> "TrioResponse":
        wish = _WISHES[consent.asked.mode]
        count = len(consent.asked.digest_infos)
        names = self._bridge.card_names()
        context = {
            "action": f"/consent/{consent.identifier}",
            "seal": consent.seal,
            "site": consent.origin,
            "wish": f"{wish.what}（{count}件）" if consent.asked.mode is Mode.SIGN else wish.what,
            "note": wish.note,
            "pin_label": wish.pin_label,
            "pin_max": wish.pin_characters_max,
            "cards": [{"value": each, "label": each} for each in names],
            "values": {"card": name or names[0] if len(names) == 1 else name},
            "errors": errors,
            "trouble": trouble,
        }
        return self._look.show("cards_desk/consent.html", context, status=status)

    def _done(self, title: str, line: str) -> "TrioResponse":
        return self._look.show("cards_desk/consent_done.html", {"title": title, "line": line})

    def _over(self) -> "TrioResponse":
        lines = ("時間が過ぎたか、すでに答えました。", "もとのサイトから、やり直してください。")
        return self._look.say(410, "この確認は終わっています", lines)

    # How it is said

    def _json(self, origin: str, status: int, content: Message) -> "TrioResponse":
        body = json.dumps(content, ensure_ascii=False).encode()
        return self._look.respond(body, status, [("content-type", "application/json"), *_for_page(origin)])

    def _plain(self, status: int, text: str) -> "TrioResponse":
        headers = [("content-type", "text/plain; charset=utf-8"), *_SAFE]
        return self._look.respond(text.encode(), status, headers)

    def _script(self, text: str, readers: str) -> "TrioResponse":
        headers = [
            ("content-type", "text/javascript; charset=utf-8"),
            ("cross-origin-resource-policy", readers),
            *_SAFE,
        ]
        return self._look.respond(text.encode(), 200, headers)


_SAFE: Final = [("x-content-type-options", "nosniff"), ("cache-control", "no-store")]


def _for_page(origin: str) -> list[tuple[str, str]]:
    return [("access-control-allow-origin", origin), ("vary", "origin"), *_SAFE]


def _check(consent: Consent, name: str, pin: str, names: Collection[str]) -> dict[str, str]:
    """What is wrong with the form; a PIN of another form is not tried on the card."""
    errors: dict[str, str] = {}
    if name not in names:
        errors["card"] = "カードを選んでください。"
    which = PIN_OF[consent.asked.mode]
    if which is PinName.SIGN:
        if not (6 <= len(pin) <= 16 and pin.isascii() and pin.isalnum()):
            errors["pin"] = "パスワードは英数字6～16文字で入れてください。"
    elif not (len(pin) == 4 and pin.isascii() and pin.isdigit()):
        errors["pin"] = "暗証番号は4けたの数字で入れてください。"
    return errors

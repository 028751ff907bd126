"""Pages of a simulator: one small Quart app for each, with the portal's look, made when somebody first looks.

A simulated world has nobody who looks, so it never imports Quart.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import structlog

from portal.serving.front import AsgiApp, Receive, Scope, Send
from portal.store.store import StorageRefused, StoreOverloaded
from portal.web.design import STATIC_PREFIX, environment, render, security_headers, static_files
from portal.wire.systems import JAPANESE_NAMES, System
from sim.entrance.notes import NOTES

if TYPE_CHECKING:
    from quart_trio.wrappers import TrioResponse

log = structlog.get_logger(__name__)

FORM_BYTES_MAX = 16 * 1024
FORM_FIELDS_MAX = 20
FORM_SECONDS_MAX = 10
PAGE_SECONDS_MAX = 30
HOME = "/"
REFERRER_POLICY = "same-origin"
"""With ``no-referrer`` a browser would hide from us that a form comes from our own page."""
STORAGE_SAID = "保存できませんでした。空き容量と書き込みの権限を確かめて、もういちどお試しください。"
_SAFE_SITES = frozenset(["same-origin", "none"])


class LazyPages:
    """Makes the app when the first request or the start-up message comes."""

    def __init__(self, make: Callable[[], AsgiApp]) -> None:
        self._make = make
        self._app: AsgiApp | None = None

    def __repr__(self) -> str:
        return f"LazyPages({'made' if self._app is not None else 'not made'})"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = self._make()
        await self._app(scope, receive, send)


class Look:
    """見た目: the app of one simulator and how its pages are shown."""

    def __init__(self, system: System, nav: tuple[tuple[str, str], ...] = ()) -> None:
        from portal.serving.lean import LeanQuart

        self.system = system
        self.name = JAPANESE_NAMES[system] if system is System.FRONT else f"模擬{JAPANESE_NAMES[system]}"
        self._nav = nav
        self._templates = environment(Path(__file__).parents[1])
        self.app: LeanQuart = LeanQuart(f"sim.{system}", static_folder=None, template_folder=None)
        self.app.config.update(
            MAX_CONTENT_LENGTH=FORM_BYTES_MAX,
            MAX_FORM_MEMORY_SIZE=FORM_BYTES_MAX,
            MAX_FORM_PARTS=FORM_FIELDS_MAX,
            BODY_TIMEOUT=FORM_SECONDS_MAX,
            RESPONSE_TIMEOUT=PAGE_SECONDS_MAX,
            PROVIDE_AUTOMATIC_OPTIONS=False,
        )
        self._add_static()
        self._add_errors()

    def __repr__(self) -> str:
        return f"<Look {self.system}>"

    @property
    def asgi(self) -> AsgiApp:
        return cast(AsgiApp, self.app)

    def show(
        self,
        template: str,
        context: Mapping[str, object],
        *,
        status: int = 200,
        here: str = "",
        form_origins: tuple[str, ...] = (),
    ) -> "TrioResponse":
        """A page; *here* is the address of its entry in the menu."""
        note = NOTES[self.system]
        about = {
            "name": self.name,
            "plays": note.plays,
            "home": HOME,
            "nav": [{"label": label, "url": url, "here": url == here} for label, url in self._nav],
            "real": note.real,
            "assumed": note.assumed,
            "refused": note.refused,
        }
        body = render(self._templates, template, {"system": about, "errors": {}, **context})
        return self.respond(
            body,
            status,
            [
                ("content-type", "text/html; charset=utf-8"),
                *security_headers(form_origins, referrer_policy=REFERRER_POLICY),
            ],
        )

    def say(
        self,
        status: int,
        title: str,
        lines: tuple[str, ...],
        back: tuple[str, str] = ("はじめのページに戻る", HOME),
    ) -> "TrioResponse":
        """A page that says why something could not be done, and what to do."""
        context = {"title": title, "lines": lines, "back": {"label": back[0], "url": back[1]}}
        return self.show("entrance/said.html", context, status=status)

    def go(self, address: str) -> "TrioResponse":
        """On to another page; after a form this keeps a reload from sending it again."""
        return self.respond(b"", 303, [("location", address), *security_headers()])

    def respond(self, body: bytes, status: int, headers: list[tuple[str, str]]) -> "TrioResponse":
        from quart_trio.wrappers import TrioResponse

        response = TrioResponse(body, status=status)
        response.headers.clear()
        response.headers.extend(headers)
        return response

    def came_from_elsewhere(self) -> bool:
        """Whether a form was sent here by another site's page: browsers say so of themselves.

        The first header tells best (behind a proxy too), but not all browsers send it, and none in clear text to
        another machine. A program that isn't a browser sends neither, and is no danger: nobody else's page steers it.
        """
        from quart import request

        site, origin = request.headers.get("sec-fetch-site", "none"), request.headers.get("origin", "")
        if site != "none" or not origin:
            return site not in _SAFE_SITES
        return origin.lower().partition("://")[2] != request.host.lower()

    async def refused_form(
        self,
        back: tuple[str, str] = ("はじめのページに戻る", HOME),
        *,
        from_elsewhere: tuple[str, str] = (
            "ほかのサイトからは操作できません",
            "このページのボタンで操作してください。",
        ),
        many: frozenset[str] = frozenset(),
    ) -> "TrioResponse | None":
        """Why nothing is done with the form that came, if so; *many* names the fields that may come several times."""
        if self.came_from_elsewhere():
            title, line = from_elsewhere
            return self.say(403, title, (line,), back)
        return await self.refused_twice(back, many)

    async def refused_twice(
        self, back: tuple[str, str] = ("はじめのページに戻る", HOME), many: frozenset[str] = frozenset()
    ) -> "TrioResponse | None":
        """Why nothing is done if a field came twice: no page of ours sends that, and which one is meant nobody knows."""
        from quart import request

        for name, given in (await request.form).lists():
            if len(given) > 1 and name not in many:
                words = (
                    f"「{name[:40]}」が2回以上あり、どれが正しいか分かりません。1つにして送ってください。",
                )
                return self.say(422, "同じ項目が2回送られました", words, back)
        return None

    def _add_static(self) -> None:
        async def static(name: str) -> "TrioResponse":
            from quart import request

            found = static_files().get(name)
            if found is None:
                return self.respond(b"", 404, [("content-type", "text/plain")])
            headers = found.headers(request.args.get("v"))
            if found.version in request.if_none_match:
                return self.respond(b"", 304, [header for header in headers if header[0] != "content-type"])
            return self.respond(found.body, 200, headers)

        self.app.add_url_rule(f"{STATIC_PREFIX}<name>", "static", static, methods=["GET"])

    def _add_errors(self) -> None:
        from werkzeug.exceptions import HTTPException

        async def refused(error: HTTPException) -> "TrioResponse":
            status = error.code or 500
            words = {
                404: ("ページが見つかりません", "アドレスを確かめてください。"),
                405: ("この方法では使えません", "はじめのページから、もういちどお試しください。"),
                413: ("送られた内容が大きすぎます", f"{FORM_BYTES_MAX}バイトまでです。"),
            }
            title, line = words.get(status, ("受け付けられませんでした", "もういちどお試しください。"))
            return self.say(status, title, (line,))

        async def storage_refused(error: Exception) -> "TrioResponse":
            log.error("storage_refused", system=str(self.system), reason=str(error))
            return self.say(503, "保存できませんでした", (STORAGE_SAID,))

        async def failed(error: Exception) -> "TrioResponse":
            log.error("page_failed", system=str(self.system), exc_info=error)
            return self.say(500, "内部で誤りが起きました", ("記録に残しました。もういちどお試しください。",))

        handlers: list[tuple[type[Exception], Any]] = [
            (HTTPException, refused),
            (StorageRefused, storage_refused),
            (StoreOverloaded, storage_refused),
            (Exception, failed),
        ]
        for kind, handler in handlers:
            self.app.register_error_handler(kind, handler)

"""The citizen's pages as one ASGI app: Quart with what it needs to hold, and the pages of every feature."""

from typing import TYPE_CHECKING, Any, cast

import structlog
import trio
from quart import request
from quart_trio.wrappers import TrioResponse as Response
from werkzeug.exceptions import HTTPException

from portal.accounts import pages as accounts_pages
from portal.authorisation import hold_pages
from portal.folder import pages as folder_pages
from portal.folder.model import Kind
from portal.history import pages as history_pages
from portal.inbox import pages as inbox_pages
from portal.inquiries import pages as inquiries_pages
from portal.notices import pages as notices_pages
from portal.proxies import pages as proxies_pages
from portal.records import pages as records_pages
from portal.seams.chance import Chance
from portal.seams.clock import Clock
from portal.self_information import pages as self_information_pages
from portal.serving.front import AsgiApp, Receive, Scope, Send
from portal.serving.lean import LeanQuart
from portal.sessions import pages as sessions_pages
from portal.sessions.reader import Reader
from portal.settings import PortalSettings
from portal.staff import pages as staff_pages
from portal.store.store import StorageRefused, StoreOverloaded
from portal.web import design, events, top, words
from portal.web.addresses import page
from portal.web.cookies import Cookies
from portal.web.reception import Guest, Reception

if TYPE_CHECKING:
    from portal.app import Browsers, Portal

log = structlog.get_logger(__name__)

FORM_BYTES_MAX = 64 * 1024
"""The largest form: 50 ticked boxes of 40 bytes each, with room."""
FORM_FIELDS_MAX = 200
FORM_SECONDS_MAX = 10
"""How long a form's body may take to come."""
PAGE_SECONDS_MAX = 30
"""How long a page may take to go out to a slow browser; a stream of events has no such time."""
IN_PROGRESS_MAX = 500
"""Pages that are worked on at a time; one more is answered 503 before any work is begun."""


class Doorway:
    """戸口: lets in so many at a time, and answers at once when it is full."""

    def __init__(
        self, app: AsgiApp, busy_headers: list[tuple[str, str]], busy_body: bytes, *, in_progress_max: int
    ) -> None:
        self._app = app
        self._busy_headers = [(name.encode(), value.encode()) for name, value in busy_headers]
        self._busy_body = busy_body
        self._in_progress_max = in_progress_max
        self.in_progress = 0

    def __repr__(self) -> str:
        return f"<Doorway {self.in_progress}/{self._in_progress_max}>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == page("events"):
            # Streams have a limit of their own (`portal.serving.event_stream`), and must not take the places of pages.
            await self._app(scope, receive, send)
            return
        if self.in_progress >= self._in_progress_max:
            # What was sent is taken in first: a browser that is still sending would not see the answer.
            with trio.move_on_after(FORM_SECONDS_MAX):
                while (await receive()).get("more_body", False):
                    pass
            await send({"type": "http.response.start", "status": 503, "headers": self._busy_headers})
            await send({"type": "http.response.body", "body": self._busy_body, "more_body": False})
            return
        self.in_progress += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self.in_progress -= 1


def build_pages(
    portal: "Portal",
    settings: PortalSettings,
    clock: Clock,
    chance: Chance,
    csrf_key: bytes,
    browsers: "Browsers",
    *,
    in_progress_max: int = IN_PROGRESS_MAX,
) -> Doorway:
    """The pages over these services.

    *csrf_key* (32 bytes) seals the tokens in forms.
    """
    app = LeanQuart("portal.web", static_folder=None, template_folder=None)
    app.config.update(
        MAX_CONTENT_LENGTH=FORM_BYTES_MAX,
        MAX_FORM_MEMORY_SIZE=FORM_BYTES_MAX,
        MAX_FORM_PARTS=FORM_FIELDS_MAX,
        BODY_TIMEOUT=FORM_SECONDS_MAX,
        RESPONSE_TIMEOUT=PAGE_SECONDS_MAX,
        PROVIDE_AUTOMATIC_OPTIONS=False,
    )
    portal_origin = browsers.portal_origin.rstrip("/")
    cookies = Cookies(portal_origin.startswith("https:"), settings.challenge_seconds)
    guards = portal.users, portal.folders
    reception = Reception(app, portal.sessions, *guards, chance, csrf_key, cookies, portal.rates)
    reader = Reader(browsers.reader_url.rstrip("/"), portal_origin, settings.bridge_url.rstrip("/"))
    sessions_pages.add_pages(reception, portal.sessions, portal.folder, reader)
    events.add_pages(reception, portal.folder, portal.sessions, clock)
    top.add_pages(reception, portal.folder, portal.notices, portal.inquiries, portal.proxies)
    accounts_pages.add_pages(reception, portal.accounts, portal.sessions, clock)
    records_pages.add_pages(reception, portal.records, portal.self_information, clock)
    notices_pages.add_pages(reception, portal.notices, portal.answering, clock)
    self_information_pages.add_pages(reception, portal.self_information, portal.folder)
    folder_pages.add_pages(
        reception,
        portal.folder,
        {Kind.RECORDS: records_pages.LABEL, Kind.SELF_INFORMATION: self_information_pages.LABEL},
    )
    inbox_pages.add_pages(reception, portal.inbox, clock)
    inquiries_pages.add_pages(reception, portal.inquiries)
    staff_pages.add_pages(reception, portal.desk, portal.inquiries, csrf_key)
    history_pages.add_pages(reception, portal.history, clock)
    proxies_pages.add_pages(reception, portal.proxies, portal.self_information, clock, reader)
    hold_pages(reception.served)
    _add_static(app)
    _add_errors(app, reception)
    return Doorway(cast(AsgiApp, app), *reception.prepared(words.OVERLOADED), in_progress_max=in_progress_max)


def _add_static(app: LeanQuart) -> None:
    async def static(name: str) -> Response:
        found = design.static_files().get(name)
        if found is None:
            return app.response_class(b"", status=404, content_type="text/plain")
        headers = found.headers(request.args.get("v"))
        if found.version in request.if_none_match:
            response = Response(b"", status=304)
            response.headers.extend(header for header in headers if header[0] != "content-type")
            return response
        response = Response(found.body, content_type=found.content_type)
        response.headers.extend(header for header in headers if header[0] != "content-type")
        return response

    app.add_url_rule(f"{design.STATIC_PREFIX}<name>", "static", static, methods=["GET"])


def _add_errors(app: LeanQuart, reception: Reception) -> None:
    async def guest() -> Guest:
        """Whose page it would have been; nothing may fail in saying what failed."""
        try:
            return await reception.visitor(extend=False)
        except Exception:
            log.exception("visitor_unknown", page=request.endpoint)
            return None

    async def refused(error: HTTPException) -> Response:
        response = reception.say(words.of_status(error.code or 500), await guest())
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["allow"] = ", ".join(sorted(allowed))
        return response

    async def storage_refused(error: StorageRefused) -> Response:
        log.error("storage_refused", page=request.endpoint, reason=str(error))
        return reception.tell(words.STORAGE_REFUSED, await guest())

    async def overloaded(_: StoreOverloaded) -> Response:
        return reception.tell(words.OVERLOADED, await guest())

    async def failed(error: Exception) -> Response:
        trace = reception.new_key()[:10]
        log.error("page_failed", page=request.endpoint, trace=trace, exc_info=error)
        return reception.say(words.of_problem(words.INTERNAL), await guest(), trace=trace)

    handlers: list[tuple[type[Exception], Any]] = [
        (HTTPException, refused),
        (StorageRefused, storage_refused),
        (StoreOverloaded, overloaded),
        (Exception, failed),
    ]
    for kind, handler in handlers:
        app.register_error_handler(kind, handler)

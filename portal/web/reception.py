"""受付: who comes to a page, what a page may be sent, and how it is shown. The same for every feature's pages.

A feature adds its pages as it adds its operations: :meth:`Reception.users` takes views that get a user with an
account, and no form of theirs is looked at before its token was found to be this session's.
"""

import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from quart import request
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse as Response
from werkzeug.datastructures import MultiDict

from portal.accounts.model import OpenedAccount
from portal.authorisation import EVERYBODY, OWNERS, SIGNED_IN, WITH_ACCOUNT, Role, Row, page_row
from portal.files.handing_out import file_headers, handed_out_as
from portal.proxies.guard import FolderGuard
from portal.proxies.permitted import PERMITTED_PAGES
from portal.proxies.shown import banner
from portal.rates import Limit, Rates
from portal.seams.chance import Chance, identifier
from portal.sessions.guard import NOT_AT_SHARED_TERMINAL, AccountGuard, SignedIn
from portal.sessions.model import Session
from portal.sessions.service import Sessions
from portal.sessions.terminals import kind_of, read_terminal
from portal.web import design, words
from portal.web.addresses import PAGES, page
from portal.web.cookies import Cookies, mark_of, safe_way_back
from portal.wire.problems import Problem, ProblemCode
from portal.wire.proxies import Acting
from portal.wire.sign_in import MailEvent, Terminal

HTML = "text/html; charset=utf-8"
ROWS_ON_PAGE = 20
KEY_CHARACTERS_MAX = 40
REFRESH_HEADER = "x-page-refresh"
"""Sent by a page that asks again by itself: nobody pressed anything."""
LEFT_ALONE = f"{PAGES['sign_in']}?over=time"
"""Where a page of a shared terminal goes by itself when its user's time is over."""
LEFT_ALONE_MARGIN_SECONDS = 1
"""The session is over before its page goes away."""


class Visitor(NamedTuple):
    """Somebody whose card was checked; without an account until the first-time registration is done."""

    session: Session
    account: OpenedAccount | None
    csrf: str
    acting: Acting | None = None
    """For whom, if they act as a proxy."""

    @property
    def nickname(self) -> str | None:
        return None if self.account is None else self.account.settings.nickname


class User(NamedTuple):
    """A visitor with an account, or in the hand of a proxy with the owner's."""

    session: Session
    account: OpenedAccount
    csrf: str
    acting: Acting | None = None

    @property
    def nickname(self) -> str:
        """Of whoever sits there, not of the folder's owner."""
        return self.account.settings.nickname if self.account.by is None else self.account.by.nickname

    def mail_wish(self, event: MailEvent) -> bool | None:
        """Whether a mail will come, for the words about it; None: a proxy is not told of the owner's wishes."""
        return self.account.mails_about(event) if self.account.by is None else None


Guest = Visitor | User | None
View = Callable[..., Awaitable[Response]]
"""Takes who comes, and what the address names."""


class Place(NamedTuple):
    """A page as it is added, and who may see it."""

    method: str
    name: str
    row: Row


class Way(NamedTuple):
    """The way on from a page that says what went wrong."""

    label: str
    url: str


class Reception:
    """受付."""

    def __init__(
        self,
        app: QuartTrio,
        sessions: Sessions,
        users: AccountGuard,
        folders: FolderGuard,
        chance: Chance,
        csrf_key: bytes,
        cookies: Cookies,
        rates: Rates,
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._users = users
        self._folders = folders
        self._chance = chance
        self._csrf_key = csrf_key
        self._templates = design.environment()
        self.cookies = cookies
        self._rates = rates
        self._many: dict[str, tuple[str, ...]] = {}
        self.served: set[tuple[str, str]] = set()
        """Which pages were added: method and name."""

    def __repr__(self) -> str:
        return "Reception()"

    # Who comes

    async def visitor(self, *, extend: bool) -> Visitor | None:
        """Who brings the cookie of a living session. *extend*: this visit is a sign of presence."""
        token = request.cookies.get(self.cookies.session_name)
        session = await self._sessions.find(token, extend=extend) if token else None
        return None if session is None else await self._visitor_of(session)

    async def _visitor_of(self, session: Session) -> Visitor | None:
        found = await self._users.account_of(session)
        if isinstance(found, SignedIn):
            acting = None if session.acting_for is None else await self._folders.acting(found)
            return Visitor(session, found.account, self._csrf(session), acting)
        if found.code is ProblemCode.ACCOUNT_NEEDED:
            return Visitor(session, None, self._csrf(session))
        return None

    def _csrf(self, session: Session) -> str:
        seal = hmac.digest(self._csrf_key, b"form " + session.token_hash, "sha256")
        return base64.urlsafe_b64encode(seal).decode()

    def gone_to_reader(self, session: Session, challenge: str) -> tuple[str, str]:
        """The cookie that finds this session again when the card reader's form brings this challenge.

        Where the portal has TLS and the reader has none, a browser does not bring the session's own cookie along with
        a form from there. This one opens nothing but the end of what was begun, and is good for this challenge alone.
        """
        return self.cookies.card(
            f"{session.token_hash.hex()}.{self._seal_of_card(session.token_hash, challenge)}"
        )

    async def back_from_reader(self, challenge: str) -> Visitor | None:
        """Who went to the card reader with this challenge, in this browser, and is still signed in."""
        named, _, seal = request.cookies.get(self.cookies.card_name, "").partition(".")
        try:
            hashed = bytes.fromhex(named)
        except ValueError:
            return None
        if not hmac.compare_digest(
            seal.encode("utf-8", "replace"), self._seal_of_card(hashed, challenge).encode()
        ):
            return None
        session = await self._sessions.find_hashed(hashed)
        return None if session is None else await self._visitor_of(session)

    def _seal_of_card(self, token_hash: bytes, challenge: str) -> str:
        return hmac.digest(
            self._csrf_key, b"card " + token_hash + mark_of(challenge).encode(), "sha256"
        ).hex()

    async def _forged(self, visitor: Visitor) -> bool:
        """Whether a form was not filled in on a page of this session."""
        given = (await request.form).get("csrf", "")
        return not hmac.compare_digest(given.encode("utf-8", "replace"), visitor.csrf.encode())

    def _twice(self, form: MultiDict[str, str], place: Place) -> str | None:
        """A field that came twice and may come once: no page of ours sends that, and which one is meant nobody knows."""
        many = self._many.get(place.name, ())
        return next(
            (name for name, given in form.lists() if len(given) > 1 and not name.startswith(many)), None
        )

    def asked_by_hand(self) -> bool:
        """Whether a person asked for this page to see it: not a script, not a browser that fetches ahead."""
        ahead = "prefetch" in request.headers.get("sec-purpose", request.headers.get("purpose", ""))
        return (
            request.method != "HEAD" and not ahead and not self._asked_by_script() and not self.left_alone()
        )

    def left_alone(self) -> bool:
        """Whether this is where a page of a shared terminal goes by itself when its user is gone."""
        return request.method == "GET" and request.full_path == LEFT_ALONE

    def terminal(self) -> Terminal | None:
        """端末の種類 that was chosen in this browser before (ACC-7)."""
        return read_terminal(request.cookies.get(self.cookies.terminal_name, ""))

    def _asked_by_script(self) -> bool:
        """Whether a page asks again by itself, or listens to be told when to."""
        return REFRESH_HEADER in request.headers or request.accept_mimetypes.best == "text/event-stream"

    # Which pages there are

    def guests(self, name: str, *, get: View | None = None, post: View | None = None) -> None:
        """Views for anybody, which get a :data:`Guest`. Their forms are not checked here."""

        self._add(name, self._anybody, EVERYBODY, get, post)

    def staff(self, name: str, *, get: View | None = None, post: View | None = None) -> None:
        """Views of the desk, which see for themselves that staff has signed in there."""
        self._add(name, self._anybody, frozenset([Role.STAFF]), get, post)

    def _anybody(self, view: View, place: Place) -> View:
        async def met(**path: str) -> Response:
            visitor = await self.visitor(extend=self.asked_by_hand())
            if visitor is None and (refused := self._too_often()) is not None:
                return refused
            if request.method == "POST" and (twice := self._twice(await request.form, place)) is not None:
                return self.say(words.twice(twice), visitor)
            return await view(visitor, **path)

        return met

    def _too_often(self) -> Response | None:
        """What somebody unknown is told whose address asks too often."""
        refused = self._rates.of_address(Limit.ANONYMOUS, request.remote_addr)
        return None if refused is None else self.tell(refused, None)

    def too_many_failures(self) -> Problem | None:
        """Whether too many sign-ins from this address have failed for another to be tried."""
        return self._rates.look(Limit.SIGN_IN_FAILURES, request.remote_addr)

    def sign_in_failed(self) -> None:
        self._rates.of_address(Limit.SIGN_IN_FAILURES, request.remote_addr)

    def visitors(
        self,
        name: str,
        *,
        get: View | None = None,
        post: View | None = None,
        many: tuple[str, ...] = (),
        once: bool = False,
    ) -> None:
        """Views for whoever has signed in, which get a :class:`Visitor`; *many* as for :meth:`users`.

        *once*: the form opens an account. From who has one by now it changes nothing, so its token, which is that of
        the session before, is not looked at, and a second click is told what became of the first.
        """
        self._many[name] = many

        def meet(view: View, place: Place) -> View:
            return self._checking(view, place, once=once)

        self._add(name, meet, SIGNED_IN, get, post)

    def users(
        self, name: str, *, get: View | None = None, post: View | None = None, many: tuple[str, ...] = ()
    ) -> None:
        """Views of a folder, which get a :class:`User`: its owner, or a proxy who was granted this page (FLD-1).

        *many*: how the fields of the form begin that may come several times.
        """
        self._many[name] = many

        def meet(view: View, place: Place) -> View:
            shared_too = Role.AT_SHARED_TERMINAL in place.row.roles

            async def met(visitor: Visitor, **path: str) -> Response:
                if visitor.account is None:
                    return self.go("first_time")
                if not shared_too and kind_of(visitor.session.terminal).shared:
                    return self.tell(NOT_AT_SHARED_TERMINAL, visitor)
                refused = self._rates.refuses_page(place.method, place.name, visitor.account.account_id)
                if refused is not None:
                    return self.tell(refused, visitor)
                signed_in = SignedIn(visitor.session, visitor.account)
                account = await self._folders.admit_to_page((place.method, place.name), signed_in)
                if isinstance(account, Problem):
                    return self.tell(account, visitor)
                return await view(User(visitor.session, account, visitor.csrf, visitor.acting), **path)

            return self._checking(met, place)

        self._add(name, meet, OWNERS, get, post)

    def selves(self, name: str, *, get: View | None = None, post: View | None = None) -> None:
        """Views of what a user does in their own name, also while they act for somebody else."""

        def meet(view: View, place: Place) -> View:
            async def met(visitor: Visitor, **path: str) -> Response:
                if visitor.account is None:
                    return self.go("first_time")
                user = User(visitor.session, visitor.account, visitor.csrf, visitor.acting)
                return await view(user, **path)

            return self._checking(met, place)

        self._add(name, meet, WITH_ACCOUNT, get, post)

    def _checking(self, view: View, place: Place, *, once: bool = False) -> View:
        async def met(**path: str) -> Response:
            visitor = await self.visitor(extend=self.asked_by_hand())
            if visitor is None:
                return self._too_often() or self._to_sign_in()
            done = once and visitor.account is not None
            if request.method == "POST" and not done and await self._forged(visitor):
                return self.say(words.FORGED, visitor)
            if request.method == "POST" and (twice := self._twice(await request.form, place)) is not None:
                return self.say(words.twice(twice), visitor)
            return await view(visitor, **path)

        return met

    def _add(
        self,
        name: str,
        meet: Callable[[View, Place], View],
        let_in: frozenset[Role],
        get: View | None,
        post: View | None,
    ) -> None:
        rule = PAGES[name].replace("{", "<").replace("}", ">")
        for method, view in (("GET", get), ("POST", post)):
            if view is not None:
                # A proxy is let in to the owner's pages by the proxies' own table.
                proxies = frozenset([Role.PROXY]) if (method, name) in PERMITTED_PAGES else frozenset()
                met = meet(view, Place(method, name, page_row(method, name, let_in | proxies)))
                self._app.add_url_rule(rule, f"{method} {name}", met, methods=[method])
                self.served.add((method, name))

    def _to_sign_in(self) -> Response:
        if self._asked_by_script():
            return self.say(words.of_status(401), None)
        # A form that came too late is not sent again: its page is opened anew.
        wanted = request.path
        if request.method != "POST" and request.query_string:
            wanted += "?" + request.query_string.decode("latin-1")
        chosen = self.terminal()
        # At a shared terminal the next one is somebody else, whom the last one's pages are no concern of.
        shared = chosen is not None and kind_of(chosen).shared
        pairs = {"next": "" if shared else safe_way_back(wanted)}
        headers = []
        if self.cookies.session_name in request.cookies:
            pairs["over"] = "posted" if request.method == "POST" else "time"
            headers.append(self.cookies.no_session())
        return self.go("sign_in", {key: value for key, value in pairs.items() if value}, headers=headers)

    # What is shown

    def show(
        self,
        template: str,
        guest: Guest,
        context: Mapping[str, object],
        *,
        status: int = 200,
        form_origins: tuple[str, ...] = (),
        script_origins: tuple[str, ...] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> Response:
        """A page."""
        about: dict[str, Any] = {
            "nickname": None if guest is None else guest.nickname,
            "csrf": "" if guest is None else guest.csrf,
            "nav": None,
            "terminal": "" if guest is None else guest.session.terminal,
            "shared_seconds": self._shared_seconds(guest),
            "acting": None if guest is None else banner(guest.acting),
        }
        body = design.render(self._templates, template, {**about, **context})
        response = Response(body, status=status, content_type=HTML)
        response.headers.extend([*design.security_headers(form_origins, script_origins), *headers])
        if (seconds := about["shared_seconds"]) is not None:
            # Nothing stays on the screen for who comes next. Not in the page itself: what it waits for is no content.
            response.headers["refresh"] = f"{seconds + LEFT_ALONE_MARGIN_SECONDS}; url={LEFT_ALONE}"
        return response

    def _shared_seconds(self, guest: Guest) -> int | None:
        """How long this session waits for its user, if it was opened at a shared terminal."""
        if guest is None or not kind_of(guest.session.terminal).shared:
            return None
        return self._sessions.idle_seconds(guest.session.terminal)

    def give(self, content: Mapping[str, str], *, headers: Sequence[tuple[str, str]] = ()) -> Response:
        """What a script of one of our pages asked for."""
        response = Response(msgspec.json.encode(content), content_type="application/json")
        response.headers.extend([*design.security_headers(), *headers])
        return response

    def hand_out(self, name: str, media_type: str, content: bytes) -> Response:
        """A file, for the browser to store."""
        response = Response(content, content_type=handed_out_as(media_type))
        response.headers.extend(file_headers(name))
        return response

    def say(
        self, said: words.Words, guest: Guest, *, way: Way | None = None, trace: str | None = None
    ) -> Response:
        """A page that says why something could not be done."""
        if way is None:
            if said.status == 503 and request.method == "GET":
                way = Way("もういちど試す", self._here())
            elif guest is None:
                way = Way("ログインの画面に進む", page("sign_in"))
            else:
                way = Way("トップに進む", page("top"))
        context = {**said._asdict(), "back": way, "trace": trace}
        return self.show("error.html", guest, context, status=said.status)

    def tell(self, problem: Problem, guest: Guest, *, way: Way | None = None) -> Response:
        """A page that says what an operation's problem says."""
        response = self.say(words.of_problem(problem), guest, way=way)
        if problem.retry_after_seconds is not None:
            response.headers["retry-after"] = str(problem.retry_after_seconds)
        return response

    def prepared(self, problem: Problem) -> tuple[list[tuple[str, str]], bytes]:
        """Headers and body of a page for anybody that says what *problem* says, made before it is needed."""
        about = {"nickname": None, "csrf": "", "nav": None, "trace": None}
        context = {**about, **words.of_problem(problem)._asdict(), "back": Way("トップに進む", page("top"))}
        body = design.render(self._templates, "error.html", context)
        headers = [("content-type", HTML), ("content-length", str(len(body))), *design.security_headers()]
        return [*headers, ("retry-after", str(problem.retry_after_seconds))], body

    def _here(self) -> str:
        query = request.query_string.decode("latin-1")
        return safe_way_back(f"{request.path}?{query}" if query else request.path) or page("top")

    def go(
        self,
        name: str,
        query: Mapping[str, str] = {},
        *,
        headers: Sequence[tuple[str, str]] = (),
        **values: str,
    ) -> Response:
        """On to another page; after a form this keeps a reload from sending it again."""
        address = page(name, **values)
        return self.go_to(f"{address}?{urlencode(query)}" if query else address, headers=headers)

    def go_to(self, address: str, *, headers: Sequence[tuple[str, str]] = ()) -> Response:
        response = Response(b"", status=303, content_type=HTML)
        response.headers.extend([("location", address), *design.security_headers(), *headers])
        return response

    # For forms and lists

    def new_key(self) -> str:
        """Stands in a form: however often that is sent, it is one request."""
        return identifier(self._chance)

    def pagination(
        self, count: int, size: int = ROWS_ON_PAGE, query: Mapping[str, str] = {}
    ) -> design.Pagination:
        """Where this page of a list stands, by ``?page=``; a number beyond the end is the last page."""
        text = request.args.get("page", "1")
        wanted = int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 1
        last = max(1, -(-count // size))
        before = urlencode({**query, "page": ""})
        return design.Pagination(max(1, min(wanted, last)), size, count, f"?{before}")


def typed(form: MultiDict[str, str], name: str) -> str:
    """What was typed into a field, without the blanks around it."""
    return form.get(name, "").strip()


def from_folder(given: MultiDict[str, str]) -> dict[str, str]:
    """The field that leads a question back to 利用者フォルダー, where it was asked; none when it came from its own list."""
    return {"from": "folder"} if given.get("from") == "folder" else {}


def rows_of(at: design.Pagination, every: Sequence[Any]) -> Sequence[Any]:
    """The rows of this page of a list."""
    return every[(at.page - 1) * at.size : at.page * at.size]


def read_key(form: MultiDict[str, str]) -> str | None:
    """The key that :meth:`Reception.new_key` gave this form; a form without one is a request of its own."""
    key = form.get("key", "")
    return key if key.isascii() and key.isalnum() and len(key) <= KEY_CHARACTERS_MAX else None

"""ログイン, はじめての登録, ログアウト (ACC-1, 2, 3; FLD-3).

Signing in leads over the card reader's page and back: the portal sends the browser there with a challenge, and the
reader sends it back with the card's answer in a form. The browser keeps a mark of the challenge in a cookie, so
that nobody can be signed in with somebody else's answer.

Where the card bridge is offered, a script of the page can begin in the same way: it is given the challenge instead of
being sent to the reader, lets the bridge on the person's own machine ask the card, and sends the same form.
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.accounts import forms
from portal.folder.model import Kind
from portal.folder.service import Folder
from portal.sessions.reader import Reader, for_bridge, read_answer
from portal.sessions.service import Sessions
from portal.sessions.terminals import KINDS, read_terminal
from portal.web import words
from portal.web.addresses import page
from portal.web.cookies import Begun, mark_of, read_begun, safe_way_back
from portal.web.reception import Guest, Reception, Visitor, Way
from portal.wire.limits import REQUESTS_OPEN_MAX
from portal.wire.problems import Problem
from portal.wire.sign_in import SignIn, Terminal

MESSAGES = {
    "time": "しばらく操作がなかったか、ログインしてから長い時間がたったため、安全のためにログアウトしました。",
    "posted": "時間が過ぎてログアウトしていたため、送られた内容は受け付けていません。"
    "ログインすると、同じ画面に戻ります。お手数ですが、もういちど入力してください。",
    "cancelled": "カードの読み取りをやめました。ログインしていません。",
}
GOES_ON = "もういちどログインすると、続きの画面に戻ります。"
ELSEWHERE = words.Words(
    200,
    "この画面は閉じました",
    (
        "しばらく操作がなかったため、安全のために、この画面の表示を消しました。ログインは、ほかの画面で続いています。",
    ),
    ("使い終わったときは、トップに進んでログアウトしてください。",),
)


def add_pages(reception: Reception, sessions: Sessions, folder: Folder, reader: Reader) -> None:
    _add_sign_in(reception, sessions, reader)
    _add_first_time(reception, sessions)
    _add_sign_out(reception, sessions, folder)


def _add_sign_in(reception: Reception, sessions: Sessions, reader: Reader) -> None:
    def show(way_back: str, *, problem: Problem | None = None, message: str | None = None) -> Response:
        said = None if problem is None else words.of_problem(problem)._asdict()
        terminal = read_terminal(request.args.get("terminal", "")) or reception.terminal() or _terminal()
        context = {
            "start": {"action": page("sign_in"), "fields": {"terminal": terminal, "next": way_back}},
            "terminal_name": KINDS[terminal].name,
            "terminals": [
                {
                    "name": kind.name,
                    "url": f"{page('sign_in')}?{urlencode({'terminal': each, 'next': way_back})}",
                }
                for each, kind in KINDS.items()
                if each is not terminal
            ],
            "bridge": reader.bridge,
            "problem": said,
            "message": message,
        }
        status = 200 if problem is None else problem.status
        return reception.show(
            "sessions/sign_in.html",
            None,
            context,
            status=status,
            form_origins=reader.origins,
            script_origins=reader.script_origins,
        )

    def onward(guest: Visitor) -> Response:
        return reception.go("top" if guest.account is not None else "first_time")

    async def sign_in(guest: Visitor | None) -> Response:
        if guest is not None:
            # A page went away by itself while its user was at another one: nobody pressed anything.
            if reception.left_alone():
                return reception.say(ELSEWHERE, None, way=Way("トップに進む", page("top")))
            return onward(guest)
        # Under another name of this machine the browser would keep cookies that are not there on the way back.
        if reader.portal_origin and request.host != urlsplit(reader.portal_origin).netloc:
            return reception.go_to(f"{reader.portal_origin}{page('sign_in')}")
        way_back = safe_way_back(request.args.get("next", ""))
        over = request.args.get("over", "")
        message = MESSAGES.get(over)
        shown = show(way_back, message=f"{message}{GOES_ON}" if over == "time" and way_back else message)
        if reception.cookies.session_name in request.cookies:
            # Of a session that is over. A browser also forgets the pages that it kept for "back" when this changes.
            shown.headers.extend([reception.cookies.no_session()])
        return shown

    async def begin(guest: Visitor | None) -> Response:
        if guest is not None:
            return onward(guest)
        form = await request.form
        by_bridge = reader.is_bridge(form)
        if not reader.url and not by_bridge:
            return show("", problem=words.NO_READER)
        issued = sessions.challenge()
        begun = Begun(
            mark_of(issued.challenge),
            read_terminal(form.get("terminal", "")) or Terminal.PC,
            safe_way_back(form.get("next", "")),
        )
        every = [begun, *read_begun(request.cookies.get(reception.cookies.begun_name, ""))]
        headers = [reception.cookies.begun(every), reception.cookies.terminal(begun.terminal)]
        if by_bridge:
            return reception.give(for_bridge(issued.challenge, issued.digest_info), headers=headers)
        back_to, here = page("sign_in.complete"), request.host_url.rstrip("/")
        address = reader.address(issued.challenge, issued.digest_info, here, back_to)
        return reception.go_to(address, headers=headers)

    async def come_back(guest: Visitor | None) -> Response:
        if guest is not None:
            return onward(guest)
        return show("", message=MESSAGES["cancelled"])

    async def complete(guest: Visitor | None) -> Response:
        form = await request.form
        every = read_begun(request.cookies.get(reception.cookies.begun_name, ""))
        mark = mark_of(form.get("challenge", ""))
        begun = next((one for one in every if one.mark == mark), None)
        if begun is None:
            # Sent again after it was done, by a reload or "back": there is nothing left to do.
            return show("", problem=words.NOT_BEGUN_HERE) if guest is None else onward(guest)
        wanted = _read_answer(form, begun.terminal)
        if wanted is None:
            return show(begun.way_back, problem=words.SIGN_IN_UNREADABLE)
        opened = reception.too_many_failures() or await sessions.sign_in(wanted)
        if isinstance(opened, Problem):
            if opened.status not in (429, 503):
                reception.sign_in_failed()
            return show(begun.way_back, problem=opened)
        if guest is not None:
            # Somebody signed in at another window of this browser meanwhile; whose session that was ends with its cookie.
            await sessions.end(guest.session)
        headers = [
            reception.cookies.session(opened.token),
            reception.cookies.begun([one for one in every if one is not begun]),
        ]
        if opened.account is None:
            return reception.go("first_time", headers=headers)
        return reception.go_to(safe_way_back(begun.way_back) or page("top"), headers=headers)

    reception.guests("sign_in", get=sign_in, post=begin)
    reception.guests("sign_in.complete", get=come_back, post=complete)


def _terminal() -> Terminal:
    """A guess from what the browser says of itself; the form carries it, so that a tester can change it (ACC-7)."""
    agent = request.headers.get("user-agent", "")
    if "iPad" in agent or ("Android" in agent and "Mobile" not in agent):
        return Terminal.TABLET
    if "Mobile" in agent:
        return Terminal.PHONE
    return Terminal.PC


def _read_answer(form: Mapping[str, str], terminal: Terminal) -> SignIn | None:
    """The card's answer as the reader's form brings it, or None when it can't be read."""
    answer = read_answer(form)
    if answer is None:
        return None
    return SignIn(answer.challenge, answer.signature, answer.certificate, terminal)


def _add_first_time(reception: Reception, sessions: Sessions) -> None:
    def show(visitor: Visitor, filled: forms.Filled, status: int = 200) -> Response:
        context = forms.context(filled.values, filled.errors)
        return reception.show("sessions/first_time.html", visitor, context, status=status)

    async def first_time(visitor: Visitor) -> Response:
        if visitor.account is not None:
            return reception.go("top")
        return show(visitor, forms.Filled(forms.NEW, None, {}))

    async def register(visitor: Visitor) -> Response:
        filled = forms.read(await request.form)
        if filled.settings is None:
            return reception.go("top") if visitor.account is not None else show(visitor, filled, 422)
        opened = await sessions.open_account(visitor.session, filled.settings)
        if isinstance(opened, Problem):
            # What another window has registered meanwhile stands.
            return reception.tell(opened, visitor)
        if visitor.account is not None:
            return reception.go("top")
        # What the session may do from now on is more: who knew its token before does not know it any more.
        renewed = await sessions.renewed(visitor.session)
        headers = [] if renewed is None else [reception.cookies.session(renewed)]
        return reception.go("top", {"done": "opened"}, headers=headers)

    reception.visitors("first_time", get=first_time, post=register, many=("mail_events",), once=True)


def _add_sign_out(reception: Reception, sessions: Sessions, folder: Folder) -> None:
    async def sign_out(visitor: Visitor) -> Response:
        deleted: dict[str, str] = {}
        if visitor.account is not None:
            tallies = await folder.tally(visitor.account)
            deleted = {
                "records": str(tallies[Kind.RECORDS].read),
                "self_information": str(tallies[Kind.SELF_INFORMATION].read),
            }
        await sessions.sign_out(visitor.session)
        return reception.go("signed_out", deleted, headers=[reception.cookies.no_session()])

    async def signed_out(guest: Guest) -> Response:
        if guest is not None:
            return reception.go("top")
        deleted = {name: _read_count(request.args.get(name, "")) for name in ("records", "self_information")}
        return reception.show("sessions/signed_out.html", None, {"deleted": deleted})

    reception.visitors("sign_out", post=sign_out)
    reception.guests("signed_out", get=signed_out)


def _read_count(text: str) -> int:
    return min(int(text), REQUESTS_OPEN_MAX) if text.isascii() and text.isdigit() and len(text) <= 4 else 0

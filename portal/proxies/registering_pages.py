"""代理人の登録: what is granted, the owner's agreement, the proxy's card (PRX-1, 3, 4, 5).

Three pages, one after the other, at one terminal: what was filled in is kept in between. The proxy's card signs a
challenge that holds these terms and this session, so that the card reader's form needs no token of its own: an answer
to any other challenge is refused. Over TLS that form comes without the session's cookie; one of this step alone finds it.
"""

from datetime import timedelta

import msgspec
from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.proxies import forms, shown
from portal.proxies.guard import NOT_FOR_PROXIES
from portal.proxies.model import Draft, last_day_at_most
from portal.proxies.service import Proxies
from portal.seams.clock import Clock
from portal.self_information.service import SelfInformations
from portal.sessions.guard import SignedIn
from portal.sessions.reader import Reader, for_bridge, read_answer
from portal.web import words
from portal.web.addresses import page
from portal.web.reception import Guest, Reception, User, Visitor
from portal.wire.moments import day_of
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.proxies import Registration, Terms
from portal.wire.self_information import Catalogue

UNREADABLE = problem(
    ProblemCode.MALFORMED,
    "カードリーダーから届いた内容を読み取れませんでした。もういちど読み取ってください。",
)
NOT_AGREED = "内容を確かめて、同意するときは印を付けてください。"


WRONG_CARD = "このカードの方は、代理人になれません"


def add_pages(
    reception: Reception, proxies: Proxies, information: SelfInformations, clock: Clock, reader: Reader
) -> None:
    _add_form(reception, proxies, information, clock)
    _add_agreement(reception, proxies, information)
    _add_card(reception, proxies, information, reader)


def _add_form(reception: Reception, proxies: Proxies, information: SelfInformations, clock: Clock) -> None:
    async def show(user: User, filled: forms.Filled, status: int = 200) -> Response:
        catalogue = await information.catalogue()
        if not isinstance(catalogue, Catalogue):
            return reception.tell(catalogue, user, way=forms.BACK)
        context = {
            "nav": "proxies",
            "delegation": None,
            **forms.context(filled, catalogue, day_of(clock.now_ms())),
            "last": last_day_at_most(day_of(clock.now_ms())),
            "action": page("proxies.new"),
            "back": page("proxies"),
        }
        return reception.show("proxies/form.html", user, context, status=status)

    async def form(user: User) -> Response:
        draft = await proxies.draft(user.account)
        today = day_of(clock.now_ms())
        if draft is not None and draft.terms.start >= today:
            values = forms.of_terms(draft.terms)
        else:
            values = forms.new(today, today + timedelta(days=364))
        return await show(user, forms.Filled(values, None, {}, {}))

    async def fill_in(user: User) -> Response:
        filled = forms.read(await request.form, "start", "end")
        if filled.scope is None:
            return await show(user, filled, 422)
        terms = Terms(filled.scope, filled.days["start"], filled.days["end"])
        wrong = await proxies.keep_draft(user.account, terms)
        if wrong is not None:
            return await show(user, filled._replace(errors=forms.at_the_field(wrong)), wrong.status)
        return reception.go("proxies.agree")

    reception.users("proxies.new", get=form, post=fill_in, many=("rights", "information"))


async def _terms_context(draft: Draft, information: SelfInformations) -> dict[str, object]:
    granted = draft.terms.scope
    names = shown.names_of(await information.catalogue()) if granted.information else {}
    return {
        "nav": "proxies",
        "scope": shown.scope(granted, draft.terms.start, draft.terms.end, names),
    }


def _add_agreement(reception: Reception, proxies: Proxies, information: SelfInformations) -> None:
    async def show(user: User, draft: Draft, error: str | None = None) -> Response:
        context = {
            **await _terms_context(draft, information),
            "errors": {} if error is None else {"agreed": error},
        }
        return reception.show("proxies/agree.html", user, context, status=422 if error else 200)

    async def ask(user: User) -> Response:
        draft = await proxies.draft(user.account)
        return reception.go("proxies.new") if draft is None else await show(user, draft)

    async def agree(user: User) -> Response:
        draft = await proxies.draft(user.account)
        if draft is None:
            return reception.go("proxies.new")
        if (await request.form).get("agreed") != "1":
            return await show(user, draft, NOT_AGREED)
        wrong = await proxies.keep_draft(user.account, draft.terms, agreed=True)
        return reception.go("proxies.new" if wrong is not None else "proxies.card")

    reception.users("proxies.agree", get=ask, post=agree)


def _add_card(reception: Reception, proxies: Proxies, information: SelfInformations, reader: Reader) -> None:
    async def show(
        user: User, draft: Draft, *, refused: Problem | None = None, cancelled: bool = False
    ) -> Response:
        context = {
            **await _terms_context(draft, information),
            "bridge": reader.bridge,
            "problem": None if refused is None else {"title": refused.title, "happened": refused.detail},
            "cancelled": cancelled,
        }
        return reception.show(
            "proxies/card.html",
            user,
            context,
            status=200 if refused is None else refused.status,
            form_origins=reader.origins,
            script_origins=reader.script_origins,
        )

    async def agreed_draft(user: User) -> Draft | None:
        draft = await proxies.draft(user.account)
        return draft if draft is not None and draft.agreed else None

    async def ask(user: User) -> Response:
        draft = await agreed_draft(user)
        if draft is None:
            return reception.go("proxies.agree")
        return await show(user, draft, cancelled=request.args.get("over") == "cancelled")

    async def begin(user: User) -> Response:
        draft = await agreed_draft(user)
        if draft is None:
            return reception.go("proxies.agree")
        by_bridge = reader.is_bridge(await request.form)
        if not reader.url and not by_bridge:
            return await show(user, draft, refused=words.NO_READER)
        issued = proxies.prepare(SignedIn(user.session, user.account), draft.terms)
        if isinstance(issued, Problem):
            # Midnight has passed since it was filled in.
            return reception.go("proxies.new")
        if by_bridge:
            return reception.give(for_bridge(issued.challenge, issued.digest_info))
        back_to, here = page("proxies.complete"), request.host_url.rstrip("/")
        address = reader.address(issued.challenge, issued.digest_info, here, back_to)
        return reception.go_to(address, headers=[reception.gone_to_reader(user.session, issued.challenge)])

    async def come_back(_: Guest) -> Response:
        return reception.go("proxies.card", {"over": "cancelled"})

    async def complete(guest: Guest) -> Response:
        if guest is None:
            guest = await reception.back_from_reader((await request.form).get("challenge", ""))
        if not isinstance(guest, Visitor) or guest.account is None:
            # Signed out while the card was read.
            return reception.go("sign_in", {"over": "posted", "next": page("proxies.card")})
        if guest.session.acting_for is not None:
            return reception.tell(NOT_FOR_PROXIES, guest)
        user = User(guest.session, guest.account, guest.csrf)
        draft = await agreed_draft(user)
        if draft is None:
            # Sent again after it was done, by a reload or "back".
            return reception.go("proxies")
        answer = read_answer(await request.form)
        if answer is None:
            return await show(user, draft, refused=UNREADABLE)
        terms = draft.terms
        wanted = Registration(
            terms.scope,
            terms.start,
            terms.end,
            draft.agreed,
            answer.challenge,
            answer.signature,
            answer.certificate,
        )
        done = await proxies.register(SignedIn(user.session, user.account), wanted)
        if isinstance(done, Problem):
            if done.field == "$.certificate":
                # On the screen nothing was sent: a card was read, and it is the wrong one.
                done = msgspec.structs.replace(done, title=WRONG_CARD)
            return await show(user, draft, refused=done)
        return reception.go(
            "proxies.one",
            {"done": "registered"},
            headers=[reception.cookies.card(None)],
            delegation_id=done.delegation_id,
        )

    reception.users("proxies.card", get=ask, post=begin)
    # The card reader's form has no token of this session's; the challenge is this session's, and has this very end.
    reception.guests("proxies.complete", get=come_back, post=complete)

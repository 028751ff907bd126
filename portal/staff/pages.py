"""職員の窓口: signing in with ID and password, the inquiries that wait, answering them (FAQ-2)."""

import base64
import hmac
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.inquiries.model import KINDS
from portal.inquiries.service import InquiryBox
from portal.staff.service import Entered, Refused, SignedInStaff, StaffDesk, Waiting
from portal.web import words
from portal.web.addresses import page
from portal.web.reception import Guest, Reception, Way, typed
from portal.wire.inquiries import DeskInquiry
from portal.wire.limits import INQUIRY_CHARACTERS_MAX
from portal.wire.moments import to_jst
from portal.wire.problems import Problem, ProblemCode

MESSAGES = {"answered": "回答を送りました", "signed_out": "ログアウトしました"}

ACTIONS = {
    "sign_in": "ログインした",
    "sign_in_failed": "ログインに失敗した",
    "locked": "続けて失敗したため、ログインを止めた",
    "sign_out": "ログアウトした",
    "read_inquiry": "お問い合わせを読んだ",
    "answer_inquiry": "お問い合わせに答えた",
}
ABOUT_INQUIRIES = {"read_inquiry", "answer_inquiry"}


class AtDesk(NamedTuple):
    """Somebody at the desk, and what their forms must bring back."""

    staff: SignedInStaff
    csrf: str


View = Callable[..., Awaitable[Response]]


def add_pages(reception: Reception, desk: StaffDesk, inquiries: InquiryBox, csrf_key: bytes) -> None:
    def csrf_of(staff: SignedInStaff) -> str:
        seal = hmac.digest(csrf_key, b"desk " + staff.session.token_hash, "sha256")
        return base64.urlsafe_b64encode(seal).decode()

    async def who() -> AtDesk | None:
        token = request.cookies.get(reception.cookies.staff_name)
        staff = await desk.find(token) if token else None
        return None if staff is None else AtDesk(staff, csrf_of(staff))

    def at_desk(view: View) -> View:
        """For staff who have signed in, with forms of this session."""

        async def met(_: Guest, **path: str) -> Response:
            visitor = await who()
            if visitor is None:
                return reception.go("desk.sign_in")
            if request.method == "POST":
                given = (await request.form).get("csrf", "")
                if not hmac.compare_digest(given.encode("utf-8", "replace"), visitor.csrf.encode()):
                    return reception.say(words.FORGED, None, way=Way("窓口に戻る", page("desk")))
            return await view(visitor, **path)

        return met

    def show_sign_in(error: str | None, status: int = 200) -> Response:
        message = MESSAGES.get(request.args.get("done", ""))
        context = {"errors": {} if error is None else {"password": error}, "message": message}
        return reception.show("staff/sign_in.html", None, context, status=status)

    async def sign_in(_: Guest) -> Response:
        return reception.go("desk") if await who() is not None else show_sign_in(None)

    async def enter(_: Guest) -> Response:
        form = await request.form
        if (refused := reception.too_many_failures()) is not None:
            return reception.tell(refused, None, way=Way("窓口に戻る", page("desk")))
        outcome = await desk.sign_in(typed(form, "staff_id"), form.get("password", ""))
        match outcome:
            case Entered(token):
                return reception.go("desk", headers=[reception.cookies.staff(token)])
            case Refused():
                reception.sign_in_failed()
                return show_sign_in("IDかパスワードが違います。", 403)
            case Waiting(seconds):
                minutes = -(-seconds // 60)
                wait = f"{minutes}分" if seconds > 60 else f"{seconds}秒"
                return show_sign_in(f"いまはログインできません。{wait}ほど待ってから、お試しください。", 429)

    async def sign_out(visitor: AtDesk) -> Response:
        await desk.sign_out(visitor.staff)
        headers = [reception.cookies.staff(None)]
        return reception.go("desk.sign_in", {"done": "signed_out"}, headers=headers)

    def about(visitor: AtDesk) -> dict[str, object]:
        return {"csrf": visitor.csrf, "staff_id": visitor.staff.staff_id}

    async def overview(visitor: AtDesk) -> Response:
        answered = request.args.get("show") == "answered"
        found = await inquiries.for_desk(answered=answered)
        context = {
            **about(visitor),
            "inquiries": [_row(each) for each in found.inquiries],
            "waiting": found.waiting,
            "answered": answered,
            "message": MESSAGES.get(request.args.get("done", "")),
        }
        return reception.show("staff/desk.html", None, context)

    async def actions(visitor: AtDesk) -> Response:
        at = reception.pagination(await desk.actions_count())
        found = await desk.actions((at.page - 1) * at.size, at.size)
        context = {
            **about(visitor),
            "actions": [
                {
                    "at": to_jst(each.at_ms),
                    "staff_id": each.staff_id,
                    "what": ACTIONS.get(each.action, each.action),
                    "inquiry_id": each.about if each.action in ABOUT_INQUIRIES else "",
                }
                for each in found
            ],
            "pagination": at,
        }
        return reception.show("staff/actions.html", None, context)

    def show_one(
        visitor: AtDesk, found: DeskInquiry, text: str, error: str | None, status: int = 200
    ) -> Response:
        context = {
            **about(visitor),
            "inquiry": _row(found),
            "text": text,
            "errors": {} if error is None else {"text": error},
            "characters_max": INQUIRY_CHARACTERS_MAX,
        }
        return reception.show("staff/inquiry.html", None, context, status=status)

    async def one(visitor: AtDesk, inquiry_id: str) -> Response:
        found = await inquiries.one_for_desk(inquiry_id)
        if isinstance(found, Problem):
            return reception.tell(found, None, way=Way("窓口に戻る", page("desk")))
        if reception.asked_by_hand():
            await desk.record(visitor.staff.staff_id, "read_inquiry", inquiry_id)
        return show_one(visitor, found, "", None)

    async def answer(visitor: AtDesk, inquiry_id: str) -> Response:
        found = await inquiries.one_for_desk(inquiry_id)
        if isinstance(found, Problem):
            return reception.tell(found, None, way=Way("窓口に戻る", page("desk")))
        text = typed(await request.form, "text").replace("\r\n", "\n")
        if len(text) > INQUIRY_CHARACTERS_MAX:
            most = f"{INQUIRY_CHARACTERS_MAX}文字までにしてください（いまは{len(text)}文字）。"
            return show_one(visitor, found, text, most, 422)
        noted = desk.note(visitor.staff.staff_id, "answer_inquiry", inquiry_id)
        wrong = await inquiries.answer(inquiry_id, text, [noted])
        if wrong is None:
            return reception.go("desk", {"done": "answered"})
        if wrong.code is ProblemCode.UNPROCESSABLE:
            return show_one(visitor, found, text, wrong.detail, wrong.status)
        return reception.tell(wrong, None, way=Way("窓口に戻る", page("desk")))

    reception.guests("desk.sign_in", get=sign_in, post=enter)
    reception.staff("desk", get=at_desk(overview))
    reception.staff("desk.actions", get=at_desk(actions))
    reception.staff("desk.one", get=at_desk(one), post=at_desk(answer))
    reception.staff("desk.sign_out", post=at_desk(sign_out))


def _row(each: DeskInquiry) -> dict[str, object]:
    return {
        "id": each.inquiry_id,
        "kind": KINDS[each.kind],
        "sent_at": each.sent_at,
        "answered_at": each.answered_at,
        "text": each.text,
        "answer": each.answer,
    }

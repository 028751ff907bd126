"""よくある質問 and お問い合わせ on screen: the FAQ comes first, then the form (FAQ-1, FAQ-2)."""

from typing import Any

import msgspec
from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.inquiries import faq
from portal.inquiries.model import KINDS
from portal.inquiries.service import InquiryBox
from portal.web.addresses import page
from portal.web.design import time_ja
from portal.web.reception import Guest, Reception, User, from_folder, read_key, rows_of, typed
from portal.wire.inquiries import InquiryKind, InquiryState, InquiryView, SearchFaq, SendInquiry
from portal.wire.limits import INQUIRY_CHARACTERS_MAX, SEARCH_TEXT_CHARACTERS_MAX
from portal.wire.problems import Problem, ProblemCode

MESSAGES = {"sent": "お問い合わせを送りました", "deleted": "お問い合わせを削除しました"}
OPTIONS = [{"value": str(kind), "label": label, "note": None} for kind, label in KINDS.items()]

NO_KIND = "お問い合わせの種類を選んでください。"
CHOSEN = "chosen"
"""Stands in the address when the button below the kinds was pressed, whether or not one was chosen."""


def add_pages(reception: Reception, inquiries: InquiryBox) -> None:
    async def questions(guest: Guest) -> Response:
        words, kind = typed(request.args, "words"), _kind(typed(request.args, "kind"))
        too_long = len(words) > SEARCH_TEXT_CHARACTERS_MAX
        found = faq.search(SearchFaq(None if too_long else words, kind))
        context = {
            "nav": "faq",
            "values": {"words": words, "kind": "" if kind is None else str(kind)},
            "errors": {"words": f"{SEARCH_TEXT_CHARACTERS_MAX}文字までにしてください。"} if too_long else {},
            "kinds": OPTIONS,
            "entries": _entries(found),
            "searched": bool(words) or kind is not None,
        }
        return reception.show("inquiries/faq.html", guest, context, status=422 if too_long else 200)

    async def overview(user: User) -> Response:
        every = (await inquiries.listed(user.account)).inquiries
        at = reception.pagination(len(every))
        context = {
            "nav": "faq",
            "inquiries": [_row(each) for each in rows_of(at, every)],
            "pagination": at,
            "message": MESSAGES.get(request.args.get("done", "")),
        }
        return reception.show("inquiries/inquiries.html", user, context)

    def show_form(user: User, values: dict[str, str], errors: dict[str, str], status: int = 200) -> Response:
        kind = _kind(values["kind"])
        context = {
            "nav": "faq",
            "values": values,
            "errors": errors,
            "kinds": OPTIONS,
            "kind_name": None if kind is None else KINDS[kind],
            "entries": [] if kind is None else _entries(faq.search(SearchFaq(None, kind))),
            "characters_max": INQUIRY_CHARACTERS_MAX,
            "key": reception.new_key(),
        }
        return reception.show("inquiries/new.html", user, context, status=status)

    async def form(user: User) -> Response:
        kind = _kind(typed(request.args, "kind"))
        if kind is None and CHOSEN in request.args:
            return show_form(user, {"kind": "", "text": ""}, {"kind": NO_KIND}, 422)
        return show_form(user, {"kind": "" if kind is None else str(kind), "text": ""}, {})

    async def send(user: User) -> Response:
        filled = await request.form
        values = {"kind": typed(filled, "kind"), "text": typed(filled, "text").replace("\r\n", "\n")}
        errors: dict[str, str] = {}
        kind = _kind(values["kind"])
        if kind is None:
            errors["kind"] = NO_KIND
        if not values["text"]:
            errors["text"] = "内容を入力してください。"
        elif len(values["text"]) > INQUIRY_CHARACTERS_MAX:
            errors["text"] = (
                f"{INQUIRY_CHARACTERS_MAX}文字までにしてください（いまは{len(values['text'])}文字）。"
            )
        if errors or kind is None:
            return show_form(user, values, errors, 422)
        wanted = msgspec.convert({"kind": kind, "text": values["text"], "key": read_key(filled)}, SendInquiry)
        sent = await inquiries.send(user.account, wanted)
        if not isinstance(sent, Problem):
            return reception.go("inquiries", {"done": "sent"})
        if sent.code in (ProblemCode.UNPROCESSABLE, ProblemCode.TOO_MANY):
            return show_form(user, values, {"text": sent.detail}, sent.status)
        return reception.tell(sent, user)

    async def one(user: User, inquiry_id: str) -> Response:
        if not reception.asked_by_hand():
            seen = await inquiries.view(user.account, inquiry_id)
            return reception.tell(seen, user) if isinstance(seen, Problem) else reception.go("inquiries")
        content = await inquiries.read(user.account, inquiry_id)
        if isinstance(content, Problem):
            return reception.tell(content, user)
        context = {
            "nav": "faq",
            "inquiry": _row(content.inquiry),
            "text": content.text,
            "answer": content.answer,
        }
        return reception.show("inquiries/inquiry.html", user, context)

    async def ask_to_delete(user: User, inquiry_id: str) -> Response:
        seen = await inquiries.view(user.account, inquiry_id)
        if isinstance(seen, Problem):
            return reception.tell(seen, user)
        happens = [
            f"お問い合わせ：{KINDS[seen.kind]}（{time_ja(seen.sent_at)}に送ったもの）",
            "お問い合わせと、その回答が消えます。",
        ]
        if seen.state is InquiryState.SENT:
            happens.append("まだ回答がありません。削除すると、回答は届きません。")
        context = {
            "nav": "faq",
            "title": "このお問い合わせを削除しますか",
            "happens": happens,
            "action": page("inquiries.delete", inquiry_id=inquiry_id),
            "fields": from_folder(request.args),
            "label": "削除する",
            "back": {
                "label": "削除せずに戻る",
                "url": page("folder" if from_folder(request.args) else "inquiries"),
            },
        }
        return reception.show("confirm.html", user, context)

    async def delete(user: User, inquiry_id: str) -> Response:
        wrong = await inquiries.delete(user.account, inquiry_id)
        if wrong is not None:
            return reception.tell(wrong, user)
        return reception.go("folder" if from_folder(await request.form) else "inquiries", {"done": "deleted"})

    reception.guests("faq", get=questions)
    reception.users("inquiries", get=overview)
    reception.users("inquiries.new", get=form, post=send)
    reception.users("inquiries.one", get=one)
    reception.users("inquiries.delete", get=ask_to_delete, post=delete)


def _kind(text: str) -> InquiryKind | None:
    try:
        return InquiryKind(text)
    except ValueError:
        return None


def _entries(found: Any) -> list[dict[str, str]]:
    return [
        {"id": each.faq_id, "kind": KINDS[each.kind], "question": each.question, "answer": each.answer}
        for each in found
    ]


def _row(seen: InquiryView) -> dict[str, Any]:
    state = "waiting"
    if seen.state is InquiryState.ANSWERED:
        state = "read" if seen.read else "unread"
    return {
        "id": seen.inquiry_id,
        "kind": KINDS[seen.kind],
        "state": state,
        "sent_at": seen.sent_at,
        "answered_at": seen.answered_at,
    }

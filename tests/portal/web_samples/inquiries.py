"""Samples of FAQ and inquiries."""

from typing import Any

from portal.web.design import Pagination
from web_samples.frame import ANSWERED, ASKED, Context, Sample, guest, page

_KINDS: list[Context] = [
    {"value": "sign_in", "label": "ログイン・カード", "note": None},
    {"value": "other", "label": "そのほか", "note": None},
]

_ENTRIES: list[Context] = [
    {
        "id": "card",
        "kind": "ログイン・カード",
        "question": "ログインには何が要りますか",
        "answer": "カードです。",
    }
]


def inquiry(state: str, **more: Any) -> Context:
    answered = None if state == "waiting" else ANSWERED
    return {
        "id": "q1",
        "kind": "ログイン・カード",
        "state": state,
        "sent_at": ASKED,
        "answered_at": answered,
        "text": "<b>読めません</b>\n二行目",
        "answer": None if answered is None else "カードを確かめてください。",
        **more,
    }


SAMPLES: list[Sample] = [
    (
        "faq",
        "inquiries/faq.html",
        guest(values={"words": "", "kind": ""}, errors={}, kinds=_KINDS, entries=_ENTRIES, searched=False),
    ),
    (
        "faq_nothing",
        "inquiries/faq.html",
        page(
            nav="faq",
            values={"words": "ぬ", "kind": "other"},
            errors={},
            kinds=_KINDS,
            entries=[],
            searched=True,
        ),
    ),
    (
        "inquiry_kind",
        "inquiries/new.html",
        page(
            nav="faq",
            values={"kind": "", "text": ""},
            errors={},
            kinds=_KINDS,
            kind_name=None,
            entries=[],
            characters_max=2000,
            key="k",
        ),
    ),
    (
        "inquiry_wrong",
        "inquiries/new.html",
        page(
            nav="faq",
            values={"kind": "sign_in", "text": ""},
            errors={"text": "内容を入力してください。"},
            kinds=_KINDS,
            kind_name="ログイン・カード",
            entries=_ENTRIES,
            characters_max=2000,
            key="k",
        ),
    ),
    (
        "inquiries",
        "inquiries/inquiries.html",
        page(
            nav="faq",
            inquiries=[inquiry("waiting"), inquiry("unread"), inquiry("read")],
            pagination=Pagination(1, 20, 3, "?page="),
            message="お問い合わせを送りました",
        ),
    ),
    (
        "inquiries_nothing",
        "inquiries/inquiries.html",
        page(nav="faq", inquiries=[], pagination=Pagination(1, 20, 0, "?page="), message=None),
    ),
    (
        "inquiry_waiting",
        "inquiries/inquiry.html",
        page(nav="faq", inquiry=inquiry("waiting"), text="読めません", answer=None),
    ),
    (
        "inquiry_answered",
        "inquiries/inquiry.html",
        page(
            nav="faq", inquiry=inquiry("read"), text="<i>読めません</i>\n二行目", answer="確かめて\nください"
        ),
    ),
]

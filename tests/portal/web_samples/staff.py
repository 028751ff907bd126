"""Samples of those who answer inquiries."""

from typing import Any

from portal.web.design import Pagination
from web_samples.frame import ASKED, Context, Sample, guest
from web_samples.inquiries import inquiry


def _desk(**more: Any) -> Context:
    return guest(csrf="sample-token", staff_id="operator", **more)


SAMPLES: list[Sample] = [
    ("desk_sign_in", "staff/sign_in.html", guest(errors={}, message="ログアウトしました")),
    (
        "desk_sign_in_wrong",
        "staff/sign_in.html",
        guest(errors={"password": "IDかパスワードが違います。"}, message=None),
    ),
    (
        "desk",
        "staff/desk.html",
        _desk(inquiries=[inquiry("waiting")], waiting=3, answered=False, message="回答を送りました"),
    ),
    ("desk_nothing", "staff/desk.html", _desk(inquiries=[], waiting=0, answered=True, message=None)),
    (
        "desk_actions",
        "staff/actions.html",
        _desk(
            actions=[
                {"at": ASKED, "staff_id": "operator", "what": "お問い合わせを読んだ", "inquiry_id": "a" * 24},
                {"at": ASKED, "staff_id": "", "what": "ログインに失敗した", "inquiry_id": ""},
            ],
            pagination=Pagination(1, 20, 45, "?page="),
        ),
    ),
    (
        "desk_inquiry",
        "staff/inquiry.html",
        _desk(
            inquiry=inquiry("waiting"),
            text="",
            errors={"text": "内容を入力してください。"},
            characters_max=2000,
        ),
    ),
    (
        "desk_inquiry_answered",
        "staff/inquiry.html",
        _desk(inquiry=inquiry("read"), text="", errors={}, characters_max=2000),
    ),
]

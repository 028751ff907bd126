"""Samples of the one list over the folder."""

import datetime
from typing import Any

from web_samples.frame import ANSWERED, ASKED, TODAY, Context, Sample, page


def _lying(number: int, state: str, stay: str, **more: Any) -> Context:
    return {
        "id": f"f{number}",
        "url": f"/records/f{number}",
        "delete_url": f"/folder/f{number}/delete",
        "kind": "あなたの情報",
        "title": "地方税関係情報",
        "sender": "東京都千代田区",
        "state": state,
        "answering": None,
        "deadline": None,
        "at": ASKED if stay == "waiting" else ANSWERED,
        "withdraws": stay == "waiting",
        "stay": stay,
        "kept_until": datetime.date(2027, 11, 23) if stay == "day" else None,
        **more,
    }


def _folder(**more: Any) -> Context:
    nothing = {"year": "", "month": "", "day": ""}
    return page(
        **{
            "nav": "folder",
            "items": [],
            "values": {"kind": "", "text": "", "unread": False, "first_day": nothing, "last_day": nothing},
            "errors": {},
            "example": TODAY,
            "kinds": [
                {"value": "notice", "label": "お知らせ"},
                {"value": "inquiry", "label": "お問い合わせ"},
            ],
            "searched": False,
            "unread": False,
            "first": True,
            "here": "/folder",
            "older": None,
            "message": None,
            **more,
        }
    )


_SEARCHED = {
    "kind": "notice",
    "text": "<予防接種>",
    "unread": True,
    "first_day": {"year": "2026", "month": "2", "day": "30"},
    "last_day": {"year": "", "month": "", "day": ""},
}

SAMPLES: list[Sample] = [
    (
        "folder_all",
        "inbox/folder.html",
        _folder(
            items=[
                _lying(1, "unread", "day", kind="やりとり履歴", title="令和8年1月1日からの記録"),
                _lying(2, "read", "sign_out"),
                _lying(3, "waiting", "waiting"),
                _lying(4, "paper", "day"),
                _lying(5, "withheld", "day"),
                _lying(6, "not_held", "day"),
                _lying(7, "unanswered", "day"),
                _lying(8, "refused", "day"),
                _lying(
                    9,
                    "unread",
                    "day",
                    kind="アンケート",
                    title="<b>面談</b>の日程について\u202e",
                    answering="to_answer",
                    deadline=ANSWERED,
                ),
                _lying(10, "withdrawn", "day", kind="お知らせ", title="四種混合の予防接種のお知らせ"),
                _lying(
                    11,
                    "waiting",
                    "waiting",
                    kind="お問い合わせ",
                    title="「お知らせ」のお問い合わせ",
                    withdraws=False,
                ),
            ],
            older="/folder?before=1.2-a.3-b",
        ),
    ),
    ("folder_empty", "inbox/folder.html", _folder(message="利用者フォルダーから削除しました")),
    ("folder_all_seen", "inbox/folder.html", _folder(searched=True, unread=True)),
    (
        "folder_wrong",
        "inbox/folder.html",
        _folder(
            values=_SEARCHED,
            errors={
                "first_day_year": "「はじめの日」に、ない日付が入っています。年は西暦4けたで入れてください。"
            },
            searched=True,
        ),
    ),
    ("folder_nothing_found", "inbox/folder.html", _folder(values=_SEARCHED, searched=True)),
    (
        "folder_not_found_yet",
        "inbox/folder.html",
        _folder(values=_SEARCHED, searched=True, first=False, older="/folder?text=a&before=1.2-a.3-b"),
    ),
    ("folder_behind_the_last", "inbox/folder.html", _folder(first=False)),
]

"""Samples of notices and their questionnaires."""

import datetime

from web_samples.frame import ASKED, LONG_NICKNAME, TODAY, Context, Sample, as_proxy, page

UNTIL = ASKED + datetime.timedelta(days=30)


def _notice(number: int, **more: object) -> Context:
    return {
        "id": str(number),
        "title": "四種混合の予防接種のお知らせ",
        "sender": "東京都千代田区",
        "affair": "予防接種の実施に関する事務",
        "arrived_at": ASKED,
        "kept_until": TODAY,
        "state": "unread",
        "answering": None,
        "deadline": None,
        **more,
    }


def _listed(**more: object) -> Context:
    return page(
        **{
            "nav": "notices",
            "notices": [],
            "unopened": False,
            "first": True,
            "older": None,
            "message": None,
            **more,
        }
    )


def _question(number: int, kind: str, **more: object) -> Context:
    return {
        "name": f"q{number}",
        "label": f"問{number + 1}　希望を教えてください",
        "kind": kind,
        "required": number == 0,
        "options": [{"value": each, "label": each, "note": None} for each in ("月曜日", "土曜日")],
        "chosen": ["月曜日"],
        "text": "夜がよいです",
        "day": {"year": "2026", "month": "12", "day": "1"},
        **more,
    }


_QUESTIONS = [_question(n, kind) for n, kind in enumerate(("choice", "choices", "text", "date"))]

_ASKED: Context = {"deadline": UNTIL, "open": True, "questions": _QUESTIONS, "given": [], "version": "0" * 16}


def _one(**more: object) -> Context:
    return page(
        **{
            "nav": "notices",
            "notice": _notice(1, state="read"),
            "paragraphs": [
                "お子さんの予防接種の時期になりました。\n予診票を持ってお出かけください。",
                "<b>千代田区</b>",
            ],
            "service": None,
            "payment_url": None,
            "attachments": [],
            "questionnaire": None,
            "files": {"csv": "/notices/1/file/csv", "pdf": "/notices/1/file/pdf"},
            "example": TODAY,
            "errors": {},
            "message": None,
            "overtaken": None,
            **more,
        }
    )


_MANY = [
    _notice(9, answering="to_answer", deadline=UNTIL),
    _notice(8, state="read", answering="given", deadline=UNTIL, title="とても長い件名の" * 8),
    _notice(7, state="read", answering="closed", deadline=UNTIL),
    _notice(6, state="withdrawn"),
]

SAMPLES: list[Sample] = [
    ("notices_empty", "notices/notices.html", _listed()),
    ("notices_none_unopened", "notices/notices.html", _listed(unopened=True)),
    ("notices_beyond", "notices/notices.html", _listed(first=False)),
    (
        "notices",
        "notices/notices.html",
        _listed(notices=_MANY, older="?before=6", message="お知らせを削除しました", nickname=LONG_NICKNAME),
    ),
    ("notices_older", "notices/notices.html", _listed(notices=_MANY, first=False)),
    ("notice", "notices/notice.html", _one()),
    (
        "notice_whole",
        "notices/notice.html",
        _one(
            service={"label": "予約のページ", "url": "https://example.jp/yoyaku"},
            payment_url="https://pay.example.jp/1",
            attachments=[
                {"name": "領収書.pdf", "kind": "PDF", "size": "3KB", "url": "/notices/1/attachments/0"}
            ],
            questionnaire=_ASKED,
        ),
    ),
    (
        "notice_wrong",
        "notices/notice.html",
        _one(
            questionnaire=_ASKED,
            errors={
                "q0": "問1：必ず答える設問です。",
                "q2": "問3は1000文字までで入れてください。",
                "q3_year": "問4：ある日付を。",
            },
        ),
    ),
    (
        "notice_given",
        "notices/notice.html",
        _one(
            questionnaire={
                **_ASKED,
                "given": ["月曜日", "土曜日、月曜日", "夜がよいです", "令和8年12月1日（2026年）"],
            },
            message="回答を送りました",
        ),
    ),
    (
        "notice_overtaken",
        "notices/notice.html",
        _one(
            questionnaire={**_ASKED, "given": ["月曜日", "土曜日", "夜がよいです", "（回答なし）"]},
            overtaken="この画面を開いたあとに、別の画面から回答が送られています。今回の回答は送っていません。",
        ),
    ),
    ("notice_closed", "notices/notice.html", _one(questionnaire={**_ASKED, "open": False})),
    ("notice_withdrawn", "notices/notice.html", _one(notice=_notice(1, state="withdrawn"), paragraphs=[])),
]
SAMPLES += as_proxy(SAMPLES, "notices_empty", "notice_whole")

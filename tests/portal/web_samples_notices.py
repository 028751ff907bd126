"""A sample context for every screen of notices, in more than one state: what `test_web_design.py` renders."""

import datetime

from web_samples import ASKED, LONG_NICKNAME, TODAY, Context, Sample, _page, _system

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
    return _page(
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
    return _page(
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

NOTICES: list[Sample] = [
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


_SEND: Context = {
    "url": "/notices/a?organisation=0000113101600001",
    "title": "四種混合の予防接種のお知らせ",
    "kind": "info",
    "label": "送信中",
    "sign": "waiting",
    "opened_at": ASKED,
    "recipients": 1_000_000,
    "delivered": 420_000,
    "without_folder": 80_000,
    "opened": 3,
    "answered": 1,
}


def _servers(**more: object) -> Context:
    return {**_system("模擬中間サーバー", "各機関の中間サーバーのかわりです"), **more}


def _sends(**more: object) -> Context:
    return _servers(
        **{
            "organisation": "0000113101600001",
            "name": "東京都千代田区",
            "sends": [],
            "cap": 1_000_000,
            "action": "/notices",
            "new_url": "/notices/new",
            "folder_action": "/notices/folder",
            "folder": {"person": "", "said": "", "error": ""},
            "errors": {},
            **more,
        },
    )


_DAY: Context = {"year": "2026", "month": "12", "day": "31"}


def _form(**more: object) -> Context:
    values = {
        **dict.fromkeys(
            ("affair", "title", "text", "service_label", "service_url", "payment_url", "person"), ""
        ),
        "to": "one",
        "form": "csv",
        "kept": _DAY,
        "deadline": _DAY,
        "collect": _DAY,
        "questions": [{"text": "", "kind": "", "required": True, "choices": ""}] * 5,
    }
    return _servers(
        **{
            "name": "東京都千代田区",
            "action": "/notices/new",
            "back_url": "/notices",
            "key": "k",
            "affairs": [{"value": "JM90000000000003", "label": "予防接種の実施に関する事務"}],
            "kinds": [{"value": "", "label": "使わない"}, {"value": "text", "label": "文章で答える"}],
            "cap": 10_000,
            "values": values,
            "errors": {},
            "example": TODAY,
            **more,
        },
    )


def _send(**more: object) -> Context:
    return _servers(
        **{
            "name": "東京都千代田区",
            "send": {**_SEND, "key": "k", "reason": None, "polled_at": None},
            "state": "sending",
            "share": 50,
            "received_bytes": 17_000_000,
            "mistakes": [],
            "mistakes_more": 0,
            "cap": 1_000_000,
            "bulk": True,
            "rows": [
                [
                    "1",
                    "000000000000012",
                    "開封",
                    [("問1　希望する曜日", "月曜日"), ("問2　受けたい日", "（回答なし）")],
                ]
            ],
            "more_url": "/notices/a?after=1",
            "urls": {
                name: f"/notices/a/{name}" for name in ("file", "part", "confirm", "poll", "cancel", "events")
            },
            "back_url": "/notices",
            "again_url": None,
            "can_cancel": True,
            "refresh_seconds": 3,
            "part_bytes": 262_144,
            "message": None,
            **more,
        },
    )


NOTICES += [
    ("sends_none_picked", "intermediate/notices.html", _sends(name=None, new_url=None, folder_action=None)),
    (
        "sends_wrong",
        "intermediate/notices.html",
        _sends(name=None, errors={"organisation": "数字で入れてください。"}),
    ),
    ("sends_empty", "intermediate/notices.html", _sends()),
    (
        "sends",
        "intermediate/notices.html",
        _sends(
            sends=[_SEND, {**_SEND, "kind": "error", "label": "受け付けていません", "sign": None}],
            folder={"person": "12", "said": "フォルダーがあります。", "error": ""},
        ),
    ),
    (
        "sends_folder_wrong",
        "intermediate/notices.html",
        _sends(folder={"person": "x", "said": "", "error": "数字で。"}),
    ),
    ("notice_form", "intermediate/notice_form.html", _form()),
    (
        "notice_form_wrong",
        "intermediate/notice_form.html",
        _form(
            errors={
                "affair": "事務を選んでください。",
                "kept_year": "ある日付を。",
                "attachment": "種類が違います。",
                "q0_text": "問1の文を。",
            }
        ),
    ),
    ("notice_send", "intermediate/notice_send.html", _send()),
    (
        "notice_send_receiving",
        "intermediate/notice_send.html",
        _send(state="receiving", refresh_seconds=0, rows=[], message="宛先ファイルを受け取りました"),
    ),
    (
        "notice_send_refused",
        "intermediate/notice_send.html",
        _send(
            state="refused",
            send={
                **_SEND,
                "key": "k",
                "reason": "誤りがあります。",
                "polled_at": ASKED,
                "kind": "error",
                "sign": None,
            },
            mistakes=[["3", "1", "宛名番号", "15桁までの数字で入れてください。"]],
            mistakes_more=480,
            refresh_seconds=0,
            again_url="/notices/new?like=a",
            can_cancel=False,
        ),
    ),
    (
        "notice_send_receiving_mistakes",
        "intermediate/notice_send.html",
        _send(
            state="receiving",
            mistakes=[["3", "1", "宛名番号", "15桁までの数字で入れてください。"]],
            refresh_seconds=0,
            rows=[],
            again_url="/notices/new?like=a",
        ),
    ),
    (
        "notice_cancel",
        "intermediate/notice_cancel.html",
        _servers(
            title="お知らせ",
            action="/notices/a/cancel",
            back_url="/notices/a",
        ),
    ),
]

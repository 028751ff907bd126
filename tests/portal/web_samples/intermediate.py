"""Samples of a clerk's notices at the intermediate server."""

from web_samples.frame import ASKED, TODAY, Context, Sample, system

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
    return {**system("模擬中間サーバー", "各機関の中間サーバーのかわりです"), **more}


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
            "attached": None,
            "affairs": [{"value": "JM90000000000003", "label": "予防接種の実施に関する事務"}],
            "kinds": [{"value": "", "label": "使わない"}, {"value": "text", "label": "文章で答える"}],
            "cap": 10_000,
            "values": values,
            "errors": {},
            "example": TODAY,
            **more,
        },
    )


_KINDS = ("choice", "choices", "text", "date")


def _question(number: int, kind: str) -> Context:
    return {
        "name": f"q{number}",
        "label": f"問{number + 1}　希望する曜日",
        "kind": kind,
        "required": number % 2 == 0,
        "options": [{"value": each, "label": each, "note": None} for each in ("月曜日", "土曜日")],
        "chosen": [],
        "text": "",
        "day": {"year": "", "month": "", "day": ""},
    }


def _review(**more: object) -> Context:
    return _servers(
        **{
            "name": "東京都千代田区",
            "affair": "予防接種の実施に関する事務",
            "person": "000000000000012",
            "typed": "131016-12",
            "title": "四種混合の予防接種のお知らせ",
            "paragraphs": ["お子さんの予防接種の時期になりました。", "予診票を持って\nお出かけください。"],
            "kept_until": TODAY,
            "service": None,
            "payment_url": None,
            "attachments": [],
            "questionnaire": None,
            "example": TODAY,
            "changed": False,
            "minutes": 60,
            "fields": {"key": "k", "version": "v"},
            "action": "/notices/review",
            "rewrite_url": "/notices/new?draft=k",
            "back_url": "/notices",
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
            "asked": True,
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
                name: f"/notices/a/{name}"
                for name in (
                    "file",
                    "part",
                    "confirm",
                    "poll",
                    "cancel",
                    "events",
                    "recipients.csv",
                    "answers.csv",
                )
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


SAMPLES: list[Sample] = [
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
    (
        "notice_form_again",
        "intermediate/notice_form.html",
        _form(attached={"name": "領収書.pdf", "kind": "PDF", "size": "12KB"}),
    ),
    ("notice_review", "intermediate/notice_review.html", _review()),
    (
        "notice_review_with_everything",
        "intermediate/notice_review.html",
        _review(
            service={"label": "予約のページ", "url": f"https://example.jp/{'a' * 80}"},
            payment_url="https://pay.example.jp/1",
            attachments=[{"name": "領収書.pdf", "kind": "PDF", "size": "12KB"}],
            questionnaire={
                "deadline": ASKED,
                "collect_until": ASKED,
                "questions": [_question(number, kind) for number, kind in enumerate(_KINDS)],
            },
            changed=True,
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

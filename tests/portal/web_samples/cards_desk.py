"""Samples of the desk of virtual cards: reader, consent."""

from typing import Any

from web_samples.frame import Context, Sample, core_system, system


def _reader(**more: Any) -> Context:
    return system(
        "模擬カードリーダー",
        "カードリーダーと、読み取りソフトの代わりです",
        **{
            "action": "/read",
            "fields": {"challenge": "c2FtcGxl", "state": "s"},
            "asked_by": "マイナポータル（模擬）",
            "cards": [
                {
                    "value": "131016-12",
                    "label": "131016-12　東京都千代田区",
                    "note": "この模擬カードの暗証番号：1234",
                },
                {
                    "value": "011002-7",
                    "label": "011002-7　北海道札幌市",
                    "note": "この模擬カードの暗証番号：1234",
                },
                {
                    "value": "473014-3",
                    "label": "473014-3　沖縄県国頭村",
                    "note": "電子証明書が失効しています",
                },
            ],
            "values": {"card": "131016-12", "resident": ""},
            "errors": {},
            "tries_left": None,
            "tries_max": 3,
            "locked": False,
            "cancel_url": "/back",
            **more,
        },
    )


_CARDS = [{"value": "131016-12", "label": "見本　花子（42歳、東京都千代田区）", "note": "暗証番号 1234"}]


def _consent(**more: Any) -> Context:
    return core_system(
        **{
            "action": "/consent",
            "seal": "s",
            "site": "https://city.example",
            "wish": "署名用電子証明書で署名する",
            "note": "実印を押すのと同じです。",
            "pin_label": "署名用パスワード（英数字6〜16文字）",
            "pin_max": 16,
            "cards": _CARDS,
            "values": {"card": "131016-12"},
            "trouble": None,
            **more,
        }
    )


SAMPLES: list[Sample] = [
    ("reader", "cards_desk/reader.html", _reader()),
    (
        "reader_wrong_pin",
        "cards_desk/reader.html",
        _reader(tries_left=2, errors={"pin": "暗証番号が違います。あと2回です"}),
    ),
    ("reader_locked", "cards_desk/reader.html", _reader(locked=True, tries_left=0)),
    (
        "reader_unknown",
        "cards_desk/reader.html",
        _reader(
            values={"card": "other", "resident": "999999-1"},
            errors={
                "resident": "この番号の住民はいません。例：131016-12",
                "pin": "4けたの数字を入れてください",
            },
            cards=[],
        ),
    ),
    (
        "read",
        "cards_desk/read.html",
        system(
            "模擬カードリーダー",
            "カードリーダーと、読み取りソフトの代わりです",
            action="/sign-in/card",
            fields={"signature": "c2ln", "certificate": "Y2VydA", "state": "s"},
            asked_by="マイナポータル（模擬）",
        ),
    ),
    (
        "cards_desk",
        "cards_desk/desk.html",
        core_system(cards=_CARDS, document_url="/openapi.json", health_url="/health"),
    ),
    ("consent", "cards_desk/consent.html", _consent()),
    (
        "consent_wrong",
        "cards_desk/consent.html",
        _consent(trouble="暗証番号が違います", errors={"pin": "あと4回間違えると、使えなくなります"}),
    ),
    (
        "consent_done",
        "cards_desk/consent_done.html",
        core_system(title="同意しました", line="もとの画面に戻ってください。"),
    ),
]

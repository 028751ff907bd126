"""Samples of what simulators show besides the citizen's way through them: first pages, refusals, consent."""

from typing import Any

Context = dict[str, Any]
Sample = tuple[str, str, Context]


def _page(**more: Any) -> Context:
    return {
        "system": {
            "name": "模擬コアシステム",
            "plays": "情報提供ネットワークシステムの代わりです",
            "home": "/",
            "nav": [{"label": "はじめのページ", "url": "/", "here": True}],
            "real": ["記録の項目"],
            "assumed": ["回答にかかる時間"],
            "refused": [],
        },
        "errors": {},
        **more,
    }


_CARDS = [{"value": "131016-12", "label": "見本　花子（42歳、東京都千代田区）", "note": "暗証番号 1234"}]
_CONTROLS: Context = {
    "kind": "warning",
    "says": "後日回答",
    "modes": [{"value": "normal", "label": "動かす"}, {"value": "stopped", "label": "止める"}],
    "late": {"value": "late", "label": "後日回答にする"},
    "late_seconds": "60",
    "by_organisation": True,
    "organisation": "131016",
    "stop": {"value": "stopped", "label": "止める"},
    "start": {"value": "normal", "label": "動かす"},
    "stopped": [{"code": "0000013101600000", "name": "東京都千代田区"}],
}


def _entrance(**more: Any) -> Context:
    operations = [
        {"summary": "自己情報を持つ機関を探す", "address": "POST /jtk/holders", "callers": "マイナポータル"}
    ]
    return _page(
        **{
            "done": "",
            "action": "/controls",
            "operations": operations,
            "document_url": "/openapi.json",
            "health_url": "/health",
            "controls": _CONTROLS,
            **more,
        }
    )


def _consent(**more: Any) -> Context:
    return _page(
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


ENTRANCES: list[Sample] = [
    ("entrance", "entrance/entrance.html", _entrance(done="止めました")),
    ("entrance_plain", "entrance/entrance.html", _entrance(controls=None)),
    (
        "entrance_wrong",
        "entrance/entrance.html",
        _entrance(errors={"organisation": "この機関はありません", "late_seconds": "数字を入れてください"}),
    ),
    (
        "entrance_said",
        "entrance/said.html",
        _page(
            title="ページが見つかりません",
            lines=["アドレスを確かめてください。"],
            back={"label": "はじめのページに戻る", "url": "/"},
        ),
    ),
    ("desk", "cards_desk/desk.html", _page(cards=_CARDS, document_url="/openapi.json", health_url="/health")),
    ("consent", "cards_desk/consent.html", _consent()),
    (
        "consent_wrong",
        "cards_desk/consent.html",
        _consent(trouble="暗証番号が違います", errors={"pin": "あと4回間違えると、使えなくなります"}),
    ),
    (
        "consent_done",
        "cards_desk/consent_done.html",
        _page(title="同意しました", line="もとの画面に戻ってください。"),
    ),
]

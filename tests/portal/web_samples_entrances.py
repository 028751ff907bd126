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


def _now(**more: Any) -> Context:
    rate = {
        "name": "rate",
        "label": "流す量",
        "value": "actual",
        "hint": "off（止める）、actual（27件）",
        "options": [],
        "required": True,
    }
    kind = {
        **rate,
        "name": "kind",
        "label": "異動",
        "hint": "",
        "options": [("move", "転居"), ("death", "死亡")],
    }
    flow = {
        "name": "traffic",
        "title": "ほかの機関どうしの照会",
        "text": "流している間、記録が増えます。",
        "pairs": [("流す量", "1秒に27件")],
        "table": None,
        "form": {"fields": [rate, kind], "button": "変える", "method": "post"},
    }
    columns = ["照会日時", "照会機関", "提供機関", "特定個人情報", "結果"]
    row = ["2026-04-01 09:00:00", "横浜市", "東京都千代田区", "地方税関係情報", "提供"]
    latest = {**flow, "name": "latest", "title": "新しい照会", "text": "", "pairs": [], "form": None}
    sections = [
        flow,
        {**latest, "table": {"columns": columns, "rows": [row], "empty": "ありません。"}},
        {**latest, "name": "stopped", "table": {"columns": columns, "rows": [], "empty": "まだありません。"}},
    ]
    return _page(**{"title": "いまの様子", "done": "", "action": "/now", "sections": sections, **more})


def _vaccination(stage: str, here: int, **more: Any) -> Context:
    labels = ("はじめる前", "対象者を選びました", "お知らせを送りました", "全員の接種が終わりました")
    states = ["done"] * here + ["here"] + ["ahead"] * (len(labels) - here - 1)
    people = [
        {"id": f"194433-{number}", "pin": "1234", "state": state, "fresh": False}
        for number, state in enumerate(("vaccinated", "with_folder", "without_folder", "unknown"), 9)
    ]
    return _page(
        **{
            "town": "山梨県丹波山村",
            "vaccine": "高齢者肺炎球菌",
            "stages": [{"label": label, "state": state} for label, state in zip(labels, states, strict=True)],
            "stage": stage,
            "next": {"step": "x", "label": "次へ", "does": "次に進みます。", "url": "/vaccination/x"},
            "pick_url": None,
            "again_url": "/vaccination/begin_again",
            "due": 24,
            "with_folder": 2,
            "on_paper": 22,
            "closed": 0,
            "left": 24,
            "sends": [],
            "people": people,
            "choices": [],
            "portal_url": "http://127.0.0.1:8600",
            "staff_url": "http://127.0.0.1:8605/notices",
            "refused": None,
            "refresh_seconds": 0,
            **more,
        }
    )


_SENDS = [
    {"title": "予防接種のお知らせ", "url": "http://127.0.0.1:8605/a", "said": "2件のうち1件", "moving": True}
]
_CHOICES = [{"value": "7", "label": "194433-9", "note": None}]

ENTRANCES: list[Sample] = [
    ("vaccination_planned", "vaccination/vaccination.html", _vaccination("planned", 0, again_url=None)),
    (
        "vaccination_refused",
        "vaccination/vaccination.html",
        _vaccination("picked", 1, pick_url="/vaccination/pick", refused="対象者が、まだいません。"),
    ),
    (
        "vaccination_told",
        "vaccination/vaccination.html",
        _vaccination("told", 2, sends=_SENDS, choices=_CHOICES, refresh_seconds=3),
    ),
    (
        "vaccination_on_paper",
        "vaccination/vaccination.html",
        _vaccination("picked", 1, pick_url="/vaccination/pick", with_folder=0, on_paper=24),
    ),
    ("vaccination_told_on_paper", "vaccination/vaccination.html", _vaccination("told", 2, with_folder=0)),
    ("vaccination_claimed", "vaccination/vaccination.html", _vaccination("claimed", 2, sends=_SENDS)),
    ("vaccination_reminded", "vaccination/vaccination.html", _vaccination("reminded", 2, sends=_SENDS)),
    ("vaccination_closed", "vaccination/vaccination.html", _vaccination("closed", 3, next=None)),
    ("now", "entrance/now.html", _now(done="行いました")),
    (
        "now_wrong",
        "entrance/now.html",
        _now(errors={"rate": "件数を入れてください", "kind": "選んでください"}),
    ),
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

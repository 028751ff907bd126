"""Samples of the simulators' first pages, and what goes on in them now."""

from typing import Any

from web_samples.frame import Context, Sample, core_system

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
    return core_system(
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
    return core_system(**{"title": "いまの様子", "done": "", "action": "/now", "sections": sections, **more})


SAMPLES: list[Sample] = [
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
        core_system(
            title="ページが見つかりません",
            lines=["アドレスを確かめてください。"],
            back={"label": "はじめのページに戻る", "url": "/"},
        ),
    ),
]

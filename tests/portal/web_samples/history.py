"""Samples of the history of what was done."""

from typing import Any

from web_samples.frame import ASKED, TODAY, Context, Sample, page

_NO_DAYS: Context = {name: {"year": "", "month": "", "day": ""} for name in ("first_day", "last_day")}

_HISTORY_CHOICES: Context = {
    name: [{"value": "one", "label": "ログイン・ログアウト"}, {"value": "two", "label": "あなたの情報"}]
    for name in ("services", "actions", "operators")
}


def _history(**more: Any) -> Context:
    return page(
        nav="history",
        **{
            "values": {**_NO_DAYS, "service": "", "action": "", "operator": ""},
            "errors": {},
            "example": TODAY,
            "oldest": TODAY,
            **_HISTORY_CHOICES,
            "lines": [],
            "searched": False,
            "file": "/history/file",
            "more": None,
            **more,
        },
    )


def _history_line(**more: Any) -> Context:
    words = {"service": "あなたの情報", "action": "閲覧", "operator": "本人", "proxy": False, "detail": ""}
    return {"at": ASKED, **words, **more}


SAMPLES: list[Sample] = [
    (
        "history",
        "history/history.html",
        _history(
            lines=[
                _history_line(),
                _history_line(operator="代理人", proxy=True),
                _history_line(service="ログイン・ログアウト", action="ログイン", detail="パソコン"),
            ],
            more="/history?before=x",
        ),
    ),
    ("history_nothing", "history/history.html", _history(searched=True)),
    (
        "history_wrong",
        "history/history.html",
        _history(
            errors={"last_day_year": "終わりの日は、始まりの日と同じか後にしてください。"}, searched=True
        ),
    ),
]

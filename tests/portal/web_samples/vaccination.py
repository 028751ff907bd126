"""Samples of a vaccination campaign."""

from typing import Any

from web_samples.frame import Context, Sample, core_system


def _vaccination(stage: str, here: int, **more: Any) -> Context:
    labels = ("はじめる前", "対象者を選びました", "お知らせを送りました", "全員の接種が終わりました")
    states = ["done"] * here + ["here"] + ["ahead"] * (len(labels) - here - 1)
    people = [
        {"id": f"194433-{number}", "pin": "1234", "state": state, "fresh": False}
        for number, state in enumerate(("vaccinated", "with_folder", "without_folder", "unknown"), 9)
    ]
    return core_system(
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

SAMPLES: list[Sample] = [
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
]

"""Samples of proxies."""

import datetime

from portal.web.design import date_parts
from web_samples.frame import ACTING, BRIDGE, LONG_NICKNAME, TODAY, Context, Sample, page

LATER = TODAY + datetime.timedelta(days=300)

_CHIPS: dict[str, Context] = {
    "active": {"kind": "success", "label": "有効", "sign": None},
    "pending": {"kind": "info", "label": "まだ始まっていません", "sign": "waiting"},
    "ended": {"kind": "neutral", "label": "本人が終えました", "sign": None},
}


def _one(state: str = "active", **more: object) -> Context:
    return {
        "id": f"d-{state}",
        "nickname": "りんご",
        "chip": _CHIPS[state],
        "going": state != "ended",
        "active": state == "active",
        "start": TODAY,
        "end": LATER,
        "soon": False,
        "rights": ["あなたの情報", "お知らせ"],
        **more,
    }


_SCOPE: Context = {
    "start": TODAY,
    "end": LATER,
    "rights": ["あなたの情報", "やりとり履歴", "お知らせ"],
    "information": ["地方税関係情報", "予防接種に関する情報"],
    "mail": True,
    "warn_days": 30,
    "memo": "入院のあいだ\n<b>よろしく</b>",
}

_NARROW: Context = {
    **_SCOPE,
    "rights": ["お知らせ"],
    "information": [],
    "mail": False,
    "warn_days": 7,
    "memo": "",
}

_VALUES: Context = {
    "rights": ["self_information"],
    "information": ["TM00000000000001"],
    "mail": True,
    "warn_days": "30",
    "memo": "入院のあいだ",
    "start": date_parts(TODAY),
    "end": date_parts(LATER),
}

_OPTIONS = [
    {
        "value": "self_information",
        "label": "あなたの情報",
        "note": "印を付けた情報だけを、請求し、見られます。",
    },
    {"value": "records", "label": "やりとり履歴", "note": "請求し、見られます。"},
    {"value": "notices", "label": "お知らせ", "note": "開けます。"},
]


def _form(**more: object) -> Context:
    return page(
        **{
            "nav": "proxies",
            "delegation": None,
            "values": _VALUES,
            "errors": {},
            "rights": _OPTIONS,
            "groups": [
                {
                    "label": "税",
                    "options": [{"value": "TM00000000000001", "label": "地方税関係情報", "note": None}],
                },
                {
                    "label": "社会保障",
                    "options": [
                        {"value": f"TM0000000000000{n}", "label": f"{n}番めの情報", "note": None}
                        for n in (2, 3)
                    ],
                },
            ],
            "warnings": [{"value": "7", "label": "7日前から"}, {"value": "30", "label": "30日前から"}],
            "memo_length_max": 500,
            "example": TODAY,
            "last": LATER,
            "action": "/proxies/new",
            "back": "/proxies",
            **more,
        }
    )


def _terms(**more: object) -> Context:
    return page(**{"nav": "proxies", "scope": _SCOPE, **more})


def _card(**more: object) -> Context:
    return _terms(**{"problem": None, "cancelled": False, "bridge": "", **more})


def _shown(**more: object) -> Context:
    return page(
        **{"nav": "proxies", "delegation": _one(), "scope": _SCOPE, "mine": True, "message": None, **more}
    )


def _listed(**more: object) -> Context:
    return page(**{"nav": "proxies", "proxies": [], "owners": [], "message": None, **more})


SAMPLES: list[Sample] = [
    ("proxies_empty", "proxies/proxies.html", _listed()),
    (
        "proxies",
        "proxies/proxies.html",
        _listed(
            proxies=[_one(soon=True), _one("pending", nickname=LONG_NICKNAME), _one("ended")],
            owners=[_one(nickname="みかん"), _one("ended", id="other")],
            message="代理人を登録しました",
        ),
    ),
    ("proxies_form", "proxies/form.html", _form()),
    (
        "proxies_form_wrong",
        "proxies/form.html",
        _form(
            errors={
                "rights": "まかせることを1つ以上選んでください。",
                "information": "見てよい情報を選んでください。",
                "start_year": "「始まりの日」の年・月・日を、すべて入れてください。",
                "end_year": "代理の期間は、登録の日から2年までです。",
                "warn_days": "知らせる時期を選んでください。",
                "memo": "メモは500文字までで入れてください。",
            }
        ),
    ),
    ("proxies_change", "proxies/form.html", _form(delegation=_one(), action="/proxies/d/change", version=3)),
    ("proxies_agree", "proxies/agree.html", _terms(errors={})),
    (
        "proxies_agree_wrong",
        "proxies/agree.html",
        _terms(errors={"agreed": "同意するときは印を付けてください。"}),
    ),
    ("proxies_card", "proxies/card.html", _card()),
    ("proxies_card_bridge", "proxies/card.html", _card(bridge=BRIDGE, scope=_NARROW)),
    ("proxies_card_cancelled", "proxies/card.html", _card(cancelled=True)),
    (
        "proxies_card_refused",
        "proxies/card.html",
        _card(problem={"title": "内容に誤りがあります", "happened": "ご自分のカードです。"}),
    ),
    ("proxy", "proxies/one.html", _shown(message="代理人を登録しました")),
    ("proxy_soon", "proxies/one.html", _shown(delegation=_one(soon=True), scope=_NARROW)),
    ("proxy_ended", "proxies/one.html", _shown(delegation=_one("ended"))),
    ("proxy_of", "proxies/one.html", _shown(mine=False, delegation=_one(nickname="みかん"))),
    ("proxy_of_pending", "proxies/one.html", _shown(mine=False, delegation=_one("pending"))),
    ("proxy_of_ended", "proxies/one.html", _shown(mine=False, delegation=_one("ended"))),
    ("acting_top", "proxies/top.html", page(nav="top", acting={**ACTING, "soon": LATER})),
    (
        "acting_top_narrow",
        "proxies/top.html",
        page(
            nav="top",
            nickname=LONG_NICKNAME,
            acting={**ACTING, "nickname": LONG_NICKNAME, "pages": ["notices"]},
        ),
    ),
]

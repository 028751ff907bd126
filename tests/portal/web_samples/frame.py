"""What stands around every sample: who is signed in, which system shows it, when."""

import datetime
from typing import Any

from portal.web.design import JST

Context = dict[str, Any]

Sample = tuple[str, str, Context]

TODAY = datetime.date(2026, 11, 23)

ASKED = datetime.datetime(2026, 11, 23, 9, 5, 7, tzinfo=JST)

ANSWERED = datetime.datetime(2026, 11, 23, 9, 5, 9, tzinfo=JST)

BRIDGE = "http://127.0.0.1:8640"

LONG_NICKNAME = "とても長いニックネームのはなこちゃんおかあさん<b>🌸"


def page(**more: Any) -> Context:
    return {"nickname": "はなこ", "csrf": "sample-token", "nav": None, **more}


def guest(**more: Any) -> Context:
    return {"nickname": None, "csrf": "", "nav": None, **more}


RECORD_FILES = {"csv": "/records/r1/file/csv", "pdf": "/records/r1/file/pdf"}


def system(name: str, plays: str, **more: Any) -> Context:
    return {
        "system": {
            "name": name,
            "plays": plays,
            "home": "/",
            "nav": [],
            "real": ["署名の方式（RSA 2048ビット、SHA-256）と、暗証番号の回数の数えかた"],
            "assumed": ["画面の文言"],
            "refused": ["本物のマイナンバーカードの読み取り"],
        },
        **more,
    }


def core_system(**more: Any) -> Context:
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


ACTING: Context = {
    "nickname": "みかん",
    "over": False,
    "soon": None,
    "pages": ["self_information", "records", "notices"],
}


def as_proxy(samples: list[Sample], *names: str) -> list[Sample]:
    """These of *samples*, pages of the owner's folder, as a proxy sees them."""
    by_name = {name: (template, context) for name, template, context in samples}
    return [
        (f"{name}_as_proxy", by_name[name][0], {**by_name[name][1], "acting": ACTING, "mail": None})
        for name in names
    ]

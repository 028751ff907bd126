"""Samples of self-information."""

import datetime
from typing import Any

from portal.web.design import Pagination
from web_samples.frame import ANSWERED, ASKED, RECORD_FILES, Context, Sample, as_proxy, page

_FIELDS = [
    {"value": "tax", "label": "税"},
    {"value": "welfare", "label": "社会保障"},
    {"value": "disaster", "label": "防災"},
]


def _search(**more: Any) -> Context:
    return page(
        **{
            "nav": "self_information",
            "values": {"name": "", "field": "", "detail": "", "municipality": ""},
            "errors": {},
            "fields": _FIELDS,
            "details": [
                {"label": "税", "options": [{"value": "local_tax", "label": "地方税"}]},
                {
                    "label": "社会保障",
                    "options": [
                        {"value": "public_assistance", "label": "生活保護"},
                        {"value": "child_allowance", "label": "児童手当"},
                    ],
                },
            ],
            "suggestions": ["地方税関係情報", "予防接種関係情報"],
            "unread": 2,
            "waiting": 1,
            **more,
        }
    )


def _results(**more: Any) -> Context:
    return page(
        **{
            "nav": "self_information",
            "searched": "分野：税　市区町村：指定なし",
            "organisations": [
                {
                    "code": "1131016",
                    "name": "東京都千代田区",
                    "kind": "市区町村",
                    "entries": [
                        {"value": "131016:TM2", "label": "地方税関係情報", "note": "令和7年度・令和8年度"},
                        {"value": "131016:TM9", "label": "予防接種関係情報", "note": None},
                    ],
                },
                {
                    "code": "1011002",
                    "name": "北海道札幌市",
                    "kind": "市区町村（前に住んでいたところ）",
                    "entries": [{"value": "011002:TM2", "label": "地方税関係情報", "note": None}],
                },
            ],
            "values": {"chosen": ["131016:TM2"]},
            "errors": {},
            "fields": {"by": "field", "field": "tax"},
            "narrowing": {"fields": {"by": "field", "field": "tax"}, "value": ""},
            "more": 0,
            "elsewhere": [],
            "mail": True,
            **more,
        }
    )


def _part(state: str, reason: str | None = None, item_id: str | None = None) -> Context:
    return {
        "organisation": "東京都千代田区",
        "information": "地方税関係情報",
        "state": state,
        "reason": reason,
        "item_id": item_id,
    }


def _entry(**more: Any) -> Context:
    return {
        "id": "i1",
        "information": "地方税関係情報",
        "organisation": "東京都千代田区",
        "received_at": ANSWERED,
        "as_of": datetime.date(2026, 6, 1),
        "state": "read",
        "kept_until": datetime.date(2027, 11, 23),
        "items": [
            {"name": "課税年度", "value": "令和8年度（2026年度）"},
            {"name": "合計所得金額", "value": "3,456,000円"},
            {"name": "市町村民税 所得割額", "value": "123,400円"},
            {"name": "備考", "value": "<script>alert(1)</script> & \u3000全角の空白"},
        ],
        "withheld": 0,
        "attachments": [],
        "attachments_more": 0,
        "message": None,
        **more,
    }


def _items() -> list[Sample]:
    document = {
        "name": "昨年の申請書.pdf",
        "kind": "PDF",
        "size": "212KB",
        "url": "/self-information/folder/i1/attachments/1",
    }
    large = {"name": "<b>大きな図面", "kind": "そのほかのファイル", "size": "1.4MB", "url": None}
    guided = {"as_of": None, "items": [], "message": "千代田区役所 税務課の窓口か郵送で受け付けます。"}
    entries: dict[str, Context] = {
        "self_information_item": _entry(kept_until=None),
        "self_information_item_withheld_parts": _entry(
            withheld=2, attachments=[document, large], attachments_more=3
        ),
        "self_information_item_paper": _entry(state="paper", **guided),
        "self_information_item_withheld": _entry(state="withheld", **guided),
        "self_information_item_not_held": _entry(state="not_held", **guided),
        "self_information_item_unanswered": _entry(state="unanswered", **guided),
    }
    return [
        (name, "self_information/item.html", page(nav="self_information", entry=entry, files=RECORD_FILES))
        for name, entry in entries.items()
    ]


SAMPLES: list[Sample] = [
    ("self_information_search", "self_information/search.html", _search()),
    (
        "self_information_search_wrong",
        "self_information/search.html",
        _search(
            values={"name": "", "field": "", "detail": "child_allowance", "municipality": "千代田"},
            errors={
                "field": "分野を選んでください",
                "municipality": "「千代田」にあてはまる市区町村が2つ以上あります。都道府県から入れてください",
            },
            unread=0,
            waiting=0,
        ),
    ),
    ("self_information_results", "self_information/results.html", _results(more=12)),
    (
        "self_information_results_wrong",
        "self_information/results.html",
        _results(
            values={"chosen": []},
            errors={"chosen": "請求する情報を1つ以上選んでください"},
            mail=False,
        ),
    ),
    (
        "self_information_results_empty",
        "self_information/results.html",
        _results(organisations=[], searched="情報の名前：存在しない情報"),
    ),
    (
        "self_information_results_elsewhere",
        "self_information/results.html",
        _results(
            organisations=[],
            searched="分野：税　市区町村：那覇市",
            narrowing={"fields": {"by": "field", "field": "tax"}, "value": "那覇市"},
            elsewhere=["東京都千代田区", "北海道札幌市"],
        ),
    ),
    (
        "self_information_request_done",
        "self_information/request_done.html",
        page(
            nav="self_information",
            request={"id": "q1", "asked_at": ASKED},
            parts=[
                _part("unread", item_id="i1"),
                _part("waiting", "いまシステムが止まっています。動きはじめたら回答が届きます。"),
                _part("paper", "画面での回答をしていません。書面で請求してください。", "i2"),
                _part("withheld", "開示しないと決めました。", "i3"),
                _part("not_held", None, "i4"),
                _part("unanswered", "期限までに回答が得られませんでした。", "i5"),
                _part("refused", "法律で決められた範囲の外です。"),
            ],
            just_asked=True,
            from_record=True,
            mail=True,
            refresh_seconds=10,
        ),
    ),
    (
        "self_information_request_over",
        "self_information/request_done.html",
        page(
            nav="self_information",
            request={"id": "q1", "asked_at": ASKED},
            parts=[_part("read", item_id="i1")],
            just_asked=False,
            from_record=False,
            mail=False,
            refresh_seconds=10,
        ),
    ),
    (
        "self_information_requests",
        "self_information/requests.html",
        page(
            nav="self_information",
            requests=[
                {
                    "id": f"q{number}",
                    "asked_at": ASKED,
                    "information": [
                        "地方税関係情報",
                        "予防接種関係情報",
                        "児童手当関係情報",
                        "年金給付関係情報",
                    ],
                    "organisations": ["千代田区", "札幌市"],
                    "state": state,
                }
                for number, state in enumerate(
                    [
                        "waiting",
                        "part_answered",
                        "answered",
                        "refused",
                        "paper",
                        "withheld",
                        "not_held",
                        "unanswered",
                    ]
                )
            ],
            pagination=Pagination(1, 20, 5, "?page="),
        ),
    ),
    (
        "self_information_requests_empty",
        "self_information/requests.html",
        page(nav="self_information", requests=[], pagination=Pagination(1, 20, 0, "?page=")),
    ),
    (
        "self_information_list",
        "self_information/list.html",
        page(
            nav="self_information",
            entries=[
                _entry(state="unread"),
                _entry(id="i2", state="read", kept_until=None),
                _entry(id="i3", state="paper", kept_until=None),
            ],
            pagination=Pagination(1, 20, 3, "?page="),
            message=None,
        ),
    ),
    (
        "self_information_list_empty",
        "self_information/list.html",
        page(
            nav="self_information",
            entries=[],
            pagination=Pagination(1, 20, 0, "?page="),
            message="1件の情報を削除しました",
        ),
    ),
]
SAMPLES += _items()
SAMPLES += as_proxy(
    SAMPLES, "self_information_results", "self_information_request_done", "self_information_list"
)

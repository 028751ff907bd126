"""A sample context for every screen, in more than one state: what `test_web_design.py` renders.

`PORTAL` and `SIMULATORS` hold (name, template, context). The names are also good for a file of a picture.
"""

import datetime
import itertools
from typing import Any

from portal.web.design import JST, Pagination, date_parts

Context = dict[str, Any]
Sample = tuple[str, str, Context]

TODAY = datetime.date(2026, 11, 23)
ASKED = datetime.datetime(2026, 11, 23, 9, 5, 7, tzinfo=JST)
ANSWERED = datetime.datetime(2026, 11, 23, 9, 5, 9, tzinfo=JST)
BRIDGE = "http://127.0.0.1:8640"
LONG_NICKNAME = "とても長いニックネームのはなこちゃんおかあさん<b>🌸"


def _page(**more: Any) -> Context:
    return {"nickname": "はなこ", "csrf": "sample-token", "nav": None, **more}


def _guest(**more: Any) -> Context:
    return {"nickname": None, "csrf": "", "nav": None, **more}


def _mail_events() -> list[Context]:
    return [
        {"value": "sign_in", "label": "ログインしたとき", "note": "身に覚えのないログインに気づけます。"},
        {"value": "records", "label": "やりとり履歴の回答が、あとから届いたとき", "note": None},
        {"value": "self_information", "label": "あなたの情報の回答が、あとから届いたとき", "note": None},
        {
            "value": "caution",
            "label": "システムからの注意があるとき",
            "note": "代理人の登録や終わり、メールアドレスの変更などをお知らせします。",
        },
    ]


_START: Context = {"action": "/sign-in", "fields": {"challenge": "c2FtcGxl"}}

_TERMINALS: Context = {
    "terminal_name": "パソコン",
    "terminals": [{"name": "コンビニの端末", "url": "/sign-in?terminal=store"}],
}

_SIGN_IN: list[Sample] = [
    (
        "sign_in",
        "sessions/sign_in.html",
        _guest(start=_START, bridge="", **_TERMINALS, problem=None, message=None),
    ),
    (
        "sign_in_bridge",
        "sessions/sign_in.html",
        _guest(start=_START, bridge=BRIDGE, **_TERMINALS, problem=None, message=None),
    ),
    (
        "sign_in_refused",
        "sessions/sign_in.html",
        _guest(
            start=_START,
            bridge="",
            **_TERMINALS,
            problem={
                "title": "このカードの電子証明書は使えません",
                "happened": ["電子証明書（利用者証明用）が失効しています。"],
                "remedies": [
                    "市区町村の窓口で、電子証明書を発行しなおしてください。",
                    "ほかの模擬カードを選ぶこともできます。",
                ],
            },
            message=None,
        ),
    ),
    (
        "first_time",
        "sessions/first_time.html",
        _guest(
            csrf="sample-token",
            values={"nickname": "", "mail1": "", "mail2": "", "mail_events": ["sign_in"]},
            errors={},
            mail_events=_mail_events(),
            nickname_length_max=20,
        ),
    ),
    (
        "first_time_wrong",
        "sessions/first_time.html",
        _guest(
            csrf="sample-token",
            values={"nickname": "", "mail1": "hanako@", "mail2": "", "mail_events": []},
            errors={
                "nickname": "ニックネームを入れてください",
                "mail1": "メールアドレスの形を確かめてください。例：hanako@example.jp",
            },
            mail_events=_mail_events(),
            nickname_length_max=20,
        ),
    ),
    (
        "signed_out",
        "sessions/signed_out.html",
        _guest(deleted={"records": 2, "self_information": 1}),
    ),
    ("signed_out_nothing", "sessions/signed_out.html", _guest(deleted={"records": 0, "self_information": 0})),
]

_TOP: list[Sample] = [
    (
        "top",
        "top.html",
        _page(
            nav="top",
            unread={"records": 1, "self_information": 3, "inquiries": 1},
            waiting={"records": 0, "self_information": 2},
            notices={"count": 100, "more": True},
            unconfirmed=["hanako@example.jp", "h@example.co.jp"],
            ending=[{"id": "d", "nickname": "りんご", "end": TODAY}],
            message=None,
        ),
    ),
    (
        "top_first",
        "top.html",
        _page(
            nickname=LONG_NICKNAME,
            nav="top",
            terminal="store",
            shared_seconds=200,
            unread={"records": 0, "self_information": 0, "inquiries": 0},
            waiting={"records": 0, "self_information": 0},
            notices={"count": 0, "more": False},
            unconfirmed=[],
            ending=[],
            message="アカウントと利用者フォルダーを作りました",
        ),
    ),
    (
        "error_not_found",
        "error.html",
        _page(
            status=404,
            title="ページが見つかりません",
            happened=[
                "アドレスが違うか、情報がもう利用者フォルダーにありません。見終わった情報は、ログアウトすると消えます。"
            ],
            remedies=["アドレスを確かめてください。", "消えた情報は、もういちど請求できます。"],
            back={"label": "トップに戻る", "url": "/"},
            trace=None,
        ),
    ),
    (
        "error_busy",
        "error.html",
        _guest(
            status=503,
            title="いま、こみあっています",
            happened=[
                "たくさんの人が使っているため、受け付けられませんでした。請求や設定は行われていません。"
            ],
            remedies=["30秒ほど待ってから、もういちど試してください。"],
            back={"label": "もういちど試す", "url": "/sign-in"},
            trace="01JD-8H2K",
        ),
    ),
    (
        "confirm",
        "confirm.html",
        _page(
            title="この情報を削除しますか",
            happens=[
                "「地方税関係情報」（千代田区）が利用者フォルダーから消えます。必要なときは、もういちど請求できます。"
            ],
            action="/",
            fields={"item": "i1"},
            label="削除する",
            back={"label": "削除しないで戻る", "url": "/"},
        ),
    ),
]

_RECORD_REQUEST: Context = {
    "id": "r1",
    "first_day": datetime.date(2026, 8, 23),
    "last_day": TODAY,
    "asked_at": ASKED,
    "answered_at": ANSWERED,
    "state": "unread",
}


_numbers = itertools.count(1)


def _record(**more: Any) -> Context:
    return {
        "asked_at": datetime.datetime(2026, 9, 1, 1, 15, tzinfo=datetime.UTC),
        "provided_at": datetime.datetime(2026, 9, 1, 1, 16, tzinfo=datetime.UTC),
        "inquirer": "東京都千代田区長",
        "provider": "北海道札幌市長",
        "affair": "児童手当法による児童手当の支給に関する事務",
        "procedure": "児童手当の受給資格及び額についての認定の請求に係る事実についての審査に関する事務",
        "information": "地方税関係情報",
        "result": "provided",
        "id": f"R{next(_numbers):010}",
        **more,
    }


_FILES = {"csv": "/records/r1/file/csv", "pdf": "/records/r1/file/pdf"}

_RECORDS: list[Sample] = [
    (
        "records",
        "records/records.html",
        _page(
            nav="records",
            requests=[
                _RECORD_REQUEST,
                {**_RECORD_REQUEST, "id": "r2", "state": "waiting", "answered_at": None},
                {**_RECORD_REQUEST, "id": "r3", "state": "read"},
                {**_RECORD_REQUEST, "id": "r4", "state": "paper"},
                {**_RECORD_REQUEST, "id": "r5", "state": "refused"},
            ],
            pagination=Pagination(2, 6, 58, "/records?page="),
            message=None,
        ),
    ),
    (
        "records_empty",
        "records/records.html",
        _page(nav="records", requests=[], pagination=Pagination(1, 20, 0, "/records?page="), message=None),
    ),
    (
        "records_request",
        "records/request.html",
        _page(
            nav="records",
            values={
                "first_day": date_parts(datetime.date(2026, 8, 23)),
                "last_day": date_parts(TODAY),
            },
            errors={},
            example=TODAY,
            oldest=datetime.date(2019, 11, 23),
            shortcuts=[
                {"label": "最近1か月", "url": "/records/request?months=1", "here": False},
                {"label": "最近3か月", "url": "/records/request?months=3", "here": True},
                {"label": "最近1年", "url": "/records/request?months=12", "here": False},
            ],
            mail=True,
            key="k1",
        ),
    ),
    (
        "records_request_wrong",
        "records/request.html",
        _page(
            nav="records",
            values={
                "first_day": {"year": "2026", "month": "13", "day": "1"},
                "last_day": {"year": "", "month": "", "day": ""},
            },
            errors={
                "first_day_year": "「はじめの日」は、ない日付です",
                "last_day_year": "「おわりの日」を入れてください",
            },
            example=TODAY,
            oldest=datetime.date(2019, 11, 23),
            shortcuts=[],
            mail=False,
            key="k2",
        ),
    ),
    (
        "records_waiting",
        "records/waiting.html",
        _page(
            nav="records",
            request=_RECORD_REQUEST,
            state="waiting",
            reason="コアシステムが点検中です。",
            mail=True,
            refresh_seconds=10,
        ),
    ),
    (
        "records_arrived",
        "records/waiting.html",
        _page(
            nav="records",
            request=_RECORD_REQUEST,
            state="unread",
            reason=None,
            mail=False,
            refresh_seconds=10,
        ),
    ),
    (
        "records_failed",
        "records/waiting.html",
        _page(
            nav="records",
            request=_RECORD_REQUEST,
            state="paper",
            reason="情報提供ネットワークが答えませんでした。窓口へ、書面で開示を請求してください。",
            mail=False,
            refresh_seconds=10,
        ),
    ),
    (
        "records_unanswered",
        "records/waiting.html",
        _page(
            nav="records",
            request=_RECORD_REQUEST,
            state="unanswered",
            reason="期限までに回答が得られませんでした。",
            mail=False,
            refresh_seconds=10,
        ),
    ),
    (
        "record_list",
        "records/record_list.html",
        _page(
            nav="records",
            request=_RECORD_REQUEST,
            records=[
                _record(),
                _record(provider="日本年金機構", information="年金給付関係情報", result="not_provided"),
                _record(provided_at=None, information="住民票関係情報", result="processing"),
            ],
            pagination=Pagination(1, 20, 3, "/records/r1?page="),
            key="k3",
            files=_FILES,
        ),
    ),
    (
        "record_list_empty",
        "records/record_list.html",
        _page(
            nav="records",
            request=_RECORD_REQUEST,
            records=[],
            pagination=Pagination(1, 20, 0, "/records/r1?page="),
            key="k3",
            files=_FILES,
        ),
    ),
]

_FIELDS = [
    {"value": "tax", "label": "税"},
    {"value": "welfare", "label": "社会保障"},
    {"value": "disaster", "label": "防災"},
]


def _search(**more: Any) -> Context:
    return _page(
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
    return _page(
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
        (name, "self_information/item.html", _page(nav="self_information", entry=entry, files=_FILES))
        for name, entry in entries.items()
    ]


def _lying(number: int, state: str, stay: str, **more: Any) -> Context:
    return {
        "id": f"f{number}",
        "url": f"/records/f{number}",
        "delete_url": f"/folder/f{number}/delete",
        "kind": "あなたの情報",
        "title": "地方税関係情報",
        "sender": "東京都千代田区",
        "state": state,
        "answering": None,
        "deadline": None,
        "at": ASKED if stay == "waiting" else ANSWERED,
        "withdraws": stay == "waiting",
        "stay": stay,
        "kept_until": datetime.date(2027, 11, 23) if stay == "day" else None,
        **more,
    }


def _folder(**more: Any) -> Context:
    nothing = {"year": "", "month": "", "day": ""}
    return _page(
        **{
            "nav": "folder",
            "items": [],
            "values": {"kind": "", "text": "", "unread": False, "first_day": nothing, "last_day": nothing},
            "errors": {},
            "example": TODAY,
            "kinds": [
                {"value": "notice", "label": "お知らせ"},
                {"value": "inquiry", "label": "お問い合わせ"},
            ],
            "searched": False,
            "unread": False,
            "first": True,
            "here": "/folder",
            "older": None,
            "message": None,
            **more,
        }
    )


_SEARCHED = {
    "kind": "notice",
    "text": "<予防接種>",
    "unread": True,
    "first_day": {"year": "2026", "month": "2", "day": "30"},
    "last_day": {"year": "", "month": "", "day": ""},
}
_FOLDER: list[Sample] = [
    (
        "folder_all",
        "inbox/folder.html",
        _folder(
            items=[
                _lying(1, "unread", "day", kind="やりとり履歴", title="令和8年1月1日からの記録"),
                _lying(2, "read", "sign_out"),
                _lying(3, "waiting", "waiting"),
                _lying(4, "paper", "day"),
                _lying(5, "withheld", "day"),
                _lying(6, "not_held", "day"),
                _lying(7, "unanswered", "day"),
                _lying(8, "refused", "day"),
                _lying(
                    9,
                    "unread",
                    "day",
                    kind="アンケート",
                    title="<b>面談</b>の日程について\u202e",
                    answering="to_answer",
                    deadline=ANSWERED,
                ),
                _lying(10, "withdrawn", "day", kind="お知らせ", title="四種混合の予防接種のお知らせ"),
                _lying(
                    11,
                    "waiting",
                    "waiting",
                    kind="お問い合わせ",
                    title="「お知らせ」のお問い合わせ",
                    withdraws=False,
                ),
            ],
            older="/folder?before=1.2-a.3-b",
        ),
    ),
    ("folder_empty", "inbox/folder.html", _folder(message="利用者フォルダーから削除しました")),
    ("folder_all_seen", "inbox/folder.html", _folder(searched=True, unread=True)),
    (
        "folder_wrong",
        "inbox/folder.html",
        _folder(
            values=_SEARCHED,
            errors={
                "first_day_year": "「はじめの日」に、ない日付が入っています。年は西暦4けたで入れてください。"
            },
            searched=True,
        ),
    ),
    ("folder_nothing_found", "inbox/folder.html", _folder(values=_SEARCHED, searched=True)),
    (
        "folder_not_found_yet",
        "inbox/folder.html",
        _folder(values=_SEARCHED, searched=True, first=False, older="/folder?text=a&before=1.2-a.3-b"),
    ),
    ("folder_behind_the_last", "inbox/folder.html", _folder(first=False)),
]

_SELF_INFORMATION: list[Sample] = [
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
        _page(
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
        _page(
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
        _page(
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
        _page(nav="self_information", requests=[], pagination=Pagination(1, 20, 0, "?page=")),
    ),
    (
        "self_information_list",
        "self_information/list.html",
        _page(
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
        _page(
            nav="self_information",
            entries=[],
            pagination=Pagination(1, 20, 0, "?page="),
            message="1件の情報を削除しました",
        ),
    ),
    *_items(),
]

_SETTINGS: list[Sample] = [
    (
        "settings",
        "accounts/settings.html",
        _page(
            nav="settings",
            values={
                "nickname": "はなこ",
                "mail1": "hanako@example.jp",
                "mail2": "",
                "mail_events": ["sign_in", "records"],
            },
            errors={},
            mail_events=_mail_events(),
            nickname_length_max=20,
            waiting=[],
            message="設定を保存しました",
        ),
    ),
    (
        "settings_waiting",
        "accounts/settings.html",
        _page(
            nav="settings",
            values={
                "nickname": "はなこ",
                "mail1": "a@example.jp",
                "mail2": "b@example.jp",
                "mail_events": [],
            },
            errors={
                "code1": "確認番号が違います。届いたメールを確かめて、もう一度入力してください（あと4回）。"
            },
            mail_events=_mail_events(),
            nickname_length_max=20,
            waiting=[
                {"address": "a@example.jp", "field": "code1", "until": ANSWERED, "over": False},
                {"address": "b@example.jp", "field": "code2", "until": ANSWERED, "over": True},
            ],
            message=None,
        ),
    ),
    ("closed", "accounts/closed.html", _guest()),
    (
        "settings_wrong",
        "accounts/settings.html",
        _page(
            nav="settings",
            values={"nickname": "あ" * 21, "mail1": "a@b", "mail2": "a@b", "mail_events": []},
            errors={
                "nickname": "ニックネームは20文字までにしてください",
                "mail2": "「メールアドレス 1」と同じです。空にするか、ほかのアドレスにしてください",
            },
            mail_events=_mail_events(),
            nickname_length_max=20,
            waiting=[],
            message=None,
        ),
    ),
]

_NO_DAYS: Context = {name: {"year": "", "month": "", "day": ""} for name in ("first_day", "last_day")}
_HISTORY_CHOICES: Context = {
    name: [{"value": "one", "label": "ログイン・ログアウト"}, {"value": "two", "label": "あなたの情報"}]
    for name in ("services", "actions", "operators")
}


def _history(**more: Any) -> Context:
    return _page(
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


_HISTORY: list[Sample] = [
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

_KINDS: list[Context] = [
    {"value": "sign_in", "label": "ログイン・カード", "note": None},
    {"value": "other", "label": "そのほか", "note": None},
]
_ENTRIES: list[Context] = [
    {
        "id": "card",
        "kind": "ログイン・カード",
        "question": "ログインには何が要りますか",
        "answer": "カードです。",
    }
]


def _inquiry(state: str, **more: Any) -> Context:
    answered = None if state == "waiting" else ANSWERED
    return {
        "id": "q1",
        "kind": "ログイン・カード",
        "state": state,
        "sent_at": ASKED,
        "answered_at": answered,
        "text": "<b>読めません</b>\n二行目",
        "answer": None if answered is None else "カードを確かめてください。",
        **more,
    }


def _desk(**more: Any) -> Context:
    return _guest(csrf="sample-token", staff_id="operator", **more)


_INQUIRIES: list[Sample] = [
    (
        "faq",
        "inquiries/faq.html",
        _guest(values={"words": "", "kind": ""}, errors={}, kinds=_KINDS, entries=_ENTRIES, searched=False),
    ),
    (
        "faq_nothing",
        "inquiries/faq.html",
        _page(
            nav="faq",
            values={"words": "ぬ", "kind": "other"},
            errors={},
            kinds=_KINDS,
            entries=[],
            searched=True,
        ),
    ),
    (
        "inquiry_kind",
        "inquiries/new.html",
        _page(
            nav="faq",
            values={"kind": "", "text": ""},
            errors={},
            kinds=_KINDS,
            kind_name=None,
            entries=[],
            characters_max=2000,
            key="k",
        ),
    ),
    (
        "inquiry_wrong",
        "inquiries/new.html",
        _page(
            nav="faq",
            values={"kind": "sign_in", "text": ""},
            errors={"text": "内容を入力してください。"},
            kinds=_KINDS,
            kind_name="ログイン・カード",
            entries=_ENTRIES,
            characters_max=2000,
            key="k",
        ),
    ),
    (
        "inquiries",
        "inquiries/inquiries.html",
        _page(
            nav="faq",
            inquiries=[_inquiry("waiting"), _inquiry("unread"), _inquiry("read")],
            pagination=Pagination(1, 20, 3, "?page="),
            message="お問い合わせを送りました",
        ),
    ),
    (
        "inquiries_nothing",
        "inquiries/inquiries.html",
        _page(nav="faq", inquiries=[], pagination=Pagination(1, 20, 0, "?page="), message=None),
    ),
    (
        "inquiry_waiting",
        "inquiries/inquiry.html",
        _page(nav="faq", inquiry=_inquiry("waiting"), text="読めません", answer=None),
    ),
    (
        "inquiry_answered",
        "inquiries/inquiry.html",
        _page(
            nav="faq", inquiry=_inquiry("read"), text="<i>読めません</i>\n二行目", answer="確かめて\nください"
        ),
    ),
    ("desk_sign_in", "staff/sign_in.html", _guest(errors={}, message="ログアウトしました")),
    (
        "desk_sign_in_wrong",
        "staff/sign_in.html",
        _guest(errors={"password": "IDかパスワードが違います。"}, message=None),
    ),
    (
        "desk",
        "staff/desk.html",
        _desk(inquiries=[_inquiry("waiting")], waiting=3, answered=False, message="回答を送りました"),
    ),
    ("desk_nothing", "staff/desk.html", _desk(inquiries=[], waiting=0, answered=True, message=None)),
    (
        "desk_actions",
        "staff/actions.html",
        _desk(
            actions=[
                {"at": ASKED, "staff_id": "operator", "what": "お問い合わせを読んだ", "inquiry_id": "a" * 24},
                {"at": ASKED, "staff_id": "", "what": "ログインに失敗した", "inquiry_id": ""},
            ],
            pagination=Pagination(1, 20, 45, "?page="),
        ),
    ),
    (
        "desk_inquiry",
        "staff/inquiry.html",
        _desk(
            inquiry=_inquiry("waiting"),
            text="",
            errors={"text": "内容を入力してください。"},
            characters_max=2000,
        ),
    ),
    (
        "desk_inquiry_answered",
        "staff/inquiry.html",
        _desk(inquiry=_inquiry("read"), text="", errors={}, characters_max=2000),
    ),
]

PORTAL: list[Sample] = [
    *_INQUIRIES,
    *_HISTORY,
    *_SIGN_IN,
    *_TOP,
    *_RECORDS,
    *_SELF_INFORMATION,
    *_FOLDER,
    *_SETTINGS,
]


def _system(name: str, plays: str, **more: Any) -> Context:
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


def _reader(**more: Any) -> Context:
    return _system(
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


_MAIL: Context = {
    "url": "/mails/1",
    "received_at": ANSWERED,
    "sender": "portal@mynasim.example",
    "recipient": "hanako@example.jp",
    "subject": "【模擬】やりとり履歴の回答が届きました",
    "body": "はなこ さん\n\nやりとり履歴の回答が届きました。\nhttp://127.0.0.1:8000/records\n\n--\nマイナポータル（模擬）",
}


def _inbox(**more: Any) -> Context:
    return _system(
        "模擬メールボックス",
        "メールを受け取る側の代わりです",
        **{
            "mails": [_MAIL, {**_MAIL, "url": "/mails/2", "subject": ""}],
            "recipient": "",
            "action": "/",
            "pagination": Pagination(1, 20, 2, "?page="),
            **more,
        },
    )


SIMULATORS: list[Sample] = [
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
        _system(
            "模擬カードリーダー",
            "カードリーダーと、読み取りソフトの代わりです",
            action="/sign-in/card",
            fields={"signature": "c2ln", "certificate": "Y2VydA", "state": "s"},
            asked_by="マイナポータル（模擬）",
        ),
    ),
    ("inbox", "mailbox/inbox.html", _inbox()),
    ("inbox_empty", "mailbox/inbox.html", _inbox(mails=[], pagination=Pagination(1, 20, 0, "?page="))),
    (
        "inbox_nobody",
        "mailbox/inbox.html",
        _inbox(mails=[], recipient="x@example.jp", pagination=Pagination(1, 20, 0, "?page=")),
    ),
    (
        "mail",
        "mailbox/mail.html",
        _system(
            "模擬メールボックス",
            "メールを受け取る側の代わりです",
            mail=_MAIL,
            raw_url="/mails/1.eml",
            back_url="/",
        ),
    ),
    (
        "front",
        "world/front.html",
        _system(
            "mynasim 模擬の世界",
            "マイナポータルのまわりのシステムの一覧です",
            portal_url="http://127.0.0.1:8000/",
            mailbox_url="http://127.0.0.1:8109/",
            vaccination_url="/vaccination",
            reader_url="http://127.0.0.1:8101/",
            systems=[
                {
                    "name": name,
                    "role": role,
                    "url": f"http://127.0.0.1:{port}/",
                    "state": state,
                }
                for name, role, port, state in [
                    ("公的個人認証サービス", "電子証明書の発行、失効の確認（OCSP、CRL）", 8102, "up"),
                    ("情報提供ネットワークシステム", "機関のあいだの照会と提供、記録", 8103, "starting"),
                    ("中間サーバー", "機関の情報の副本を持ち、照会に答える", 8104, "down"),
                ]
            ],
            residents=[
                {
                    "id": f"131016-{number}",
                    "place": "東京都千代田区",
                    "about": "40代、子ども2人",
                    "pin": "1234",
                    "sign_pin": "ABC123",
                }
                for number in range(12, 17)
            ],
            stop="起動した端末で Ctrl + C を押します。",
            seed="mynasim",
            now=ASKED,
        ),
    ),
]

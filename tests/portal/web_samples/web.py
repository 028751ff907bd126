"""Samples of what belongs to no feature: the top page, errors, confirmation."""

from web_samples.frame import ACTING, LONG_NICKNAME, TODAY, Context, Sample, guest, page

_OVER: Context = {**ACTING, "over": True, "pages": []}

SAMPLES: list[Sample] = [
    (
        "top",
        "top.html",
        page(
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
        page(
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
        page(
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
        guest(
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
        page(
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
    (
        "acting_over",
        "error.html",
        page(
            acting=_OVER,
            status=403,
            title="この操作はできません",
            happened=["この代理は、もう終わっています。"],
            remedies=[],
            back={"label": "トップに進む", "url": "/"},
            trace=None,
        ),
    ),
]

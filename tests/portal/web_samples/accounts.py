"""Samples of settings, and the closed account."""

from web_samples.frame import ANSWERED, Context, Sample, guest, page


def mail_events() -> list[Context]:
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


SAMPLES: list[Sample] = [
    (
        "settings",
        "accounts/settings.html",
        page(
            nav="settings",
            values={
                "nickname": "はなこ",
                "mail1": "hanako@example.jp",
                "mail2": "",
                "mail_events": ["sign_in", "records"],
            },
            errors={},
            mail_events=mail_events(),
            nickname_length_max=20,
            waiting=[],
            message="設定を保存しました",
        ),
    ),
    (
        "settings_waiting",
        "accounts/settings.html",
        page(
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
            mail_events=mail_events(),
            nickname_length_max=20,
            waiting=[
                {"address": "a@example.jp", "field": "code1", "until": ANSWERED, "over": False},
                {"address": "b@example.jp", "field": "code2", "until": ANSWERED, "over": True},
            ],
            message=None,
        ),
    ),
    ("closed", "accounts/closed.html", guest()),
    (
        "settings_wrong",
        "accounts/settings.html",
        page(
            nav="settings",
            values={"nickname": "あ" * 21, "mail1": "a@b", "mail2": "a@b", "mail_events": []},
            errors={
                "nickname": "ニックネームは20文字までにしてください",
                "mail2": "「メールアドレス 1」と同じです。空にするか、ほかのアドレスにしてください",
            },
            mail_events=mail_events(),
            nickname_length_max=20,
            waiting=[],
            message=None,
        ),
    ),
]

"""Samples of signing in and out."""

from web_samples.accounts import mail_events
from web_samples.frame import BRIDGE, Context, Sample, guest

_START: Context = {"action": "/sign-in", "fields": {"challenge": "c2FtcGxl"}}

_TERMINALS: Context = {
    "terminal_name": "パソコン",
    "terminals": [{"name": "コンビニの端末", "url": "/sign-in?terminal=store"}],
}

SAMPLES: list[Sample] = [
    (
        "sign_in",
        "sessions/sign_in.html",
        guest(start=_START, bridge="", **_TERMINALS, problem=None, message=None),
    ),
    (
        "sign_in_bridge",
        "sessions/sign_in.html",
        guest(start=_START, bridge=BRIDGE, **_TERMINALS, problem=None, message=None),
    ),
    (
        "sign_in_refused",
        "sessions/sign_in.html",
        guest(
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
        guest(
            csrf="sample-token",
            values={"nickname": "", "mail1": "", "mail2": "", "mail_events": ["sign_in"]},
            errors={},
            mail_events=mail_events(),
            nickname_length_max=20,
        ),
    ),
    (
        "first_time_wrong",
        "sessions/first_time.html",
        guest(
            csrf="sample-token",
            values={"nickname": "", "mail1": "hanako@", "mail2": "", "mail_events": []},
            errors={
                "nickname": "ニックネームを入れてください",
                "mail1": "メールアドレスの形を確かめてください。例：hanako@example.jp",
            },
            mail_events=mail_events(),
            nickname_length_max=20,
        ),
    ),
    (
        "signed_out",
        "sessions/signed_out.html",
        guest(deleted={"records": 2, "self_information": 1}),
    ),
    ("signed_out_nothing", "sessions/signed_out.html", guest(deleted={"records": 0, "self_information": 0})),
]

"""Samples of the mailbox."""

from typing import Any

from portal.web.design import Pagination
from web_samples.frame import ANSWERED, Context, Sample, system

_MAIL: Context = {
    "url": "/mails/1",
    "received_at": ANSWERED,
    "sender": "portal@mynasim.example",
    "recipient": "hanako@example.jp",
    "subject": "【模擬】やりとり履歴の回答が届きました",
    "body": "はなこ さん\n\nやりとり履歴の回答が届きました。\nhttp://127.0.0.1:8000/records\n\n--\nマイナポータル（模擬）",
}


def _inbox(**more: Any) -> Context:
    return system(
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


SAMPLES: list[Sample] = [
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
        system(
            "模擬メールボックス",
            "メールを受け取る側の代わりです",
            mail=_MAIL,
            raw_url="/mails/1.eml",
            back_url="/",
        ),
    ),
]

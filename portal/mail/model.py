"""Which mails there are and what they say. A mail names no content of the folder: anybody may read it on the way."""

from enum import StrEnum
from typing import NamedTuple

from portal.wire.sign_in import MailEvent


class Text(NamedTuple):
    subject: str
    body: str


class News(StrEnum):
    """What a mail about a request tells. Not more: why there is no answer is nobody else's business."""

    ANSWERED = "answered"
    ENDED = "ended"
    """It came to an end without an answer: there is guidance to read."""


_CLOSING = """

このメールは模擬システムから送られました。実在のマイナポータルからのものではありません。
このメールに返信はできません。メールの設定は「アカウント設定」で変えられます。
"""

TEXTS: dict[MailEvent, Text] = {
    MailEvent.SIGN_IN: Text(
        "【マイナポータル（模擬）】ログインのお知らせ",
        "{nickname} さん\n\n{moment}に、あなたのアカウントでログインがありました。\n"
        "お心当たりがないときは、カードの暗証番号を変えてください。" + _CLOSING,
    ),
    MailEvent.LATE_RECORDS: Text(
        "【マイナポータル（模擬）】やりとり履歴の回答が届きました",
        "{nickname} さん\n\n{moment}に、請求されていた「やりとり履歴」の回答が届きました。\n"
        "ログインして、内容をご確認ください。" + _CLOSING,
    ),
    MailEvent.LATE_SELF_INFORMATION: Text(
        "【マイナポータル（模擬）】あなたの情報の回答が届きました",
        "{nickname} さん\n\n{moment}に、求められていた「あなたの情報」の回答が届きました。\n"
        "ログインして、内容をご確認ください。" + _CLOSING,
    ),
    MailEvent.INQUIRY_ANSWERED: Text(
        "【マイナポータル（模擬）】お問い合わせの回答が届きました",
        "{nickname} さん\n\n{moment}に、お問い合わせの回答が届きました。\n"
        "ログインして、内容をご確認ください。" + _CLOSING,
    ),
    MailEvent.NOTICE: Text(
        "【マイナポータル（模擬）】お知らせが届きました",
        "{nickname} さん\n\n{moment}に、行政機関からのお知らせが届きました。\n"
        "ログインして、内容をご確認ください。" + _CLOSING,
    ),
}


CODE_TEXT = Text(
    "【マイナポータル（模擬）】メールアドレスの確認番号",
    "{nickname} さん\n\nこのメールアドレスを確かめるための番号です。\n\n　　{code}\n\n"
    "{until}までに、「アカウント設定」で入力してください。\n"
    "お心当たりがないときは、何もしないでください。この番号がなければ、ここにメールは送られません。"
    + _CLOSING,
)
"""メールアドレスの確認 (ACC-4)."""

PROXY_TEXT = Text(
    "【マイナポータル（模擬）】代理をしている方の利用者フォルダーをご確認ください",
    "{nickname} さん\n\n{moment}に、あなたが代理人になっている「{owner}」さんの利用者フォルダーに、お知らせすることが届きました。\n"
    "ログインして「代理人」を開き、代理人として内容をご確認ください。" + _CLOSING,
)
"""To a proxy, about what came to the owner's folder (PRX-3)."""

ENDED_TEXTS: dict[MailEvent, Text] = {
    MailEvent.LATE_RECORDS: Text(
        "【マイナポータル（模擬）】やりとり履歴の請求の結果をご確認ください",
        "{nickname} さん\n\n{moment}に請求された「やりとり履歴」について、お知らせすることがあります。\n"
        "ログインして、利用者フォルダーをご確認ください。" + _CLOSING,
    ),
    MailEvent.LATE_SELF_INFORMATION: Text(
        "【マイナポータル（模擬）】あなたの情報の請求の結果をご確認ください",
        "{nickname} さん\n\n{moment}に求められた「あなたの情報」について、お知らせすることがあります。\n"
        "ログインして、利用者フォルダーをご確認ください。" + _CLOSING,
    ),
}


class MailKey(NamedTuple):
    """What an outbox row of the kind ``mail`` is about: no address, no nickname."""

    event: MailEvent
    account_id: str
    about: str
    moment_ms: int
    news: News = News.ANSWERED

    def text(self) -> str:
        parts = (self.event, self.account_id, self.about, str(self.moment_ms))
        return "/".join(parts if self.news is News.ANSWERED else (*parts, self.news))

    @property
    def words(self) -> Text:
        return (TEXTS if self.news is News.ANSWERED else ENDED_TEXTS)[self.event]

    @property
    def name(self) -> str:
        """Tells this mail from others, for those who get it twice."""
        return f"{self.event}.{self.about}.{self.moment_ms}.{self.news}"

    @classmethod
    def parse(cls, text: str) -> "MailKey":
        event, account_id, about, moment, *news = text.split("/")
        return cls(MailEvent(event), account_id, about, int(moment), *map(News, news))

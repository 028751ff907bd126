"""Which mails there are and what they say. A mail names no content of the folder: anybody may read it on the way."""

from enum import StrEnum
from typing import NamedTuple

from portal.wire.sign_in import MailEvent

WORK = "mail"
"""The outbox work that sends a mail to an account."""


class Text(NamedTuple):
    subject: str
    body: str


class News(StrEnum):
    """What a mail about a request tells. Not more: why there is no answer is nobody else's business."""

    ANSWERED = "answered"
    ENDED = "ended"
    """It came to an end without an answer: there is guidance to read."""


class Caution(StrEnum):
    """システムからの注意: what is cautioned about."""

    PROXY_GRANTED = "proxy_granted"
    PROXY_ENDED = "proxy_ended"
    ADDRESSES_CHANGED = "addresses_changed"
    CODE_LOCKED = "code_locked"
    NEW_CERTIFICATE = "new_certificate"
    CLOSED = "closed"


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


def _caution(happened: str, to_do: str) -> Text:
    return Text(
        "【マイナポータル（模擬）】アカウントについての注意のお知らせ",
        f"{{nickname}} さん\n\n{{moment}}に、{happened}\n{to_do}" + _CLOSING,
    )


_IF_NOT_YOU = "お心当たりがないときは、カードの暗証番号を変え、ログインして「操作履歴」をご確認ください。"

CAUTIONS: dict[Caution, Text] = {
    Caution.PROXY_GRANTED: _caution(
        "あなたのアカウントで、代理人の登録がありました。",
        "ログインして「代理人」をご確認ください。お心当たりがないときは、代理を終えてください。",
    ),
    Caution.PROXY_ENDED: _caution(
        "あなたのアカウントで、代理が終わりました。", "ログインして「代理人」をご確認ください。"
    ),
    Caution.ADDRESSES_CHANGED: _caution("あなたのアカウントのメールアドレスが変えられました。", _IF_NOT_YOU),
    Caution.CODE_LOCKED: _caution(
        "メールアドレスの確認番号が続けて間違えられたため、その番号を使えなくしました。", _IF_NOT_YOU
    ),
    Caution.NEW_CERTIFICATE: _caution(
        "あなたのアカウントに、これまでと違う電子証明書でログインがありました。",
        "カードや電子証明書を新しくした覚えがないときは、カードの利用を止め、市区町村の窓口にご相談ください。",
    ),
    Caution.CLOSED: _caution(
        "あなたのアカウントが閉じられ、利用者フォルダーの中身が消えました。",
        "お心当たりがないときは、カードの暗証番号を変えてください。もう一度使うときは、ログインして登録してください。",
    ),
}
"""No proxy's name, no address: a mail is read by anybody on the way (ACC-4)."""


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
        if self.event is MailEvent.CAUTION:
            return CAUTIONS[Caution(self.about.partition(".")[0])]
        return (TEXTS if self.news is News.ANSWERED else ENDED_TEXTS)[self.event]

    @property
    def name(self) -> str:
        """Tells this mail from others, for those who get it twice."""
        return f"{self.event}.{self.about}.{self.moment_ms}.{self.news}"

    @classmethod
    def parse(cls, text: str) -> "MailKey":
        event, account_id, about, moment, *news = text.split("/")
        return cls(MailEvent(event), account_id, about, int(moment), *map(News, news))

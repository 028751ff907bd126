"""The reference model of 注意のお知らせ: of what an account's owner is warned, at which addresses, and of nothing else (ACC-4)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from portal.wire.sign_in import MailEvent
from scenarios.explorer.deck import Owner
from scenarios.explorer.deck_acts import NEVER, Act, Wrong
from scenarios.explorer.deck_mail import MailWishes, Wished

MINUTE_MS = 60_000
"""A mail tells its moment to the minute."""


class Cause(StrEnum):
    """What a caution is about, with the words by which its reader knows it."""

    GRANTED = "代理人の登録がありました"
    ENDED = "代理が終わりました"
    ADDRESSES = "メールアドレスが変えられました"
    CODE = "確認番号が続けて間違えられた"
    CERTIFICATE = "これまでと違う電子証明書でログイン"
    CLOSED = "アカウントが閉じられ"


AT_ONCE = frozenset([Cause.ADDRESSES, Cause.CODE, Cause.CLOSED])
"""These go where mail went before, whatever is wished or becomes of the account afterwards."""


@dataclass(slots=True)
class Alarm:
    """Something that its owner is warned of, or would have been if it came to pass."""

    cause: Cause
    at: int
    """The place in the order of acts at which it began."""
    act: Act
    since_ms: int
    """By the portal's clock, between these two; it may never have come to an end."""
    until_ms: int
    is_certain: bool
    besides: Wished | None = None
    """Settings that were part of it, and so do not count yet."""
    is_of_closing: bool = False
    """A delegation that ended because the other side closed the account."""


class Caution(NamedTuple):
    """A mail as it lies in somebody's mailbox."""

    name: str
    """The same for a mail that came twice."""
    address: str
    cause: Cause
    moment_ms: int


class Alarms:
    """What one resident had to be warned of."""

    def __init__(self, owner: Owner, mail: MailWishes) -> None:
        self.noted: list[Alarm] = []
        self._owner = owner
        self._mail = mail
        self.tried: set[bytes] = set()
        """Certificates that were presented at a sign-in."""
        self.linked: set[bytes] = set()
        """Those by which the account was certainly reached."""

    def __repr__(self) -> str:
        return f"<Alarms: {len(self.noted)}>"

    def _settings(self, alarm: Alarm, until: int) -> Wished | None:
        return self._mail.in_force(alarm.at, until, besides=alarm.besides)

    def must_reach(self, alarm: Alarm) -> tuple[str, ...]:
        """The addresses to which word of it must have gone; empty in any doubt."""
        if not alarm.is_certain or self._owner.has_late_copies:
            return ()
        stays = alarm.cause not in AT_ONCE
        wished = self._settings(alarm, NEVER if stays else alarm.act.ended)
        if wished is None or MailEvent.CAUTION not in wished.settings.mail_events:
            return ()
        if self._owner.may_have_closed(wished.act.began, NEVER if stays else alarm.at):
            return ()
        return self._mail.confirmed(wished, alarm.at)

    def may_be_sent(self, alarm: Alarm) -> bool:
        """Whether it can have been wished."""
        wished = self._settings(alarm, alarm.act.ended)
        if wished is None or self._owner.has_late_copies:
            return True
        return MailEvent.CAUTION in wished.settings.mail_events

    def explains(self, alarm: Alarm, caution: Caution, slack_ms: int) -> bool:
        """Whether this is the mail about that."""
        latest = caution.moment_ms + MINUTE_MS + slack_ms
        is_open = self._owner.has_late_copies
        return (
            alarm.cause is caution.cause
            and alarm.since_ms <= latest
            and (is_open or caution.moment_ms - slack_ms <= alarm.until_ms)
        )

    def compare(self, mails: list[Caution], slack_ms: int, *, tried_for_days: bool) -> Wrong | None:
        """All cautions in this resident's mailbox against what happened.

        *tried_for_days*: so much time went by at once that the portal may have given up sending them.
        """
        for mail in mails:
            about = [each for each in self.noted if self.explains(each, mail, slack_ms)]
            if not about:
                return Wrong("a caution is about something that happened", "no mail", mail.cause)
            if not any(self.may_be_sent(each) for each in about):
                return Wrong("a caution goes to whoever wishes it", "no mail", mail.cause)
        for alarm in self.noted:
            for address in () if tried_for_days else self.must_reach(alarm):
                if not any(
                    mail.address == address and self.explains(alarm, mail, slack_ms) for mail in mails
                ):
                    return Wrong(
                        "whoever wishes it is cautioned", f"a mail to {address}", f"none: {alarm.cause}"
                    )
        for cause in Cause:
            names = {(mail.address, mail.name) for mail in mails if mail.cause is cause}
            if len(names) > sum(alarm.cause is cause for alarm in self.noted) and not self._owner.has_copies:
                return Wrong("a caution is one mail", "one", f"{len(names)}: {cause}")
        return None

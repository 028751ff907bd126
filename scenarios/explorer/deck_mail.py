"""The reference model of mail: what a resident wished, which addresses were confirmed, who must hear of something (ACC-4, 6)."""

from dataclasses import dataclass

from portal.wire.sign_in import AccountSettings, AccountView, MailEvent
from scenarios.explorer.deck import Act


@dataclass(slots=True)
class Wished:
    """Settings that were handed in, and when."""

    settings: AccountSettings
    act: Act
    confirmed: tuple[str, ...] = ()
    """Of its addresses those that needed no new code, as the portal said."""


class MailWishes:
    """メールの設定 of one resident, as the resident knows them."""

    def __init__(self) -> None:
        self._wished: list[Wished] = []
        self._typed: list[tuple[str, Act]] = []
        """Right codes that were typed in, by address."""

    def __repr__(self) -> str:
        return f"<MailWishes: {len(self._wished)} times>"

    def wished(self, settings: AccountSettings, act: Act) -> Wished:
        """Handed in; nobody knows yet what comes of it."""
        wished = Wished(settings, act)
        self._wished.append(wished)
        return wished

    def taken(self, wished: Wished, view: AccountView) -> None:
        """The portal has them."""
        wished.confirmed = tuple(each for each in view.mail_addresses if each not in view.unconfirmed)

    def typed(self, address: str, at: int) -> Act:
        """The right code is typed in."""
        act = Act(at)
        self._typed.append((address, act))
        return act

    def may_get_mail(self, address: str) -> bool:
        """Whether anything but a code may be sent there: only after the code that was sent there came back."""
        return any(known == address for known, _ in self._typed)

    def must_hear(self, event: MailEvent, at: int) -> tuple[str, ...]:
        """The addresses to which word of this must go when it happens at this place in the order of acts.

        Empty when there is any doubt: settings on their way, or changed again afterwards.
        """
        if not self._wished or any(not each.act.is_certain for each in self._wished):
            return ()
        last = max(self._wished, key=lambda each: each.act.began)
        others = [each.act.ended for each in self._wished if each is not last]
        if last.act.ended >= at or max(others, default=-1) >= last.act.began:
            return ()
        if event not in last.settings.mail_events:
            return ()
        confirmed = set(last.confirmed)
        confirmed |= {
            address
            for address, act in self._typed
            if act.is_certain and act.began > last.act.ended and act.ended < at
        }
        return tuple(each for each in last.settings.mail_addresses if each in confirmed)

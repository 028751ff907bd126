"""The reference model of mail: what a resident wished, which addresses were confirmed, who must hear of something (ACC-4, 6)."""

from dataclasses import dataclass

from portal.wire.sign_in import AccountSettings, AccountView, MailEvent
from scenarios.explorer.deck_acts import NEVER, Act


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

    def as_of(self, settings: AccountSettings) -> Wished:
        """When these very settings were handed in."""
        return next(each for each in self._wished if each.settings is settings)

    def in_force(self, at: int, until: int = NEVER, *, besides: Wished | None = None) -> Wished | None:
        """What was certainly wished at this place in the order of acts, and until that one; None in any doubt.

        There is doubt while settings are on their way, and after settings of which nobody knows what came of them.
        """
        handed_in = [each for each in self._wished if each is not besides and each.act.began < until]
        if not handed_in or any(not each.act.is_certain for each in handed_in):
            return None
        last = max(handed_in, key=lambda each: each.act.began)
        others = [each.act.ended for each in handed_in if each is not last]
        if last.act.ended >= at or max(others, default=-1) >= last.act.began:
            return None
        return last

    def confirmed(self, wished: Wished, at: int) -> tuple[str, ...]:
        """Of these settings' addresses those that were certainly confirmed at that place in the order of acts."""
        confirmed = set(wished.confirmed)
        confirmed |= {
            address
            for address, act in self._typed
            if act.is_certain and act.began > wished.act.ended and act.ended < at
        }
        return tuple(each for each in wished.settings.mail_addresses if each in confirmed)

    def must_hear(self, event: MailEvent, at: int) -> tuple[str, ...]:
        """The addresses to which word of this must go when it happens at this place in the order of acts.

        Empty when there is any doubt, and when what is wished was changed again afterwards.
        """
        wished = self.in_force(at)
        if wished is None or event not in wished.settings.mail_events:
            return ()
        return self.confirmed(wished, at)

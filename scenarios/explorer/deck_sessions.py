"""The reference model of sessions and the account: who is signed in, who is not any more, and what closing does to it."""

from dataclasses import dataclass

from scenarios.explorer.deck_acts import NEVER, Act, Wrong

IDLE_SHARE = 0.7
"""A session's idle time is noted in quarters; one that was idle for so much of it may be over."""
SESSION_HOURS_MAX = 11
SESSIONS_MAX = 10


@dataclass(slots=True)
class Window:
    """A session, as its bearer knows it."""

    token: str
    opened_ms: int
    used_ms: int
    is_joined: bool
    """Whether it belongs to an account."""
    opened_at: int = 0
    """Its place in the order of acts; and when it certainly belonged to an account."""
    joined_at: int = NEVER
    leaving: Act | None = None
    may_be_over: bool = False
    acts_for_another: bool = False
    """What is done in it may be done, and written down, in another's folder (PRX-7)."""


class Account:
    """アカウント: one person's account and sessions by the rules (ACC-1, 2, 5; FLD-3)."""

    def __init__(self, idle_ms: int) -> None:
        self.windows: list[Window] = []
        self.leavings: list[Act] = []
        self.closings: list[Act] = []
        """アカウントを閉じる: after it nothing of before is there, and a new account can be opened (ACC-5)."""
        self._named: list[tuple[str, Act]] = []
        self._registered: list[Act] = []
        """Registrations that certainly succeeded."""
        self._idle_ms = idle_ms
        self.lapses: list[int] = []
        """Places in the order of acts at which sessions may have ended by time."""
        self.latest_ms = 0
        """The latest time that the portal's clock has shown."""
        self.sessions_opened = 0
        self.sessions_unheard = 0
        """Sign-ins of which nobody knows what came, or whose copy was answered: each may have opened one more."""
        self.has_copies = False
        """Whether requests may arrive twice: then one without a key may be two."""
        self.has_late_copies = False
        """Whether a copy may arrive so late that the first one's request is gone."""

    # Sessions

    def time_is(self, now_ms: int, at: int) -> None:
        """The portal's clock shows this; sessions may be over by now."""
        self.latest_ms = max(self.latest_ms, now_ms)
        for window in self.windows:
            idle = self.latest_ms - window.used_ms >= self._idle_ms * IDLE_SHARE
            old = self.latest_ms - window.opened_ms >= SESSION_HOURS_MAX * 3_600_000
            first = not window.is_joined and self.latest_ms - window.opened_ms >= 20 * 60_000
            if idle or old or first:
                window.may_be_over = True
                self.lapses.append(at)

    def used(self, window: Window, began_ms: int) -> None:
        """The portal did something in this session; its idle time begins anew."""
        window.used_ms = began_ms

    def signed_in(self, token: str, nickname: str | None, now_ms: int, act: Act) -> Wrong | None:
        self.sessions_opened += 1
        joined_at = NEVER if nickname is None else act.ended
        self.windows.append(Window(token, now_ms, now_ms, nickname is not None, act.began, joined_at))
        if nickname is None:
            return self._no_account(act)
        names = [name for name, named in self._named if not self.is_closed_since(named.ended, act.began)]
        if nickname not in names:
            return Wrong("who signs in meets the own account", " or ".join(names) or "none", nickname)
        return None

    def turned_away(self, window: Window, act: Act) -> Wrong | None:
        """The portal says that this session is not signed in."""
        if window.leaving is not None or window.may_be_over or self._may_be_too_many:
            return None
        if self.may_have_closed(window.opened_at, act.ended):
            return None
        return Wrong("a session lasts until it is ended by hand or by time", "signed in", "turned away")

    @property
    def _may_be_too_many(self) -> bool:
        """Whether the oldest sessions can have ended for the sake of new ones."""
        return self.sessions_opened + self.sessions_unheard > SESSIONS_MAX

    def let_in(self, window: Window, act: Act) -> Wrong | None:
        """The portal did what was asked in this session."""
        left = window.leaving
        if left is not None and left.is_certain and left.ended < act.began:
            return Wrong("a session that was ended is over", "turned away", "let in")
        if self.is_closed_since(window.joined_at, act.began):
            return Wrong("who closes the account is signed out everywhere", "turned away", "let in")
        return None

    # The account

    def named(self, nickname: str, at: int) -> Act:
        """A nickname is handed in; nobody knows yet what comes of it."""
        act = Act(at)
        self._named.append((nickname, act))
        return act

    @property
    def nicknames(self) -> list[str]:
        """What the account may be called now."""
        return [name for name, act in self._named if not self.is_closed_since(act.ended, NEVER)]

    @property
    def opened(self) -> Act | None:
        """The registration of an account that is certainly there, if there is one."""
        there = [act for act in self._registered if not self.may_have_closed(act.began, NEVER)]
        return there[0] if there else None

    def registered(self, act: Act) -> None:
        """There is an account for sure."""
        if self.opened is None:
            self._registered.append(act)

    @property
    def is_new_after_closing(self) -> bool:
        """Whether the account that is there is not the first."""
        return self.opened is not None and any(each.is_certain for each in self.closings)

    def close(self, at: int) -> Act:
        act = Act(at)
        self.closings.append(act)
        return act

    def closed(self, act: Act, at: int) -> None:
        """The portal says that the account is closed."""
        act.ended, act.is_certain = at, True

    def stays_open(self, act: Act) -> None:
        """The portal says that it was not closed."""
        if not self.has_copies:
            self.closings.remove(act)

    def may_have_closed(self, since: int, before: int) -> bool:
        """Whether a closing can have come to pass between these places in the order of acts."""
        return any(each.ended >= since and each.began < before for each in self.closings)

    def is_closed_since(self, ended: int, before: int) -> bool:
        """Whether the account was certainly closed after something that had ended there, and before this place."""
        return any(each.is_certain and ended < each.began and each.ended < before for each in self.closings)

    def _no_account(self, act: Act) -> Wrong | None:
        """Who signs in has none, though there was one: then it was closed meanwhile, or is lost."""
        had = [each for each in self._registered if each.ended < act.began]
        if not had or self.is_closed_since(had[-1].ended, act.began):
            return None
        open_ones = [each for each in self.closings if not each.is_certain and each.began < act.ended]
        if not open_ones and not self.may_have_closed(had[-1].began, act.ended):
            return Wrong("an account that was opened is there", " or ".join(self.nicknames), "no account")
        if len(open_ones) == 1 and not self.may_have_closed(had[-1].began, open_ones[0].began):
            self.closed(open_ones[0], act.ended)
        return None

    def leave(self, window: Window, at: int) -> Act:
        act = Act(at)
        window.leaving = window.leaving or act
        self.leavings.append(act)
        return act

    def left(self, window: Window, act: Act, at: int) -> None:
        """The portal says that the session has ended."""
        window.leaving = Act(act.began, at, True)
        # Who never got as far as an account in this window leaves nobody's folder (a registration may have been missed).
        act.ended, act.is_certain = at, window.is_joined

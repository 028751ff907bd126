"""The reference model: a folder by the deck's rules, written apart from the portal, from what its owner did and saw.

Owners live with uncertainty: who gets no answer does not know what was done. So the model knows what must be there
(accepted, and nothing can have taken it away), what must be gone (read, and signed out of afterwards), and lets
everything between pass. Acts have a beginning and an end in one order of all acts of a run; what overlaps may have
happened either way.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

NEVER = 1 << 60
DAY_MS = 86_400_000
UNREAD_KEPT_DAYS = 365
"""FLD-3: what is not read is kept for a year."""
EARLY_DAYS = 2
"""A year is reckoned from when the answer came, by a clock that may be wrong."""
PAPER_AFTER_DAYS = 25
"""Nobody is sent to paper sooner for want of an answer."""
IDLE_SHARE = 0.7
"""A session's idle time is noted in quarters; one that was idle for so much of it may be over."""
SESSION_HOURS_MAX = 11
SESSIONS_MAX = 10


class Seen(StrEnum):
    """A request as its owner sees it."""

    WAITING = "waiting"
    ANSWERED = "answered"
    REFUSED = "refused"
    PAPER = "paper"
    WITHHELD = "withheld"
    NOT_HELD = "not_held"
    UNANSWERED = "unanswered"


GUIDED = frozenset([Seen.PAPER, Seen.WITHHELD, Seen.NOT_HELD, Seen.UNANSWERED])
"""Ended without an answer; one may come all the same."""

FOLLOWS: dict[Seen, frozenset[Seen]] = {
    Seen.WAITING: frozenset(Seen),
    Seen.ANSWERED: frozenset([Seen.ANSWERED]),
    Seen.REFUSED: frozenset([Seen.REFUSED]),
    Seen.PAPER: frozenset([Seen.PAPER, Seen.ANSWERED]),
    Seen.WITHHELD: frozenset([Seen.WITHHELD, Seen.ANSWERED]),
    Seen.NOT_HELD: frozenset([Seen.NOT_HELD, Seen.ANSWERED]),
    Seen.UNANSWERED: frozenset(Seen) - {Seen.WAITING, Seen.REFUSED},
}


class View(NamedTuple):
    """One line of the portal's list, in plain words."""

    request_id: str
    kind: str
    subject: tuple[str, ...]
    state: Seen
    answered_at: str | None
    read: bool


class Wrong(NamedTuple):
    """What breaks the deck's rules: which rule, what was expected, what was seen."""

    rule: str
    expected: str
    seen: str


@dataclass(slots=True)
class Act:
    """Something that an owner did; its effect lies between beginning and end, if it had one."""

    began: int
    ended: int = NEVER
    is_certain: bool = False


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


@dataclass(slots=True)
class Asked:
    """One request, as its owner remembers it."""

    kind: str
    subject: tuple[str, ...]
    key: str | None
    sent_ms: int
    act: Act
    request_id: str | None = None
    seen: Seen = Seen.WAITING
    seen_at: int = -1
    answered_at: str | None = None
    content: bytes | None = None
    reads: list[Act] = field(default_factory=list)
    deletions: list[Act] = field(default_factory=list)
    """By hand (FLD-5)."""

    def reborn(self, request_id: str | None, act: Act) -> None:
        """The same key, sent again after its request was gone, is a new request."""
        self.request_id, self.act, self.seen, self.seen_at = request_id, act, Seen.WAITING, -1
        self.answered_at, self.content, self.reads, self.deletions = None, None, [], []

    def take_over(self, other: "Asked") -> None:
        """What was known of the other one is of this one."""
        if self.request_id is None:
            self.request_id, self.seen, self.seen_at = other.request_id, other.seen, other.seen_at
            self.answered_at, self.content = other.answered_at, other.content
            self.reads, self.deletions = other.reads, other.deletions
        other.reborn(None, other.act)

    @property
    def is_accepted(self) -> bool:
        return self.act.is_certain


class Owner:
    """利用者: one person's folder and sessions by the rules."""

    def __init__(self, idle_ms: int) -> None:
        self.asked: list[Asked] = []
        self.windows: list[Window] = []
        self.leavings: list[Act] = []
        self.closings: list[Act] = []
        """アカウントを閉じる: after it nothing of before is there, and a new account can be opened (ACC-5)."""
        self._named: list[tuple[str, Act]] = []
        self._registered: list[Act] = []
        """Registrations that certainly succeeded."""
        self._idle_ms = idle_ms
        self._lapses: list[int] = []
        """Places in the order of acts at which sessions may have ended by time."""
        self.latest_ms = 0
        """The latest time that the portal's clock has shown."""
        self.sessions_opened = 0
        self.sessions_unheard = 0
        """Sign-ins of which nobody knows what came, or whose copy was answered: each may have opened one more."""
        self.has_moved = False
        """Whether somebody else may hold now what was asked for: then who was asked has none."""
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
                self._lapses.append(at)

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

    # Requests

    def ask(self, kind: str, subject: tuple[str, ...], key: str | None, now_ms: int, at: int) -> Asked:
        if key is not None:
            for earlier in self.asked:
                if (earlier.kind, earlier.key) == (kind, key):
                    return earlier
        asked = Asked(kind, subject, key, now_ms, Act(at))
        self.asked.append(asked)
        return asked

    def accepted(self, asked: Asked, view: View, began: int, ended: int) -> Wrong | None:
        if not asked.act.is_certain:
            asked.act.is_certain, asked.act.ended = True, ended
        for other in self.asked:
            if other is not asked and other.request_id == view.request_id and not other.is_accepted:
                # Of two alike that were on their way, a list was taken to show the other one.
                asked.take_over(other)
        if asked.request_id is None:
            asked.request_id = view.request_id
        elif asked.request_id != view.request_id and not self._may_be_gone(asked, ended):
            return Wrong("one key is one request", asked.request_id, view.request_id)
        elif asked.request_id != view.request_id:
            asked.reborn(view.request_id, Act(began, ended, True))
        return self._looked_at(asked, view, began, ended)

    def listed(self, kind: str, views: list[View], began: int, ended: int) -> Wrong | None:
        """The portal's list of one kind: everything that must be there, nothing that must not."""
        shown: set[int] = set()
        for view in views:
            asked = self._match(view, shown)
            if asked is None:
                return Wrong("a folder holds what its owner asked for", "nothing else", f"{view}")
            shown.add(id(asked))
            wrong = self._looked_at(asked, view, began, ended)
            if wrong is not None:
                return wrong
        for asked in self.asked:
            if asked.kind == kind and id(asked) not in shown:
                wrong = self.missed(asked, began, ended)
                if wrong is not None:
                    return wrong
        return None

    def missed(self, asked: Asked, began: int, ended: int) -> Wrong | None:
        """The portal does not show it."""
        if asked.is_accepted and asked.act.ended < began and not self._may_be_gone(asked, ended):
            rule = "nothing unread is lost before its time"
            if not asked.reads:
                rule = "an accepted request is not lost" if asked.seen is Seen.WAITING else rule
            return Wrong(rule, f"{asked.kind} {asked.subject} ({asked.seen})", "not there")
        return None

    def _match(self, view: View, shown: set[int]) -> Asked | None:
        for asked in self.asked:
            if asked.request_id == view.request_id and id(asked) not in shown:
                return asked
        for asked in self.asked:
            is_same = (asked.kind, asked.subject) == (view.kind, view.subject)
            if is_same and asked.request_id is None and id(asked) not in shown:
                asked.request_id = view.request_id
                return asked
        for asked in self.asked:
            if (asked.kind, asked.subject) != (view.kind, view.subject):
                continue
            # Sent twice, and deleted between the two.
            is_again = self.has_late_copies or bool(asked.deletions)
            is_reborn = is_again and self._may_be_gone(asked, NEVER)
            if is_reborn or (self.has_copies and asked.key is None):
                return Asked(
                    asked.kind, asked.subject, None, asked.sent_ms, Act(asked.act.began), view.request_id
                )
        return None

    def _looked_at(self, asked: Asked, view: View, began: int, ended: int) -> Wrong | None:
        if asked.subject != view.subject:
            return Wrong("a request is for what was asked", f"{asked.subject}", f"{view.subject}")
        if self._is_gone(asked, began):
            return Wrong("nothing read survives sign-out", "gone", f"{view}")
        if asked.seen_at < began and view.state not in FOLLOWS[asked.seen]:
            return Wrong("a request's life is one way", f"after {asked.seen}", str(view.state))
        if view.state is Seen.REFUSED and not self.has_moved:
            return Wrong("what is held and asked for rightly is not refused", "an answer", "refused")
        days = (self.latest_ms - asked.sent_ms) / DAY_MS
        if view.state in GUIDED and days < PAPER_AFTER_DAYS and not self.has_moved:
            return Wrong("nobody is sent to paper early", f"{PAPER_AFTER_DAYS} days", f"{days:.1f} days")
        if (view.answered_at is None) is not (view.state is Seen.WAITING):
            return Wrong("what has ended says when", str(view.state), str(view.answered_at))
        was_answered = asked.seen is Seen.ANSWERED and asked.answered_at is not None
        if was_answered and view.answered_at is not None and asked.answered_at != view.answered_at:
            return Wrong("an answer comes once", str(asked.answered_at), str(view.answered_at))
        if view.read and all(read.began >= ended for read in asked.reads):
            return Wrong("only what was read is marked as read", "unread", "read")
        if not view.read and any(read.is_certain and read.ended < began for read in asked.reads):
            return Wrong("what was read is marked as read", "read", "unread")
        if ended > asked.seen_at and view.state in FOLLOWS[asked.seen]:
            asked.seen, asked.seen_at, asked.answered_at = view.state, ended, view.answered_at
        return None

    # Reading and leaving

    def read(self, asked: Asked, content: bytes, act: Act) -> Wrong | None:
        if self._is_gone(asked, act.began):
            return Wrong("nothing read survives sign-out", "gone", "its content")
        if asked.content is not None and asked.content != content:
            return Wrong("an answer comes once", "the same content", "another content")
        asked.content = content
        act.is_certain = True
        return None

    def unreadable(self, asked: Asked, act: Act) -> Wrong | None:
        """The portal says that there is no answer yet."""
        if asked.seen is Seen.ANSWERED and asked.seen_at < act.began:
            return Wrong("a request's life is one way", "its answer", "no answer yet")
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

    def shows(self, request_id: str, kind: str, state: Seen, began: int) -> Wrong | None:
        """The folder's list of everything, which names no subject: what is known by its number is as it must be."""
        for asked in self.asked:
            if asked.request_id != request_id:
                continue
            if asked.kind != kind:
                return Wrong("a request is for what was asked", asked.kind, kind)
            if self._is_gone(asked, began):
                return Wrong("nothing read survives sign-out", "gone", request_id)
            if asked.seen_at < began and state not in FOLLOWS[asked.seen]:
                return Wrong("a request's life is one way", f"after {asked.seen}", str(state))
        return None

    def deleted(self, asked: Asked, act: Act, at: int) -> None:
        """The portal says that it is deleted."""
        act.ended, act.is_certain = at, True

    def _is_gone(self, asked: Asked, before: int) -> bool:
        """Whether it must be gone: read, and signed out of after that; or deleted, or the account closed."""
        if any(each.is_certain and each.ended < before for each in asked.deletions):
            return True
        if asked.is_accepted and self.is_closed_since(asked.act.ended, before):
            return True
        return any(
            read.is_certain and left.is_certain and read.ended < left.began and left.ended < before
            for read in asked.reads
            for left in self.leavings
        )

    def _may_be_gone(self, asked: Asked, before: int) -> bool:
        """Whether anything can have taken it away."""
        if self.latest_ms - asked.sent_ms >= (UNREAD_KEPT_DAYS - EARLY_DAYS) * DAY_MS:
            return True
        if any(each.began < before for each in asked.deletions):
            return True
        if self.may_have_closed(asked.act.began, before):
            return True
        for read in asked.reads:
            if read.began >= before:
                continue
            if any(left.ended >= read.began and left.began < before for left in self.leavings):
                return True
            if any(lapse >= read.began for lapse in self._lapses):
                return True
        return False

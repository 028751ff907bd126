"""The reference model: a folder by the deck's rules, written apart from the portal, from what its owner did and saw.

Owners live with uncertainty: who gets no answer does not know what was done. So the model knows what must be there
(accepted, and nothing can have taken it away), what must be gone (read, and signed out of afterwards), and lets
everything between pass. What acts are stands in `deck_acts.py`, sessions and the account in `deck_sessions.py`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from scenarios.explorer.deck_acts import DAY_MS, NEVER, Act, Wrong
from scenarios.explorer.deck_sessions import Account

UNREAD_KEPT_DAYS = 365
"""FLD-3: what is not read is kept for a year."""
EARLY_DAYS = 2
"""A year is reckoned from when the answer came, by a clock that may be wrong."""
PAPER_AFTER_DAYS = 25
"""Nobody is sent to paper sooner for want of an answer."""


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

    def exchange(self, other: "Asked") -> None:
        """What was known of each is of the other."""
        mine, theirs = self._known(), other._known()
        self._know(theirs)
        other._know(mine)

    def _known(self) -> tuple[Any, ...]:
        return (
            self.request_id, self.seen, self.seen_at, self.answered_at, self.content, self.reads, self.deletions
        )  # fmt: skip

    def _know(self, known: tuple[Any, ...]) -> None:
        (
            self.request_id,
            self.seen,
            self.seen_at,
            self.answered_at,
            self.content,
            self.reads,
            self.deletions,
        ) = known

    @property
    def is_accepted(self) -> bool:
        return self.act.is_certain


class Owner(Account):
    """利用者: one person's folder by the rules, and the account it belongs to."""

    def __init__(self, idle_ms: int) -> None:
        super().__init__(idle_ms)
        self.asked: list[Asked] = []
        self.has_moved = False
        """Whether somebody else may hold now what was asked for: then who was asked has none."""

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
        if not asked.is_accepted:
            self._put_right(asked, view)
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

    def _put_right(self, asked: Asked, view: View) -> None:
        """A list may have been taken to show this one while it showed another one alike, which is on its way, too."""
        if asked.request_id in (None, view.request_id):
            return
        alike = [
            each
            for each in self.asked
            if each is not asked
            and not each.is_accepted
            and (each.kind, each.subject) == (asked.kind, asked.subject)
            and each.request_id in (None, view.request_id)
        ]
        if alike:
            asked.exchange(max(alike, key=lambda each: each.request_id is not None))

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

    # Reading

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
            if any(lapse >= read.began for lapse in self.lapses):
                return True
        return False

"""The reference model of the history: a diary of all that its owner did, by the owner's own watch (HIS-1, 2, 3).

Every call to the portal is entered, whatever came of it: what certainly was done must stand in the history at that time,
and what stands there must be something that was done or tried, in words that say with what.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from portal.links.link import Unreachable
from portal.wire.history import Action, Operator, Service
from portal.wire.notices import Notices
from portal.wire.operation import Done
from portal.wire.problems import Problem
from portal.wire.sign_in import AccountView, SignedIn
from scenarios.explorer.deck import Owner
from scenarios.explorer.deck_acts import DAY_MS, Act, Wrong
from scenarios.explorer.deck_sessions import Window
from scenarios.explorer.deck_words import EACH, UNKNOWN, Things, Words, fits, words_of

KEPT_DAYS = 14 * 30
"""HIS-3 keeps fifteen months; what is older than this is not looked for."""
GONE_DAYS = 16 * 31
SLACK_MS = 1_000

Kind = tuple[Service, Action]


class Line(NamedTuple):
    """One line of the portal's history."""

    at_ms: int
    kind: Kind
    operator: Operator
    detail: str


def _went_well(outcome: Any, _: Window | None) -> bool:
    return not isinstance(outcome, (Problem, Unreachable))


def _signed_in(outcome: Any, _: Window | None) -> bool:
    return isinstance(outcome, SignedIn) and outcome.nickname is not None


def _signed_out(outcome: Any, window: Window | None) -> bool:
    return isinstance(outcome, Done) and window is not None and window.is_joined


def _changed(outcome: Any, _: Window | None) -> bool:
    return isinstance(outcome, AccountView)


def _perhaps(outcome: Any, _: Window | None) -> bool:
    return False


class Rule(NamedTuple):
    """What an operation leaves in the history: one of these lines, and when it certainly does."""

    kinds: tuple[Kind, ...]
    is_certain: Callable[[Any, Window | None], bool] = _went_well


_S, _A = Service, Action
RULES: dict[str, Rule] = {
    "sign_in": Rule(((_S.SIGN_IN, _A.SIGN_IN),), _signed_in),
    "sign_out": Rule(((_S.SIGN_IN, _A.SIGN_OUT),), _signed_out),
    "account.open": Rule(((_S.ACCOUNT, _A.REGISTER),), _changed),
    "account.change": Rule(((_S.ACCOUNT, _A.CHANGE),), _changed),
    # Confirmed from another window before, it is confirmed all the same, without a line of its own.
    "account.confirm_mail": Rule(((_S.ACCOUNT, _A.CONFIRM),), _perhaps),
    "records.request": Rule(((_S.RECORDS, _A.REQUEST),)),
    "records.read": Rule(((_S.RECORDS, _A.VIEW),)),
    "records.csv": Rule(((_S.RECORDS, _A.DOWNLOAD),)),
    "records.pdf": Rule(((_S.RECORDS, _A.DOWNLOAD),)),
    "records.request_information": Rule(((_S.SELF_INFORMATION, _A.REQUEST),)),
    "self_information.request": Rule(((_S.SELF_INFORMATION, _A.REQUEST),)),
    "self_information.read": Rule(((_S.SELF_INFORMATION, _A.VIEW),)),
    "self_information.csv": Rule(((_S.SELF_INFORMATION, _A.DOWNLOAD),)),
    "self_information.pdf": Rule(((_S.SELF_INFORMATION, _A.DOWNLOAD),)),
    "folder.delete": Rule(((_S.RECORDS, _A.DELETE), (_S.SELF_INFORMATION, _A.DELETE))),
    "notices.open": Rule(((_S.NOTICES, _A.VIEW),)),
    "notices.csv": Rule(((_S.NOTICES, _A.DOWNLOAD),)),
    "notices.pdf": Rule(((_S.NOTICES, _A.DOWNLOAD),)),
    "notices.attachment": Rule(((_S.NOTICES, _A.DOWNLOAD),)),
    "notices.delete": Rule(((_S.NOTICES, _A.DELETE),)),
    "notices.answer": Rule(((_S.NOTICES, _A.ANSWER),)),
    "inquiries.send": Rule(((_S.INQUIRIES, _A.SEND),)),
    "inquiries.read": Rule(((_S.INQUIRIES, _A.VIEW),)),
    "inquiries.delete": Rule(((_S.INQUIRIES, _A.DELETE),)),
}
"""By operation. Of an account that is opened there is a line of its first sign-in too."""
BY_ITSELF: frozenset[Kind] = frozenset([(_S.SIGN_IN, _A.SIGN_OUT_BY_TIME)])
"""Lines of what nobody does."""
OF_OTHERS = frozenset([_S.PROXIES, _S.EXTERNAL_SITES])
"""Services whose lines come from what others do as well; their own parts look at them."""


@dataclass(slots=True)
class Deed:
    """何かをしたこと."""

    name: str
    kinds: tuple[Kind, ...]
    act: Act
    since_ms: int
    """By the portal's clock: the line stands between these two, unless the clock was set in between."""
    until_ms: int
    words: tuple[Words, ...] = UNKNOWN
    """What its line says: one of these; of some deeds each of these, in a line of its own."""
    is_certain: bool = False
    is_over: bool = False
    """Whether nothing can come of it any more."""


class Diary:
    """日記 of one resident."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._deeds: list[Deed] = []
        self._began: dict[tuple[str, str], int] = {}
        self._things = Things(owner.asked)

    def __repr__(self) -> str:
        return f"<Diary: {len(self._deeds)} deeds>"

    def begin(self, name: str, request: Any, window: Window | None, act: Act, now_ms: int) -> list[Deed]:
        """A call to the portal begins: from now on it may be done."""
        if window is not None and name == "proxies.act":
            window.acts_for_another = True
        rule = RULES.get(name)
        if rule is None:
            return []
        # What is asked for again with its key, or under its nickname, may have been done at the first time.
        key = getattr(request, "key", None) or getattr(request, "nickname", None)
        since_ms = now_ms if key is None else min(now_ms, self._began.setdefault((name, key), now_ms))
        words = words_of(name, request, self._things)
        deeds = [Deed(name, rule.kinds, act, since_ms, now_ms, words)]
        if name == "account.open":
            first = words_of("sign_in", request, self._things)
            deeds.append(Deed(name, ((_S.SIGN_IN, _A.SIGN_IN),), act, since_ms, now_ms, first))
        self._deeds += deeds
        return deeds

    def end(self, name: str, deeds: list[Deed], outcome: Any, window: Window | None, now_ms: int) -> None:
        """It has come to its end, one way or the other."""
        if window is not None and name == "proxies.stop_acting" and _went_well(outcome, window):
            window.acts_for_another = False
        failed = isinstance(outcome, Unreachable) or (isinstance(outcome, Problem) and outcome.status >= 500)
        own = window is None or not window.acts_for_another
        for deed in deeds:
            deed.since_ms, deed.until_ms = min(deed.since_ms, now_ms), max(deed.until_ms, now_ms)
            deed.is_over = not failed
            deed.is_certain = own and RULES[name].is_certain(outcome, window)
        if isinstance(outcome, Notices):
            for notice in outcome.notices:
                self._things.shown(notice)

    def compare(
        self, lines: list[Line], kinds: frozenset[Kind] | None, act: Act, now_ms: int, skew_ms: int
    ) -> Wrong | None:
        """All lines of these kinds (None: of all) as the portal showed them then, against what was done."""
        slack_ms = 2 * skew_ms + SLACK_MS
        own = [line for line in lines if line.operator is Operator.SELF and line.kind[0] not in OF_OTHERS]
        for line in own:
            if now_ms - line.at_ms > GONE_DAYS * DAY_MS:
                return Wrong("the history is kept for fifteen months", "deleted", _told(line))
            if line.kind in BY_ITSELF:
                continue
            explained = [deed for deed in self._deeds if self._explains(deed, line, act, slack_ms)]
            if not explained:
                return Wrong("the history tells what was done", "nothing else", _told(line))
            if not any(fits(line.detail, deed.words) for deed in explained):
                words = " or ".join(f"{deed.words}" for deed in explained[:3])
                return Wrong("the history says with what it was done", words, f"「{line.detail}」")
        for deed in self._deeds:
            if kinds is not None and not kinds.issuperset(deed.kinds):
                continue
            if not self._must_stand(deed, act, now_ms, 2 * skew_ms):
                continue
            there = [
                line.detail
                for line in own
                if line.kind in deed.kinds
                and deed.since_ms - slack_ms <= line.at_ms <= deed.until_ms + slack_ms
            ]
            if not there:
                return Wrong("everything done is in the history", f"a line for {deed.name}", "none")
            for wanted in deed.words if deed.name in EACH else ():
                if not any(fits(detail, (wanted,)) for detail in there):
                    return Wrong("the history says with what it was done", f"{wanted}", f"{there[:3]}")
            if not any(fits(detail, deed.words) for detail in there):
                return Wrong("the history says with what it was done", f"{deed.words}", f"{there[:3]}")
        return None

    def _explains(self, deed: Deed, line: Line, act: Act, slack_ms: int) -> bool:
        if line.kind not in deed.kinds or line.at_ms < deed.since_ms - slack_ms:
            return False
        if self._owner.is_closed_since(deed.act.ended, act.began):
            return False
        is_open = not deed.is_over or self._owner.has_late_copies
        return is_open or line.at_ms <= deed.until_ms + slack_ms

    def _must_stand(self, deed: Deed, act: Act, now_ms: int, skew_ms: int) -> bool:
        return (
            deed.is_certain
            and deed.act.ended < act.began
            # A clock that was ahead wrote lines of a time that has not come yet.
            and deed.until_ms + skew_ms <= now_ms
            and self._owner.latest_ms - deed.since_ms < KEPT_DAYS * DAY_MS
            and not self._owner.may_have_closed(deed.act.began, act.ended)
        )


def _told(line: Line) -> str:
    return f"{line.kind[0]}/{line.kind[1]} at {line.at_ms}"

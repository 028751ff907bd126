"""代理人: what a delegation is, how it lives, its rules (PRX-1…7). Apart from storage."""

from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

import msgspec

from portal.wire.limits import HISTORY_KEPT_MONTHS, PROXY_STARTS_IN_DAYS_MAX, PROXY_YEARS_MAX
from portal.wire.moments import DAY, add_months, add_years, day_of, start_of
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.proxies import DelegationState, DelegationView, Right, Scope, Terms
from portal.wire.texts import forbidden_in, with_line_feeds


class State(StrEnum):
    """Where a delegation is; whether it has begun, the clock says."""

    GRANTED = "granted"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Event(StrEnum):
    """What can happen to a delegation."""

    CHANGE = "change"
    """The owner gives it another scope or an earlier end."""
    END = "end"
    """By the owner."""
    WITHDRAWAL = "withdrawal"
    """By the proxy."""
    PERIOD_END = "period_end"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.GRANTED, Event.CHANGE): State.GRANTED,
    (State.GRANTED, Event.END): State.ENDED,
    (State.GRANTED, Event.WITHDRAWAL): State.WITHDRAWN,
    (State.GRANTED, Event.PERIOD_END): State.EXPIRED,
}
"""All that is not here changes nothing: what is over stays over, in the way it came to be so first."""


def after(state: State, event: Event) -> State | None:
    return TRANSITIONS.get((state, event))


class Delegation(NamedTuple):
    """代理 as it is stored."""

    delegation_id: str
    owner_id: str
    proxy_id: str
    state: str
    scope: bytes
    """Sealed :class:`~portal.wire.proxies.Scope`, with the owner's key."""
    mails: int
    """Whether its proxy gets mail, as the scope says: known without opening that."""
    granted_ms: int
    start_ms: int
    end_ms: int
    """Excluding: midnight after the last day."""
    version: int = 1
    """Counts its changes."""

    @property
    def place(self) -> str:
        """Where its scope is sealed for."""
        return f"proxy/{self.delegation_id}"

    @property
    def last_day(self) -> date:
        return day_of(self.end_ms - 1)

    def state_at(self, now_ms: int) -> State:
        """What is past its end is over, also before the sweep has come by."""
        state = State(self.state)
        if state is State.GRANTED and now_ms >= self.end_ms:
            return State.EXPIRED
        return state

    def shown_at(self, now_ms: int) -> DelegationState:
        state = self.state_at(now_ms)
        if state is State.GRANTED:
            return DelegationState.PENDING if now_ms < self.start_ms else DelegationState.ACTIVE
        return DelegationState(state.value)

    def active_at(self, now_ms: int) -> bool:
        """Whether its proxy may act now."""
        return self.shown_at(now_ms) is DelegationState.ACTIVE

    def ends_soon(self, now_ms: int, scope: Scope) -> bool:
        """Whether both are to be warned (PRX-6)."""
        return self.state_at(now_ms) is State.GRANTED and now_ms >= self.end_ms - scope.warn_days * DAY


class Draft(msgspec.Struct, frozen=True):
    """A registration that is being filled in."""

    terms: Terms
    agreed: bool
    """By the owner; the card's part is still to come."""


class Sided(NamedTuple):
    """A delegation as one side of it sees it."""

    view: DelegationView
    mine: bool
    """Whether that side is the owner's."""


def end_of(last_day: date) -> int:
    """The moment at which this last day is over."""
    return start_of(last_day) + DAY


def last_day_at_most(registered: date) -> date:
    """The last day of the longest delegation that is registered on this day (PRX-5)."""
    return day_of(add_years(start_of(registered), PROXY_YEARS_MAX)) - timedelta(days=1)


def kept_since_ms(now_ms: int) -> int:
    """What was over before is deleted; it has been in the histories as long as these are kept (HIS-3)."""
    return add_months(now_ms, -HISTORY_KEPT_MONTHS)


def check_terms(terms: Terms, today: date) -> Problem | None:
    """What is wrong with these terms, if anything."""
    return check_scope(terms.scope) or check_period(terms.start, terms.end, today)


def check_period(start: date, end: date, today: date) -> Problem | None:
    if start < today:
        return _period("始まりの日は、今日か、今日より後の日にしてください。", "$.start")
    if start > today + timedelta(days=PROXY_STARTS_IN_DAYS_MAX):
        return _period(f"始まりの日は、{PROXY_STARTS_IN_DAYS_MAX}日後までにしてください。", "$.start")
    if end < start:
        return _period("終わりの日は、始まりの日と同じか後にしてください。", "$.end")
    last = last_day_at_most(today)
    if end > last:
        return _period(
            f"代理の期間は、登録の日から{PROXY_YEARS_MAX}年までです。終わりの日は{last.year}年{last.month}月{last.day}日までにしてください。",
            "$.end",
        )
    return None


def check_new_end(delegation: Delegation, end: date, today: date) -> Problem | None:
    """An end may come earlier; later needs both again."""
    if end > delegation.last_day:
        return _period(
            "期間をのばすには、代理人の同意がもう一度必要です。いまの代理を終えてから、登録しなおしてください。",
            "$.end",
        )
    if end < max(today, day_of(delegation.start_ms)):
        return _period(
            "終わりの日は、今日（まだ始まっていないときは始まりの日）か、それより後にしてください。すぐに終えるには「代理を終える」を使ってください。",
            "$.end",
        )
    return None


def _period(detail: str, field: str) -> Problem:
    return problem(ProblemCode.PERIOD_REFUSED, detail, field=field)


def check_scope(scope: Scope) -> Problem | None:
    if len(set(scope.rights)) != len(scope.rights):
        return _scope("まかせることが2回選ばれています。1回ずつ選んでください。", "$.scope.rights")
    ticked = Right.SELF_INFORMATION in scope.rights
    if ticked and not scope.information:
        return _scope(
            "「あなたの情報」をまかせるときは、見てよい特定個人情報を1つ以上選んでください。",
            "$.scope.information",
        )
    if scope.information and not ticked:
        return _scope(
            "特定個人情報を選べるのは、「あなたの情報」をまかせるときだけです。", "$.scope.information"
        )
    if len(set(scope.information)) != len(scope.information):
        return _scope("同じ特定個人情報が2回選ばれています。1回ずつ選んでください。", "$.scope.information")
    if (place := forbidden_in(with_line_feeds(scope.memo), lines=True)) is not None:
        return _scope(
            f"メモの{place + 1}文字目に、使えない文字（制御文字など）があります。取りのぞいてください。",
            "$.scope.memo",
        )
    return None


def _scope(detail: str, field: str) -> Problem:
    return problem(ProblemCode.UNPROCESSABLE, detail, field=field)


def agreed_to(terms: Terms, session: bytes) -> bytes:
    """What a proxy's card signs beside the challenge: these terms, in this session of the owner's."""
    return b"proxy" + session + msgspec.json.encode(terms)

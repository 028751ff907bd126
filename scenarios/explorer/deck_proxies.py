"""The reference model of delegations: what was granted when, as far as those who granted it can know (PRX-3, 4, 7).

A proxy sees what some scope grants that may be in force at that moment. Whoever hears nothing does not know; what was
said to be over before a call began is over.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from portal.wire.history import Action, Service
from portal.wire.moments import JST, to_ms
from portal.wire.proxies import Right, Scope
from scenarios.explorer.deck_acts import NEVER, Act
from scenarios.explorer.deck_words import Words

Kind = tuple[Service, Action]


TOLD_WITHIN_MS = 3_600_000
"""When a delegation has run out, both sides hear of it by then."""


def runs_out_ms(last_day: date) -> int:
    """The first moment at which a delegation until this day is over: midnight in Japan."""
    return to_ms(datetime(last_day.year, last_day.month, last_day.day, tzinfo=JST) + timedelta(days=1))


@dataclass(slots=True)
class Version:
    """A scope that was given, or tried to be."""

    scope: Scope
    act: Act


@dataclass(slots=True)
class Grant:
    """代理, as its owner and its proxy know it together."""

    delegation_id: str
    owner: int
    proxy: int
    """Places among the case's residents."""
    versions: list[Version]
    runs_out_ms: int
    endings: list[Act] = field(default_factory=list)
    shown: list[tuple[Any, Any]] = field(default_factory=list)
    """What its proxy has been shown: which look, at which thing."""

    def is_over(self, at: int) -> bool:
        """Whether somebody was told before *at* that it is over."""
        return any(each.is_certain and each.ended < at for each in self.endings)

    def has_run_out(self, now_ms: int, skew_ms: int) -> bool:
        """Whether its time is over for sure when the portal's clock shows this, set wrong by so much at most."""
        return now_ms - skew_ms >= self.runs_out_ms

    def may_have_run_out(self, now_ms: int, skew_ms: int) -> bool:
        return now_ms + skew_ms >= self.runs_out_ms

    def _may_hold(self, version: Version, began: int, ended: int) -> bool:
        if version.act.began >= ended:
            return False
        return not any(
            later.act.is_certain and later.act.began > version.act.ended and later.act.ended < began
            for later in self.versions
        )

    def may_grant(self, right: Right, information: str | None, began: int, ended: int) -> bool:
        """Whether this may have been granted at some moment between these two."""
        return not self.is_over(began) and any(
            right in version.scope.rights
            and (information is None or information in version.scope.information)
            for version in self.versions
            if self._may_hold(version, began, ended)
        )


@dataclass(slots=True)
class ProxyDeed:
    """What a proxy did in somebody's folder, or tried."""

    owner: int
    kinds: tuple[Kind, ...]
    act: Act
    since_ms: int
    until_ms: int = NEVER
    is_certain: bool = False
    words: Words = ()
    """What its line says."""


class Grants:
    """All delegations of a run, and all deeds by them."""

    def __init__(self) -> None:
        self.known: dict[str, Grant] = {}
        self.deeds: list[ProxyDeed] = []

    def __repr__(self) -> str:
        return f"<Grants: {len(self.known)}, {len(self.deeds)} deeds>"

    def run_out(self, resident: int, now_ms: int, skew_ms: int) -> list[Grant]:
        """Those of this resident's that nobody ended, and whose time was over for so long that everybody was told."""
        known_ms = now_ms - TOLD_WITHIN_MS
        return [
            each for each in self.of(resident) if not each.endings and each.has_run_out(known_ms, skew_ms)
        ]

    def of(self, resident: int) -> list[Grant]:
        """Those of which this resident is a side."""
        return [each for each in self.known.values() if resident in (each.owner, each.proxy)]

    def sighted(
        self, delegation_id: str, owner: int, proxy: int, scope: Scope, last_day: date, act: Act
    ) -> Grant:
        """Shown by the portal: one that is new here was granted by a call whose answer nobody heard."""
        found = self.known.get(delegation_id)
        if found is None:
            first = Version(scope, Act(0, act.ended))
            found = Grant(delegation_id, owner, proxy, [first], runs_out_ms(last_day))
            self.known[delegation_id] = found
        return found

"""How each organisation's server stands: its settings, who may use it, and whether it takes a request now (SYM, SCM)."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec

from portal.serving.system import Surroundings
from portal.store.store import Op, Query
from portal.wire.dates import YEAR_FIRST, YEAR_LAST
from portal.wire.intermediate_keeping import (
    BarUser,
    Configuration,
    Configure,
    DecisionPolicy,
    Group,
    Groups,
    GroupView,
    PlannedStop,
    Protect,
)
from portal.wire.moments import JST, to_jst, to_ms, to_utc
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from sim.controls import ControlDesk, stopped_problem
from sim.intermediate.notices.model import cap_of
from sim.intermediate.profiles import (
    ALWAYS,
    GROUP_NAMES,
    PROFILES,
    ServerProfile,
    Span,
    is_open,
    open_from,
    stopped_until,
)
from sim.nation.organisations import UnknownOrganisation, organisation

R = TypeVar("R")


class _Row(NamedTuple):
    organisation: str
    configuration: bytes


class _Count(NamedTuple):
    total: int


_ALL = Query("SELECT organisation, configuration FROM configurations ORDER BY organisation", _Row)
_PROTECTED = Query(
    "SELECT COUNT(*) FROM protections WHERE organisation = :organisation AND person = :person", _Count
)
_BARRED = Query(
    "SELECT COUNT(*) FROM barred_users WHERE organisation = :organisation AND user_id = :user", _Count
)


class Standing:
    """機関ごとの動き方. Settings are kept in memory too; they are few, and asked for at every request."""

    def __init__(
        self,
        surroundings: Surroundings,
        desk: ControlDesk,
        people: int,
        usual: ServerProfile = ALWAYS,
    ) -> None:
        """*usual* is the profile of those whom nobody has configured."""
        self._usual = usual.name
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._desk = desk
        self._people = people
        self._configured: dict[str, Configuration] = {}
        self._busy: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"Standing({len(self._configured)} configured)"

    async def load(self) -> None:
        """Read what was set before the last restart."""
        for row in await self._store.read(_ALL):
            found = msgspec.json.decode(row.configuration, type=Configuration)
            stops = tuple(_reckonable(stop) for stop in found.stops)
            self._configured[row.organisation] = msgspec.structs.replace(found, stops=stops)

    @property
    def configured(self) -> tuple[Configuration, ...]:
        """Those that somebody has configured, by code."""
        return tuple(self._configured[code] for code in sorted(self._configured))

    def of(self, code: str) -> Configuration:
        return self._configured.get(code) or Configuration(
            code, self._usual, True, False, DecisionPolicy.WITHHOLD, 0, ()
        )

    def profile(self, code: str) -> ServerProfile:
        return PROFILES[self.of(code).profile]

    async def configure(self, wanted: Configure) -> Configuration | Problem:
        """Durable when this returns."""
        if (unknown := self._unknown(wanted.organisation)) is not None:
            return unknown
        if wanted.profile not in PROFILES:
            names = "、".join(PROFILES)
            return problem(ProblemCode.UNPROCESSABLE, f"選べるのは {names} です。", field="$.profile")
        for number, stop in enumerate(wanted.stops):
            if stop.end <= stop.start:
                return problem(
                    ProblemCode.UNPROCESSABLE,
                    "計画停止の終わりは、始まりより後にしてください。",
                    field=f"$.stops[{number}].end",
                )
        made = msgspec.convert(msgspec.structs.asdict(wanted), Configuration)
        await self._store.write(
            [
                Op(
                    "INSERT INTO configurations (organisation, configuration) VALUES (:organisation, :configuration) "
                    "ON CONFLICT (organisation) DO UPDATE SET configuration = excluded.configuration",
                    {"organisation": made.organisation, "configuration": msgspec.json.encode(made)},
                )
            ]
        )
        self._configured[made.organisation] = made
        return made

    def view(self, code: str) -> Configuration | Problem:
        return self._unknown(code) or self.of(code)

    # Whether it takes a request

    def _unknown(self, code: str) -> Problem | None:
        try:
            organisation(code)
        except UnknownOrganisation as unknown:
            return problem(ProblemCode.NOT_FOUND, str(unknown))
        return None

    def closed(self, code: str, group: Group | None = None) -> Problem | None:
        """Why this organisation's server takes nothing of this group now: it was stopped, or a stop was planned."""
        if (unknown := self._unknown(code)) is not None:
            return unknown
        name = f"{organisation(code).name}の中間サーバー"
        if self._desk.has_stopped(code):
            return stopped_problem(name)
        until = stopped_until(self._spans(code, group), self._clock.now_ms())
        if until is not None:
            if stopped_until(self._spans(code), self._clock.now_ms()) is None and group is not None:
                name = f"{name}の{GROUP_NAMES[group]}（{group}）"
            when = f"{to_jst(until):%Y年%m月%d日%H時%M分}"
            return problem(
                ProblemCode.STOPPED, f"{name}は計画停止中です。{when}の後に、もう一度お試しください。"
            )
        return None

    def serves(self, code: str) -> bool:
        """Whether it answers inquiries at this moment."""
        return self.closed(code, Group.TKY) is None and is_open(
            self.profile(code), self._spans(code, Group.TKY), self._clock.now_ms()
        )

    def serves_from(self, code: str, at_ms: int, group: Group = Group.TKY) -> int:
        """The first moment from *at_ms* on at which what was taken is worked on."""
        return open_from(self.profile(code), self._spans(code, group), at_ms)

    def per_send(self, code: str, group: Group) -> int:
        """件数の上限 of one send of a function group: of notices, other figures than of copies and inquiries."""
        profile = self.profile(code)
        return cap_of(profile.name) if group is Group.OSR else profile.per_send_max

    def groups(self, code: str) -> Groups | Problem:
        """機能群ごとの状態, at this moment."""
        if (unknown := self._unknown(code)) is not None:
            return unknown
        now, profile = self._clock.now_ms(), self.profile(code)
        views = []
        for group in Group:
            until = stopped_until(self._spans(code, group), now)
            views.append(
                GroupView(
                    group,
                    self.closed(code, group) is None,
                    None if until is None else to_utc(until),
                    to_utc(self.serves_from(code, now, group)),
                    self.per_send(code, group),
                    profile.connections_max,
                )
            )
        return Groups(code, profile.name, tuple(views))

    def _spans(self, code: str, group: Group | None = None) -> tuple[Span, ...]:
        """Planned stops of the whole server, and of this group."""
        return tuple(
            Span(to_ms(stop.start), to_ms(stop.end))
            for stop in self.of(code).stops
            if stop.group is None or stop.group is group
        )

    async def admit(
        self, code: str, work: Callable[[], Awaitable[R | Problem]], group: Group | None = None
    ) -> R | Problem:
        """Do this work over one connection of this organisation; at once a problem when there is none to be had."""
        if (closed := self.closed(code, group)) is not None:
            return closed
        profile = self.profile(code)
        if self._busy[code] >= profile.connections_max:
            return problem(
                ProblemCode.OVERLOADED,
                f"この機関の同時接続は{profile.connections_max}本までです。しばらく待ってから、もう一度お試しください。",
            )
        self._busy[code] += 1
        try:
            if profile.intake_ms:
                await self._clock.sleep(profile.intake_ms / 1000)
            return await work()
        finally:
            self._busy[code] -= 1

    def no_person(self, person: int) -> Problem | None:
        if person < self._people:
            return None
        return problem(ProblemCode.NOT_FOUND, "この統合宛名番号の人はいません。", field="$.person")

    # 不開示と利用制限

    async def protect(self, wanted: Protect) -> Done | Problem:
        if (wrong := self._unknown(wanted.organisation) or self.no_person(wanted.person)) is not None:
            return wrong
        who = {"organisation": wanted.organisation, "person": wanted.person}
        sql = (
            "INSERT INTO protections (organisation, person) VALUES (:organisation, :person) "
            "ON CONFLICT (organisation, person) DO NOTHING"
            if wanted.protected
            else "DELETE FROM protections WHERE organisation = :organisation AND person = :person"
        )
        await self._store.write([Op(sql, who, None)])
        return Done()

    async def protects(self, code: str, person: int) -> bool:
        """Whether this organisation flags its records about this person."""
        (count,) = await self._store.read(_PROTECTED, {"organisation": code, "person": person})
        return count.total > 0

    async def bar(self, wanted: BarUser) -> Done | Problem:
        if (unknown := self._unknown(wanted.organisation)) is not None:
            return unknown
        who = {"organisation": wanted.organisation, "user": wanted.user}
        sql = (
            "INSERT INTO barred_users (organisation, user_id) VALUES (:organisation, :user) "
            "ON CONFLICT (organisation, user_id) DO NOTHING"
            if wanted.barred
            else "DELETE FROM barred_users WHERE organisation = :organisation AND user_id = :user"
        )
        await self._store.write([Op(sql, who, None)])
        return Done()

    async def bars(self, code: str, user: str) -> bool:
        (count,) = await self._store.read(_BARRED, {"organisation": code, "user": user})
        return count.total > 0


def _reckonable(stop: PlannedStop) -> PlannedStop:
    """A stop that was taken by an earlier version, which asked neither for a time zone nor for a sensible year.

    Without a zone it means Japan's time, as whoever wrote it did; beyond the years it lasts as long as anything can.
    """
    return msgspec.structs.replace(stop, start=_moment(stop.start), end=_moment(stop.end))


def _moment(moment: datetime) -> datetime:
    if not YEAR_FIRST <= moment.year <= YEAR_LAST:
        at_end = moment.year > YEAR_LAST
        return datetime(
            YEAR_LAST if at_end else YEAR_FIRST, 12 if at_end else 1, 31 if at_end else 1, tzinfo=JST
        )
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=JST)

"""What organisations do: they ask each other, send notices, decide, hand out new cards; all of it through the real chain."""

from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from portal.links.link import Unreachable
from portal.store.store import Query
from portal.wire import intermediate_keeping as keeping
from portal.wire import jpki
from portal.wire import notice_sending as sending
from portal.wire.intermediate import MAKE_INQUIRY, MakeInquiry
from portal.wire.linkage import Decision
from portal.wire.moments import JST, day_of
from portal.wire.notices import NoticeContent
from portal.wire.problems import Problem
from portal.wire.systems import Party, System
from scenarios.years.agenda import NOTICES
from scenarios.years.counting import Counting
from scenarios.years.order import Order, place_of
from scenarios.years.people import Crowd, Renewals
from sim.intermediate.profiles import PROFILES
from sim.nation.chance import draw, key_for
from sim.nation.organisations import Kind, national_body, of_municipality, of_prefecture
from sim.nation.past import records_of
from sim.world.simulated import SimulatedWorld

NOTICE_KEPT_DAYS: Final = 120
DISCLOSES_PERCENT: Final = 60
"""Of what was kept back at first: assumed."""
DECIDED_PERCENT: Final = 40
"""Of what waits, so much is decided on an office day: assumed."""
QUESTIONS_A_DAY_MAX: Final = 200
SENDS_WATCHED_MAX: Final = 100


class _Organisation(NamedTuple):
    organisation: str


_ASKED = Query(
    "SELECT DISTINCT organisation FROM questions WHERE decision IS NULL ORDER BY organisation", _Organisation
)


class Offices:
    """役所と機関."""

    def __init__(
        self, world: SimulatedWorld, order: Order, crowd: Crowd, renewals: Renewals, counting: Counting
    ) -> None:
        self._world = world
        self._order = order
        self._crowd = crowd
        self._renewals = renewals
        self._counting = counting
        self._home = place_of(order).code
        self._body = of_municipality(self._home).code
        self._bodies = _bodies(self._home)
        self._servers = world.link(Party.OPERATOR, System.INTERMEDIATE, deadline_s=30.0)
        self._jpki = world.link(Party.OPERATOR, System.JPKI)
        self._key = key_for(order.seed, "years: offices")
        self._sends: list[str] = []

    def __repr__(self) -> str:
        return f"<Offices of {self._home}>"

    async def begin(self) -> None:
        """Servers are set up; residents who must be protected are known to their municipality from the first day on."""
        await self.plan_stops(day_of(self._world.clock.now_ms()))
        for n in self._crowd.users:
            if self._crowd.is_protected(n):
                await self._servers.call(keeping.PROTECT, keeping.Protect(self._body, n, True))

    async def plan_stops(self, day: date) -> None:
        """計画停止 of a month: of self-information in three nights, one of them a Saturday's; each body's own (assumed)."""
        first = day.replace(day=1)
        for number, body in enumerate(self._bodies):
            word = draw(self._key, first.toordinal() << 8 | number)
            saturday = first + timedelta(days=(5 - first.weekday()) % 7 + 7 * (word % 4))
            spans = [(saturday, 20, 12)]
            spans += [(first + timedelta(days=(word >> shift) % 28), 21, 8) for shift in (8, 16)]
            stops = tuple(
                keeping.PlannedStop(
                    datetime.combine(on, time(hour), JST),
                    datetime.combine(on, time(hour), JST) + timedelta(hours=lasts),
                    keeping.Group.JTK,
                )
                for on, hour, lasts in spans
            )
            await self._servers.call(
                keeping.CONFIGURE,
                keeping.Configure(
                    body, self._order.profile, decision=keeping.DecisionPolicy.BY_HAND, stops=stops
                ),
            )

    # 照会

    def is_real(self, n: int, number: int) -> bool:
        """Whether an inquiry about this resident goes through the chain; the others are counted only."""
        return n in self._crowd or draw(self._key, number) / 2**64 < self._order.through

    async def inquire(self, n: int, number: int) -> None:
        """Shaped after an inquiry of the resident's last year, so affair, procedure and provider go together."""
        nation = self._world.facts.nation
        end = nation.reference_date
        past = records_of(nation, nation.person(n), end - timedelta(days=365), end)
        if not past:
            self._counting.folded(self._world.clock.now_ms())
            return
        like = past[draw(self._key, number << 1) % len(past)]
        await self._servers.call(
            MAKE_INQUIRY,
            MakeInquiry(
                f"years-{number}", like.inquirer.code, n, like.affair, like.procedure, like.provider.code,
                like.information,
            ),
        )  # fmt: skip

    # 更新

    async def renew(self, n: int) -> None:
        """At the counter: a new card, unless its holder has died."""
        simulators = self._world.simulators
        if simulators.resident(n).died is not None:
            return
        outcome = await self._jpki.call(jpki.REISSUE, jpki.OneSerial(str(simulators.serial_of(n))))
        if isinstance(outcome, jpki.Reissued):
            self._counting.renewed(self._world.clock.now_ms())
            self._renewals.renewed(n, outcome.issued_on)

    # お知らせ

    async def send(self, which: int) -> None:
        """一括送信 to those of the users who still live here and are concerned."""
        notice, simulators = NOTICES[which], self._world.simulators
        today = day_of(self._world.clock.now_ms())
        key = draw(self._key, which << 20 | today.year)
        people = []
        for visitor in sorted(self._crowd.known, key=lambda each: each.n):
            if visitor.has_account and draw(key, visitor.n) % 100 < notice.percent:
                resident = simulators.resident(visitor.n)
                if resident.died is None and resident.person.municipality_code == self._home:
                    people.append(visitor.n)
        content = NoticeContent(
            notice.title, "対象の方にお知らせします。", today + timedelta(days=NOTICE_KEPT_DAYS)
        )
        most = PROFILES[self._order.profile].per_send_max
        for first in range(0, len(people), most):
            await self._send(
                f"{today:%Y%m%d}-{which}-{first}", notice.affair, content, people[first : first + most]
            )

    async def _send(self, key: str, affair: str, content: NoticeContent, people: list[int]) -> None:
        opened = await self._servers.call(
            sending.OPEN_SEND,
            sending.OpenSend(self._body, key, affair, sending.RecipientsFormat.CSV, content),
        )
        if not isinstance(opened, sending.NoticeSend):
            self._counting.notice("refused", len(people))
            return
        file = "\n".join(["宛名番号", *(f"{n:015d}" for n in people)]).encode()
        for offset in range(0, len(file), sending.PART_BYTES_MAX):
            part = sending.PutPart(
                opened.send_id, self._body, offset, file[offset : offset + sending.PART_BYTES_MAX]
            )
            await self._servers.call(sending.PUT_PART, part)
        confirmed = await self._servers.call(
            sending.CONFIRM_SEND, sending.ConfirmSend(opened.send_id, self._body)
        )
        if isinstance(confirmed, sending.NoticeSend):
            self._counting.notice("sent", len(people))
            self._sends = [*self._sends, opened.send_id][-SENDS_WATCHED_MAX:]

    # 判断

    async def decide(self) -> None:
        """Clerks answer what waits for their decision, and look what became of their sends."""
        left, today = QUESTIONS_A_DAY_MAX, day_of(self._world.clock.now_ms()).toordinal()
        for (organisation,) in await self._world.stores[System.INTERMEDIATE].read(_ASKED):
            listed = await self._servers.call(keeping.LIST_QUESTIONS, keeping.ListQuestions(organisation))
            for question in listed.questions if isinstance(listed, keeping.Questions) else ():
                word = draw(self._key ^ number_of(question.question_id), today)
                if question.decision is None and left and word % 100 < DECIDED_PERCENT:
                    left -= 1
                    discloses = (word >> 8) % 100 < DISCLOSES_PERCENT
                    said = Decision.DISCLOSE if discloses else Decision.WITHHOLD
                    decide = keeping.Decide(question.question_id, organisation, said)
                    await self._servers.call(keeping.DECIDE, decide)
        await self._look_at_sends()

    async def _look_at_sends(self) -> None:
        for send_id in list(self._sends):
            seen = await self._servers.call(
                sending.VIEW_SEND, sending.SendOfOrganisation(send_id, self._body)
            )
            if not isinstance(seen, (Problem, Unreachable)) and seen.state is sending.SendState.SENT:
                self._sends.remove(send_id)
                self._counting.notice("delivered", seen.delivered)
                self._counting.notice("without_folder", seen.without_folder)


def number_of(text: str) -> int:
    """A number that is the same in every process."""
    return int.from_bytes(text.encode()[:8])


def _bodies(home: str) -> tuple[str, ...]:
    """Organisations that hold most of what residents of this municipality ask for."""
    national = (Kind.PENSION_SERVICE, Kind.EMPLOYMENT_AGENCY, Kind.HEALTH_ASSOCIATION, Kind.DIGITAL_AGENCY)
    bodies = [of_municipality(home), of_prefecture(Kind.PREFECTURE, home)]
    bodies += [of_prefecture(Kind.WIDE_AREA_UNION, home), *map(national_body, national)]
    return tuple(body.code for body in bodies)

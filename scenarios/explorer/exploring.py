"""One run of a case, as everybody in it sees it: the world, who has done what, what was reached, what broke."""

from collections import Counter, deque
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import trio
from cryptography import x509

from cards.card import Card
from portal.links.link import Link, Sighting, Unreachable
from portal.wire.moments import to_ms
from portal.wire.operation import Operation
from portal.wire.problems import Problem
from portal.wire.systems import JAPANESE_NAMES, Caller, System
from scenarios.explorer.case import Case
from scenarios.explorer.deck import Owner
from scenarios.explorer.deck_acts import Act, Wrong
from scenarios.explorer.deck_history import Diary
from scenarios.explorer.deck_mail import MailWishes
from scenarios.explorer.registry import INVARIANTS, Invariant, Sometimes, noticed
from scenarios.stage import Step
from sim.faults.simulated import FaultyWorld, Happening
from sim.faults.vocabulary import ClockSkew, Duplication
from sim.nation.circumstances import Circumstances, circumstances
from sim.nation.person import Person
from sim.world.chance import SeededChance
from sim.world.recorder import Recorder

if TYPE_CHECKING:
    from sim.world.facts import WorldFacts

RULE = noticed("the portal's view equals the reference model", "FLD-3")
"""The rule that is broken stands in the breach."""


SignedOut = Callable[["Exploration", "Citizenship", Act], Awaitable[None]]
SIGNED_OUT: list[SignedOut] = []
"""What the parts look at when somebody has signed out."""
LAST_WORK: list[Callable[["Exploration"], Awaitable[None]]] = []
"""What the parts have organisations and operators do when all faults are over, before everybody looks once more."""
LAST_LOOKS: list[Callable[[Any], Awaitable[None]]] = []
"""What every citizen looks at in the end."""


class Heard(NamedTuple):
    """A call of a citizen's to the portal, and what came of it."""

    operation: Operation[Any, Any]
    request: Any
    outcome: Any
    act: Act
    since_ms: int
    """By the portal's clock, when it began and when it ended."""
    until_ms: int

    @property
    def may_have_been_done(self) -> bool:
        """Not if it was refused; unless a first try of it, whose word was lost, was carried out."""
        outcome = self.outcome
        return not isinstance(outcome, Problem) or outcome.status >= 500 or self.operation.repeatable

    @property
    def is_over(self) -> bool:
        """Whether nothing can come of it any more."""
        outcome = self.outcome
        return not isinstance(outcome, Unreachable) and not (
            isinstance(outcome, Problem) and outcome.status >= 500
        )


HEARD: dict[str, Callable[[Any, Heard], None]] = {}
"""What the parts note of every call by its operation, whoever made it: called with the citizen."""


class Breach(NamedTuple):
    """違反: an invariant that did not hold."""

    invariant: str
    requirement: str
    expected: str
    seen: str
    moment_ms: int


class Citizenship:
    """One resident of a case: the person, the card, the folder by the deck's rules."""

    def __init__(
        self, index: int, person: Person, circumstances: Circumstances, card: Card, pin: str, owner: Owner
    ) -> None:
        self.index = index
        self.person = person
        self.card = card
        self.pin = pin
        self.owner = owner
        self.diary = Diary(owner)
        self.mail = MailWishes()
        self.lives = [circumstances]
        """生活状況: as computed, and after each move that may have come about."""
        self.in_flight: Counter[str] = Counter()
        """Calls on their way, by operation."""
        self.revoked_at: int | None = None
        """When the certificate on the card was revoked."""
        self.expires_ms = _expires_ms(card)
        """When it runs out."""

    def __repr__(self) -> str:
        return f"<{self.name}>"

    def take_card(self, card: Card) -> None:
        """A new card, with new certificates."""
        self.card, self.revoked_at, self.expires_ms = card, None, _expires_ms(card)

    def card_is(self, certificate: bytes) -> bool:
        """Whether this certificate is the one on the card."""
        return self.card.contents.auth_certificate == certificate

    @property
    def name(self) -> str:
        return f"住民{self.index + 1}"

    @property
    def address(self) -> str:
        return f"resident{self.index + 1}@example.jp"

    @property
    def is_waiting(self) -> bool:
        return any(each.is_accepted and each.seen == "waiting" for each in self.owner.asked)


@lru_cache(maxsize=1_000)
def _end_of(certificate: bytes) -> int:
    return to_ms(x509.load_der_x509_certificate(certificate).not_valid_after_utc)


@lru_cache(maxsize=1_000)
def serial_of(certificate: bytes) -> int:
    """発行番号."""
    return x509.load_der_x509_certificate(certificate).serial_number


def _expires_ms(card: Card) -> int:
    return _end_of(card.contents.auth_certificate)


class Exploration:
    """探索の一回分."""

    def __init__(self, case: Case, world: FaultyWorld, chance: SeededChance) -> None:
        self.case = case
        self.world = world
        self.chance = chance
        self.scope = trio.CancelScope()
        self.breached: Breach | None = None
        self.reached_names: set[str] = set()
        self.steps: list[Step] = []
        self.acts = 0
        self.journeys = 0
        self.happenings: deque[Happening] = deque(maxlen=1_000)
        self.faults_seen: Counter[str] = Counter()
        self.is_calm = False
        """All faults are over."""
        self._idle_ms = case.terms.session_idle_seconds * 1000
        self.residents = [self._resident(index, n) for index, n in enumerate(case.residents)]
        self.inquiries: dict[str, int] = {}
        """Request ids of inquiries that organisations made, and about which resident."""
        self.own: dict[str, Any] = {}
        """What the parts keep here, each under its own name."""

    def __repr__(self) -> str:
        return f"<Exploration of seed {self.case.seed}>"

    @property
    def facts(self) -> "WorldFacts":
        return self.world.facts

    def _resident(self, index: int, n: int) -> Citizenship:
        wallet = self.facts.wallet
        card = wallet.card(n, self.chance.fork(f"card/{n}"))
        owner = Owner(self._idle_ms)
        copies = [each.fault for each in self.case.plan if isinstance(each.fault, Duplication)]
        owner.has_copies, owner.has_late_copies = bool(copies), any(copy.late_ms for copy in copies)
        person = self.facts.nation.person(n)
        lives = circumstances(self.facts.nation, person)
        return Citizenship(index, person, lives, card, wallet.pins(n).auth, owner)

    # Order and time

    def tick(self) -> int:
        """The next place in the order of acts."""
        self.acts += 1
        return self.acts

    def now_ms(self) -> int:
        return self.world.clock.now_ms()

    def portal_ms(self) -> int:
        """What the portal's clock shows."""
        return self.world.clocks[System.PORTAL].now_ms()

    def move_clock(self, ms: int) -> None:
        """So much time goes by at once, for everybody."""
        self.world.clock.move(ms)
        at = self.tick()
        for resident in self.residents:
            resident.owner.time_is(self.portal_ms(), at)

    async def pause(self, seconds: float) -> None:
        await self.world.sleep(seconds)

    def link(self, caller: Caller, receiver: System, deadline_s: float = 30.0) -> Link:
        return self.world.link(caller, receiver, deadline_s=deadline_s)

    async def signed_out(self, resident: Citizenship, act: Act) -> None:
        """Somebody has certainly signed out: nothing that was read before is there any more (FLD-3)."""
        for check in SIGNED_OUT:
            await check(self, resident, act)

    # Telling

    def say(self, text: str) -> None:
        """A line of the story, for the diagram and the trace."""
        step = Step(self.world.recorder.count, self.now_ms(), text)
        self.steps.append(step)
        if isinstance(self.world.recorder, Tracing):
            self.world.recorder.note("step", self.now_ms(), text)

    def reached(self, situation: Sometimes) -> None:
        self.reached_names.add(situation.name)

    def breach(self, invariant: Invariant, expected: object, seen: object, *, detail: str = "") -> None:
        """Something does not hold: the first one ends the run."""
        assert invariant.name in INVARIANTS, invariant
        if self.breached is None:
            name = f"{invariant.name}: {detail}" if detail else invariant.name
            self.breached = Breach(name, invariant.requirement, str(expected), str(seen), self.now_ms())
            self.scope.cancel()

    def judge(self, resident: Citizenship, wrong: Wrong | None) -> None:
        """For what the reference model says."""
        if wrong is not None:
            self.breach(RULE, wrong.expected, f"{wrong.seen} ({resident.name})", detail=wrong.rule)

    def _revoked(self, person: int, serial: int) -> None:
        """The certificate with this number; a new card may have come in the meantime."""
        for resident in self.residents:
            is_present = serial_of(resident.card.contents.auth_certificate) == serial
            if resident.person.n == person and is_present and resident.revoked_at is None:
                resident.revoked_at = self.now_ms()

    def heard(self, happening: Happening) -> None:
        """For the world: what goes wrong stands in the story too."""
        self.happenings.append(happening)
        if happening.what == "begins":
            self.faults_seen[happening.about] += 1
        if happening.what == "revoked":
            self._revoked(*map(int, happening.about.split("/")))
        portal_ms = self.portal_ms()
        match happening:
            case Happening(what="begins", fault=ClockSkew(system=System.PORTAL, by_ms=by_ms)):
                # Word of it comes before it is so; it may be over again before anybody looks at the clock.
                portal_ms += max(0, by_ms)
        for resident in self.residents:
            resident.owner.time_is(portal_ms, self.tick())
        self.say(_told(happening))


class Tracing(Recorder):
    """記録係 of an exploration: messages and everything else in one trace, hashed; lines are kept when asked for."""

    def __init__(self, *, keep_lines: bool = False) -> None:
        super().__init__()
        self.lines: list[str] | None = [] if keep_lines else None
        self.listeners: list[Callable[[Sighting], None]] = []

    def __call__(self, sighting: Sighting) -> None:
        self.count += 1
        self._kept.append(sighting)
        self._write("message", *sighting)
        for listener in self.listeners:
            listener(sighting)

    def note(self, kind: str, moment_ms: int, text: str) -> None:
        """A line that is no message."""
        self._write(kind, moment_ms, text)

    def _write(self, *columns: object) -> None:
        line = "\t".join(map(str, columns))
        self._hash.update(line.encode() + b"\n")
        if self.lines is not None:
            self.lines.append(line)


_WORDS = {
    "begins": "障害が始まる",
    "ends": "障害が終わる",
    "crash": "異常終了",
    "start": "起動",
    "revoked": "失効",
}


def _told(happening: Happening) -> str:
    about = happening.about
    if happening.what in ("crash", "start"):
        about = JAPANESE_NAMES[System(about)]
    elif happening.fault is not None:
        fields = ", ".join(
            f"{name}={getattr(happening.fault, name)}"
            for name in happening.fault.__struct_fields__
            if getattr(happening.fault, name) is not None
        )
        about = f"{about} {fields}"
    return f"{_WORDS.get(happening.what, happening.what)}: {about}"

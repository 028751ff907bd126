"""One run of Locust in one process: where the portal is, who comes when, what has been measured."""

import json
import os
import sys
from argparse import Namespace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import gevent
import msgspec

from load.clock import cpu_s, now_ms, stopwatch_s
from load.connection import Address, Connection
from load.holders import HOLDERS_KEPT_MAX, CardCase, Holder, facts_of, make_ahead_elsewhere
from load.journeys import Journey, Visit, journeys
from load.measuring import Report
from load.plan import Plan, Share, Start
from load.population import Population
from load.profile_file import find_profile
from load.schedule import Schedule
from load.steps import NoAnswer, ReadyToSignIn
from load.timeline import window_seconds
from load.watching import Watched
from portal.links.credentials import authorization_of
from portal.secrets import FILE_NAME, Secrets
from portal.wire.about import health
from portal.wire.moments import day_of
from portal.wire.operation import Nothing
from portal.wire.problems import Problem
from portal.wire.sign_in import ASK_CHALLENGE, Terminal
from portal.wire.systems import JAPANESE_NAMES, Caller, System
from sim.nation.chance import draw, key_for
from sim.world.key_folder import key_folder

HEALTH_SECONDS_MAX = 10.0
RESERVE_SECONDS = 10.0
"""A challenge that was signed ahead is not used in the last seconds of its life."""
LOOK_SECONDS = 0.02
"""How often the event loop's delay is measured."""
CPU_SECONDS = 1.0
"""Over how long the CPU time is averaged."""
PREPARED_SHOWN_EVERY = 200
_ATTRIBUTE = "mynasim_run"


class NoPortal(Exception):
    """Nobody answers there. The message is for people."""


class CannotDo(ValueError):
    """Something that a journey needs was not given. The message is for people."""


def plan_of(options: Namespace) -> Plan | None:
    """What Locust's options plan. Raises ``ValueError``, in Japanese."""
    if not options.plan:
        return None
    profile = find_profile(options.plan)
    if options.only:
        if options.only not in journeys():
            raise CannotDo(f"行程「{options.only}」はありません。あるのは {'、'.join(journeys())} です。")
        profile = profile.only(options.only)
    return Plan(profile, options.seed, options.rate or None, options.seconds or None)


class Run:
    """一回の負荷試験."""

    def __init__(self, host: str, options: Namespace, share: Share = Share()) -> None:  # noqa: B008 - immutable
        """Raises :class:`NoPortal`, or ``ValueError`` for what can't be run, in Japanese."""
        self.host = host
        self._options = options
        self.share = share
        self.plan = plan_of(options)
        self.report = Report()
        self.schedule: Schedule | None = None
        self.pause_seconds: float = options.pause
        self.under_way = 0
        """Visits that are going on."""
        self._secret = _secret_of(options.world)
        self._ahead_ms = portal_clock(host) - now_ms()
        self._folder: Path = key_folder()
        self._shared_keys: int = options.card_keys if self.plan is not None else 0
        facts = facts_of(options.nation, self._folder, self.today())
        size = options.residents or None
        prefectures = self.plan.profile.prefectures if self.plan is not None else None
        population = Population(
            facts.nation, options.seed, prefectures, size=size if self.plan is not None else None
        )
        self._case = CardCase(facts, options.seed, population=population, shared_keys=self._shared_keys)
        self._visit_key = key_for(options.seed, "load: visits")
        self._users_begun = 0
        self._prepared = 0
        self._has_keys = False
        if self.plan is not None:
            for name in sorted(self.plan.journeys()):
                self.can_do(journeys()[name])
            if self.plan.profile.faults and self._secret is None and not options.no_faults:
                raise CannotDo(
                    f"プロファイル「{self.plan.profile.name}」は障害を起こします。その世界の状態フォルダーを --world で"
                    "指定するか、--no-faults で障害なしにしてください。"
                )
            if not options.no_faults:
                for fault in self.plan.profile.faults:
                    self._known(fault.system)

    def __repr__(self) -> str:
        return f"<Run against {self.host}: {self.report!r}>"

    def today(self) -> date:
        """In Japan, by the portal's clock."""
        return day_of(now_ms() + self._ahead_ms)

    def elapsed(self) -> float:
        """Seconds of the measured window."""
        return stopwatch_s() - self.report.began

    # Whom a journey speaks to, and as whom

    def can_do(self, journey: Journey) -> None:
        """Raises :class:`CannotDo` when this journey needs what was not given."""
        others = journey.systems - {System.PORTAL}
        if others and self._secret is None:
            names = "、".join(JAPANESE_NAMES[system] for system in sorted(others))
            raise CannotDo(
                f"行程「{journey.name}」は{names}に機関として接続します。その世界の状態フォルダーを --world で指定してください。"
            )
        for system in others:
            self._known(system)

    def address(self, system: System) -> str:
        if system is System.PORTAL:
            return self.host
        return self._known(system)

    def _known(self, system: System) -> str:
        given: dict[str, str] = dict(
            each.partition("=")[::2] for each in self._options.systems.split(",") if each
        )
        url = given.get(str(system))
        if not url:
            raise CannotDo(
                f"{JAPANESE_NAMES[system]}のアドレスがわかりません。--systems {system}=http://… で指定してください。"
            )
        Address.parse(url)
        return url

    def credential(self, caller: Caller) -> str:
        assert self._secret is not None, "can_do() was asked before"
        return authorization_of(self._secret, caller)

    # Who comes

    def prepare(self, users: int, *, company: bool = False) -> None:
        """Everything that takes time and is not the portal's, with progress: before anything is measured.

        *company*: without a plan, whether some of the users come with a companion.
        """
        if self.plan is None:
            self._prepare_residents(users, company)
            return
        if self._shared_keys and not self._has_keys:
            self._make_keys(0)
            self._has_keys = True
        self._sign_ahead(min(self._options.sign_ahead, HOLDERS_KEPT_MAX))

    def _prepare_residents(self, users: int, company: bool) -> None:
        if users <= self._prepared:
            return
        stripe = self.share.part * users
        each = self._options.residents_each
        self._make_keys((stripe + users) * each, company)
        for index in range(stripe * each, (stripe + users) * each):
            holder = self._case.holder(index)
            if company:
                self._case.accompanied(holder, index)
        self._prepared = users

    def _make_keys(self, count: int, company: bool = False) -> None:
        def show(done: int, total: int) -> None:
            if done == total or done % 20 == 0:
                sys.stderr.write(f"カードの鍵を作っています: {done}/{total}\n")

        options = self._options
        make_ahead_elsewhere(
            options.nation,
            options.seed,
            count,
            self._folder,
            show,
            shared_keys=self._shared_keys,
            company=company,
        )

    def _sign_ahead(self, count: int) -> None:
        """Ask for challenges and sign them, for the first so many who come: they are good for some minutes."""
        if not count or self.plan is None:
            return
        line = Connection(self.host, deadline_s=HEALTH_SECONDS_MAX)
        done = 0
        try:
            for start in self.plan.starts(self.share):
                if done >= count:
                    break
                if not journeys()[start.journey].signs:
                    continue
                came = line.exchange(ASK_CHALLENGE, ASK_CHALLENGE.encode_request(Nothing()))
                challenge = came if isinstance(came, NoAnswer) else ASK_CHALLENGE.decode_response(came)
                if isinstance(challenge, (NoAnswer, Problem)):
                    raise NoPortal(f"署名する値を {self.host} から受け取れません（{challenge}）。")
                holder = self._holder(start.number)
                signed = holder.sign(challenge.digest_info)
                assert signed is not None, "a card of ours takes its own PIN"
                lives_ms = challenge.expires_at.timestamp() * 1000 - now_ms() - self._ahead_ms
                ready = ReadyToSignIn(challenge.challenge, signed.signature, signed.certificate)
                holder.ready.append((stopwatch_s() + lives_ms / 1000 - RESERVE_SECONDS, ready))
                done += 1
                if done % PREPARED_SHOWN_EVERY == 0:
                    sys.stderr.write(f"先に署名しています: {done}/{count}\n")
        finally:
            line.close()
        self.report.signed_ahead = done

    def _holder(self, index: int) -> Holder:
        return self._case.of(self._case.population.resident(index))

    def take_residents(self, journey: Journey) -> list[Holder]:
        """The residents of the next user, whom no other user has, with whom the journey needs; without a plan."""
        each = self._options.residents_each
        users = max(1, self._prepared)
        first = (self.share.part * users + self._users_begun) * each
        self._users_begun += 1
        taken = range(first, first + each)
        holders = [self._case.holder(index) for index in taken]
        if journey.company:
            for holder, index in zip(holders, taken, strict=True):
                self._case.accompanied(holder, index)
        return holders

    def make_ready(self, start: Start) -> tuple[Journey, Holder | None, Visit]:
        """What a planned start needs: made before its moment, if there is time."""
        journey = journeys()[start.journey]
        if journey.signs:
            holder = self._holder(start.number)
            if journey.company:
                self._case.accompanied(holder, start.number)
            visit = self.visit_of(holder, index=start.number, terminal=start.terminal)
            holder.visits += 1
            return journey, holder, visit
        person = self._case.population.resident(start.number)
        return journey, None, self._visit("", person, 0, start.number, start.terminal)

    def visit_of(self, holder: Holder, *, index: int, terminal: Terminal = Terminal.PC) -> Visit:
        visit = self._visit(holder.nickname, holder.n, holder.visits, index, terminal)
        if holder.companion is None:
            return visit
        return visit._replace(companion=holder.companion.nickname)

    def _visit(self, nickname: str, person: int, number: int, index: int, terminal: Terminal) -> Visit:
        pace = 0.0
        if self.plan is not None:
            asked = self._options.think
            pace = self.plan.profile.think if asked is None or asked < 0 else asked
        key = draw(self._visit_key, index if self.plan is not None else person * 1000 + number)
        return Visit(nickname, self.today(), number, terminal, person, self._case.facts.nation, key, pace)

    # The measured window

    def begin(self, lead_s: float = 0.0) -> None:
        """The measured window begins, in *lead_s* seconds."""
        self._users_begun = 0
        seconds = self.plan.seconds if self.plan is not None else (self._options.run_time or 3600)
        signed = self.report.signed_ahead
        self.report.restart(stopwatch_s() + lead_s, window_seconds(float(seconds)))
        self.report.signed_ahead = signed
        if self.plan is not None:
            self.schedule = Schedule(self.plan, self.share, self.report)

    @property
    def is_done(self) -> bool:
        """Whether all that was planned has begun, or can't any more, and has ended."""
        schedule = self.schedule
        if schedule is None or self.plan is None:
            return False
        if self.report.users == 0 and self.elapsed() > self.plan.seconds:
            return True
        return schedule.idle and self.under_way == 0 and self.elapsed() > self.plan.seconds

    def end(self) -> None:
        """The run is over."""
        if not self.report.is_open:
            return
        elapsed = self.elapsed()
        if self.schedule is not None:
            self.schedule.close(elapsed)
        planned = self.plan.seconds if self.plan is not None else elapsed
        self.report.end(self.report.began + min(elapsed, planned))


def run_of(environment: Any) -> Run:
    run = getattr(environment, _ATTRIBUTE)
    assert isinstance(run, Run)
    return run


def put_run(environment: Any, run: Run) -> None:
    setattr(environment, _ATTRIBUTE, run)


def has_run(environment: Any) -> bool:
    return hasattr(environment, _ATTRIBUTE)


def portal_clock(host: str) -> int:
    """The portal's own time in milliseconds; it may be moved. Raises :class:`NoPortal`."""
    operation = health(System.PORTAL)
    line = Connection(host, deadline_s=HEALTH_SECONDS_MAX)
    try:
        came = line.exchange(operation, operation.encode_request(Nothing()))
    finally:
        line.close()
    if isinstance(came, NoAnswer) and came.reason == "untrusted":
        raise NoPortal(
            f"{host} の証明書を信頼できません（{came.detail}）。--authority に認証局の証明書を、"
            "または --world にその世界の状態フォルダーを指定してください。"
        )
    if isinstance(came, NoAnswer):
        raise NoPortal(f"{host} にマイナポータルがありません（{came.reason} {came.detail}）。")
    try:
        answer = operation.decode_response(came)
    except msgspec.MsgspecError:
        answer = None
    if answer is None or isinstance(answer, Problem) or answer.system != System.PORTAL:
        raise NoPortal(f"{host} はマイナポータルではありません。")
    return int(datetime.fromisoformat(answer.now).timestamp() * 1000)


def _secret_of(folder: str) -> bytes | None:
    """By which an organisation's side proves itself in the world of this state folder."""
    if not folder:
        return None
    path = Path(folder) / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Secrets).link
    except (OSError, msgspec.MsgspecError) as error:
        raise CannotDo(
            f"{path} を読めません（{error}）。--world には動いている世界の状態フォルダーを指定してください。"
        ) from error


def watch(watched: Watched) -> None:
    """Measure the generator itself until killed: a greenlet of its own."""
    spent, since = cpu_s(), stopwatch_s()
    while True:
        wanted = stopwatch_s() + LOOK_SECONDS
        gevent.sleep(LOOK_SECONDS)
        now = stopwatch_s()
        watched.delay.record(int(max(0.0, now - wanted) * 1e6))
        if now - since >= CPU_SECONDS:
            used = cpu_s() - spent
            watched.cpu.record(int(used / (now - since) * 1e6))
            watched.seconds += now - since
            watched.spent += used
            spent, since = spent + used, now


class Mouth:
    """Writes the figures of a run to the process that started it, as JSON lines."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.gone = False
        """Whether that process is there no more."""

    def __repr__(self) -> str:
        return f"Mouth({self._descriptor})"

    def say(self, **content: Any) -> None:
        line = memoryview(json.dumps(content, ensure_ascii=False).encode() + b"\n")
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except BrokenPipeError:
            self.gone = True

"""Interesting moments: listens to messages and happenings, and says when a situation that must come about has done so."""

from portal.links.link import Sighting
from portal.wire.moments import MINUTE
from portal.wire.systems import System
from scenarios.explorer.exploring import Exploration, Tracing
from scenarios.explorer.registry import sometimes
from scenarios.explorer.running import WATCHES
from sim.faults.simulated import Happening
from sim.faults.vocabulary import CutOff, Partition, Stopped, Stuck

NEAR_MS = MINUTE
"""Two things that happen within this time happen together."""
DELIVERIES = ("self_information.deliver", "records.deliver")
TOGETHER = 3

CRASH_BETWEEN = sometimes(
    "crash-between-acknowledgement-and-delivery", "受け付けてから届くまでの間に、ポータルが落ちる"
)
CRASH_ANSWERING = sometimes("crash-while-answering", "回答している最中に落ちる")
CRASH_WRITING = sometimes("crash-with-writes-on-the-way", "書き込みの途中で落ちる")
CRASH_STARTING = sometimes("crash-while-starting", "起動している最中に、もう一度落ちる")
CRASH_OWING = sometimes("crash-of-who-owes-an-answer", "回答を約束したシステムが、届ける前に落ちる")
LATE_AT_SIGN_OUT = sometimes("late-answer-during-sign-out", "ログアウトしている最中に、後日回答が届く")
NOT_STORED = sometimes("answer-not-stored", "届いた回答を保存できず、送り直しを頼む")
WRONG_REFUSED = sometimes("wrong-answer-refused", "求めたものと違う回答を断る")
BACK_AT_HEALING = sometimes(
    "provider-back-while-its-partition-heals", "機関が動き出すのと、分断が直るのが重なる"
)
MANY_AT_ONCE = sometimes("three-faults-at-once", "三つ以上の障害が重なる")
BOTH_DOWN = sometimes("two-systems-down", "二つ以上のシステムが同時に落ちている")
STALE = sometimes("stale-answer", "古い回答がもう一度届く")
MALFORMED = sometimes("malformed-answer", "壊れた回答が届く")
MISLINKED = sometimes("mislinked-answer", "紐付けを誤った回答が届く")
TWICE = sometimes("request-carried-out-twice", "同じ要求が二度届く")
LATE_COPY = sometimes("copy-arrives-late", "要求の写しが、遅れてもう一度届く")
REPLY_LOST = sometimes("reply-lost", "仕事は済んだのに、回答が届かない")
OUT_OF_REACH = sometimes("organisation-out-of-reach", "一部の機関だけに届かない")

_BY_WEATHER = {
    "stale": STALE,
    "malformed": MALFORMED,
    "mislinked": MISLINKED,
    "duplicate": TWICE,
    "late copy": LATE_COPY,
    "reply lost": REPLY_LOST,
    "cut off": OUT_OF_REACH,
}


class _Watch:
    """見張り of one run."""

    def __init__(self, run: Exploration) -> None:
        self._run = run
        self._down: set[str] = set()
        self._active = 0
        self._healed_ms = self._back_ms = -NEAR_MS

    def saw(self, sighting: Sighting) -> None:
        run = self._run
        for what, situation in _BY_WEATHER.items():
            if run.world.weather.did[what]:
                run.reached(situation)
        if sighting.operation not in DELIVERIES:
            return
        if sighting.outcome == "ok" and any(each.in_flight["sign_out"] for each in run.residents):
            run.reached(LATE_AT_SIGN_OUT)
        if sighting.outcome == "storage-refused":
            run.reached(NOT_STORED)
        if sighting.outcome == "conflict":
            run.reached(WRONG_REFUSED)

    def happened(self, happening: Happening) -> None:
        run = self._run
        match happening.what:
            case "crash":
                self._crashed(happening)
            case "start":
                self._down.discard(happening.about)
                if happening.about == System.INTERMEDIATE:
                    self._back_ms = happening.moment_ms
            case "begins":
                self._active += 1
                if self._active >= TOGETHER:
                    run.reached(MANY_AT_ONCE)
            case "ends":
                self._active -= 1
                self._ended(happening)
        if abs(self._healed_ms - self._back_ms) < NEAR_MS and min(self._healed_ms, self._back_ms) > 0:
            run.reached(BACK_AT_HEALING)

    def _crashed(self, happening: Happening) -> None:
        run = self._run
        self._down.add(happening.about)
        if len(self._down) > 1:
            run.reached(BOTH_DOWN)
        is_waiting = any(each.is_waiting for each in run.residents)
        if happening.about == System.PORTAL and is_waiting:
            run.reached(CRASH_BETWEEN)
        if happening.about in (System.NETWORK, System.INTERMEDIATE) and is_waiting:
            run.reached(CRASH_OWING)
        if happening.busy:
            run.reached(CRASH_ANSWERING)
        if happening.lost:
            run.reached(CRASH_WRITING)
        if not happening.was_up:
            run.reached(CRASH_STARTING)

    def _ended(self, happening: Happening) -> None:
        match happening.fault:
            case Partition(systems=systems) if System.INTERMEDIATE in systems:
                self._healed_ms = happening.moment_ms
            case CutOff():
                self._healed_ms = happening.moment_ms
            case Stopped(system=System.INTERMEDIATE) | Stuck(system=System.INTERMEDIATE):
                self._back_ms = happening.moment_ms
            case _:
                pass


def watch(run: Exploration, tracing: Tracing) -> None:
    """From the beginning of a run."""
    one = _Watch(run)
    tracing.listeners.append(one.saw)
    run.world.listeners.append(one.happened)


WATCHES.append(watch)

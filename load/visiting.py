"""Carries out a journey's steps over the lines of one terminal, and records each: from its sending, and from when it
would have been sent had everything begun when it was planned.

A visit that began late is late with all that follows, and a pause that ended late makes it later still: both are added
to what the visitor waited, so a slow portal can't hide behind a generator that waited for it (coordinated omission).
"""

from collections.abc import Callable

import gevent
import msgspec

from load.clock import stopwatch_s
from load.connection import Connection
from load.holders import Holder
from load.journeys import Journey, Visit
from load.measuring import CARD, JOURNEY, LATE, REQUEST, Report
from load.steps import Ask, Measured, NoAnswer, Now, Prepared, ReadyToSignIn, Sign, Step, Wait
from load.traces import SpanFields, Traces
from portal.links.spent import OWN, read
from portal.wire.problems import Problem
from portal.wire.systems import Caller, Party, System

REQUEST_SECONDS_MAX = 30.0
"""A request without an answer after so long has failed."""
LineOf = Callable[[System], Connection]
Credential = Callable[[Caller], str]
Told = Callable[[str, str, float, int, str | None, str], None]
"""Told of each request: method, name, milliseconds, bytes, why it failed, details."""


class Visitor:
    """来訪者: does what a journey says."""

    def __init__(self, report: Report, line_of: LineOf, credential: Credential, told: Told) -> None:
        self._report = report
        self._line_of = line_of
        self._credential = credential
        self._told = told
        self._journey = ""
        self._began = 0.0
        self._late = 0.0
        self._planned = False
        self._spans: list[SpanFields] = []

    def __repr__(self) -> str:
        return f"<Visitor in {self._journey or 'no journey'}>"

    def make(self, journey: Journey, visit: Visit, holder: Holder | None, intended: float | None) -> None:
        """One visit; *intended* is when (``stopwatch_s``) it was to begin, None for whenever somebody is free."""
        report = self._report
        steps = journey.steps(visit)
        self._journey = journey.name
        self._spans = []
        self._began = stopwatch_s()
        self._planned = intended is not None
        self._late = 0.0 if intended is None else max(0.0, self._began - intended)
        failures = 0
        answer: object = None
        try:
            while True:
                step: Step = steps.send(answer)
                answer, failed = self._carry_out(step, holder)
                failures += failed
        except StopIteration:
            ended = stopwatch_s()
            whole = report.step(journey.name, JOURNEY, journey.name)
            whole.record(ended - self._began, f"{failures} steps failed" if failures else None)
            traces = report.traces.get(journey.name)
            if traces is None:
                traces = report.traces[journey.name] = Traces()
            traces.add(int((ended - self._began) * 1e6), self._spans)
            felt = int((ended - self._began + self._late) * 1e6)
            if self._planned:
                whole.intended.record(felt)
            window = report.timeline.at(ended - report.began)
            window.journeys.record(felt)
            window.visit_s += ended - self._began
        finally:
            report.timeline.spread(self._began - report.began, stopwatch_s() - report.began)

    def _carry_out(self, step: Step, holder: Holder | None) -> tuple[object, bool]:
        """What came of the step, and whether it failed."""
        match step:
            case Ask():
                return self._ask(step)
            case Prepared(hand):
                return self._prepared(None if holder is None else holder.at(hand)), False
            case Sign(digest_info, hand):
                assert holder is not None, "this journey has no card"
                card_holder = holder.at(hand)
                began = stopwatch_s()
                signed = card_holder.sign(digest_info)
                failure = None if signed is not None else "card-refused"
                card = self._report.step(self._journey, CARD, "card.sign")
                took = stopwatch_s() - began
                card.record(took, failure)
                self._spans.append(self._span(CARD, "card.sign", began, took, (0, 0, 0), signed is None))
                return signed, signed is None
            case Wait(seconds):
                wakes = stopwatch_s() + seconds
                gevent.sleep(seconds)
                self._late += max(0.0, stopwatch_s() - wakes)
                return None, False
            case Now():
                return stopwatch_s(), False
            case Measured(name, seconds, failure):
                late = self._report.step(self._journey, LATE, name)
                late.record(seconds, failure)
                self._told("LATE", name, seconds * 1000, 0, failure, "")
                return None, failure is not None

    @staticmethod
    def _prepared(holder: Holder | None) -> ReadyToSignIn | None:
        while holder is not None and holder.ready:
            until, ready = holder.ready.pop()
            if until > stopwatch_s():
                return ready
        return None

    def _ask(self, step: Ask) -> tuple[object, bool]:
        operation = step.operation
        credential = f"Bearer {step.session}" if step.session else ""
        if step.caller is not Party.CITIZEN:
            credential = self._credential(step.caller)
        wire = operation.encode_request(step.request, credential)
        line = self._line_of(operation.system)
        began = stopwatch_s()
        came = line.exchange(operation, wire)
        ended = stopwatch_s()
        size, detail, waited = 0, "", (0, 0, 0)
        reason: str | None = None
        answer: object = came
        report = self._report
        told = report.step(self._journey, REQUEST, operation.name)
        if isinstance(came, NoAnswer):
            reason, detail = came
        else:
            size = len(came.body)
            try:
                answer = operation.decode_response(came)
            except msgspec.MsgspecError as error:
                answer = NoAnswer("malformed", str(error))
                reason, detail = "malformed", f"status {came.status}"
            else:
                if isinstance(answer, Problem):
                    reason = str(answer.code)
            if line.timing:
                waited = _split(line.timing)
                told.split.add(*waited)
        took = ended - began
        told.record(took, reason)
        if self._planned:
            told.intended.record(int((took + self._late) * 1e6))
        self._spans.append(self._span(REQUEST, operation.name, began, took, waited, reason is not None))
        window = report.timeline.at(ended - report.began)
        window.requests.record(int(took * 1e6))
        window.failures += reason is not None
        self._told(operation.method, operation.name, took * 1000, size, reason, detail)
        return answer, reason is not None

    def _span(
        self, kind: str, name: str, began: float, took: float, waited: tuple[int, int, int], failed: bool
    ) -> SpanFields:
        return kind, name, int((began - self._began) * 1e6), int(took * 1e6), *waited, failed


def _split(timing: bytes) -> tuple[int, int, int]:
    """What ``Server-Timing`` says in microseconds: the portal's own time, the network's, the municipality's."""
    if timing.startswith(b"total;dur=") and b"," not in timing:
        try:
            return int(float(timing[10:]) * 1000), 0, 0
        except ValueError:
            return 0, 0, 0
    waited = read(timing.decode("latin-1"))
    total = waited.pop(OWN, 0)
    municipality = waited.pop(str(System.INTERMEDIATE), 0)
    others = sum(waited.values())
    return max(0, total - municipality - others) // 1000, others // 1000, municipality // 1000

"""The resident as a Locust user: carries out a journey's steps over one connection, and records each.

Every request is recorded under its operation's declared name, in Locust's statistics (so its web interface, its
CSV files and its plugins see it) and in our own exact ones.
"""

from time import perf_counter
from typing import Any, ClassVar

import gevent
import msgspec
from locust import User, task

from load.connection import Connection
from load.holders import Holder
from load.journeys import Journey, Visit, user_class_name
from load.measuring import CARD, JOURNEY, LATE, REQUEST
from load.running import Run, run_of
from load.steps import Ask, Measured, NoAnswer, Now, Sign, Step, Wait
from portal.wire.problems import Problem

REQUEST_SECONDS_MAX = 30.0
"""A request without an answer after so long has failed."""


class StepFailed(Exception):
    """Why a step failed: a problem's code, or why no answer came. What Locust's lists of failures show."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class Citizen(User):  # type: ignore[misc, unused-ignore]
    """利用者."""

    abstract = True
    journey: ClassVar[Journey]

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self._run: Run = run_of(environment)
        self._line = Connection(self._run.host, deadline_s=REQUEST_SECONDS_MAX)
        self._holders: list[Holder] = []
        self._visits = 0

    def on_start(self) -> None:
        """Take this user's own residents, whom no other user has."""
        self._holders = self._run.take_residents()
        self._run.report.users += 1

    def on_stop(self) -> None:
        self._line.close()
        self._run.report.users -= 1

    def wait_time(self) -> float:
        return self._run.pause_seconds

    @task  # type: ignore[untyped-decorator, unused-ignore]
    def visit(self) -> None:
        """One journey of the next of this user's residents."""
        holder = self._holders[self._visits % len(self._holders)]
        self._visits += 1
        steps = self.journey.steps(Visit(holder.nickname, self._run.today(), holder.visits))
        holder.visits += 1
        began = perf_counter()
        failures = 0
        answer: object = None
        try:
            while True:
                step: Step = steps.send(answer)
                answer, failed = self._carry_out(step, holder)
                failures += failed
        except StopIteration:
            failure = f"{failures} steps failed" if failures else None
            self._run.report.record(JOURNEY, self.journey.name, perf_counter() - began, failure)

    def _carry_out(self, step: Step, holder: Holder) -> tuple[object, bool]:
        """What came of the step, and whether it failed."""
        match step:
            case Ask():
                return self._ask(step)
            case Sign(digest_info):
                began = perf_counter()
                signed = holder.sign(digest_info)
                failure = None if signed is not None else "card-refused"
                self._run.report.record(CARD, "card.sign", perf_counter() - began, failure)
                return signed, signed is None
            case Wait(seconds):
                gevent.sleep(seconds)
                return None, False
            case Now():
                return perf_counter(), False
            case Measured(name, seconds, failure):
                self._record(LATE, name, seconds, 0, failure)
                return None, failure is not None

    def _ask(self, step: Ask) -> tuple[object, bool]:
        operation = step.operation
        wire = operation.encode_request(step.request, f"Bearer {step.session}" if step.session else "")
        began = perf_counter()
        came = self._line.exchange(operation, wire)
        took = perf_counter() - began
        size, reason, detail = 0, None, ""
        answer: object = came
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
        self._record(REQUEST, operation.name, took, size, reason, detail, operation.method)
        return answer, reason is not None

    def _record(
        self,
        kind: str,
        name: str,
        seconds: float,
        size: int,
        failure: str | None,
        detail: str = "",
        method: str = "LATE",
    ) -> None:
        self._run.report.record(kind, name, seconds, failure)
        self.environment.events.request.fire(
            request_type=str(method),
            name=name,
            response_time=seconds * 1000,
            response_length=size,
            exception=None if failure is None else StepFailed(failure, detail),
            context={},
        )


def user_class(journey: Journey) -> type[Citizen]:
    """The Locust user of a journey, named after it: ``disclosure`` becomes ``Disclosure``."""
    name = user_class_name(journey.name)
    return type(name, (Citizen,), {"journey": journey, "__doc__": journey.title})

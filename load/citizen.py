"""The resident as a Locust user: one terminal with its lines, free for one visit after another.

Without a plan each user has residents of its own, who visit in turn with a pause between (closed model). With a plan a
user is nothing but a line: it takes the next planned start, whatever journey that is (open model).

Every request is recorded under its operation's declared name, in Locust's statistics (so its web interface, its
CSV files and its plugins see it) and in our own exact ones.
"""

from typing import Any, ClassVar

import gevent
from locust import User, task
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_RUNNING

from load.clock import stopwatch_s
from load.connection import Connection
from load.holders import Holder
from load.journeys import Journey, user_class_name
from load.running import Run, has_run, run_of
from load.visiting import REQUEST_SECONDS_MAX, Visitor
from portal.wire.systems import System

VISITS_A_TASK = 20


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
        if not has_run(environment):
            raise StopUser  # it could not be prepared, and that was said
        self._run: Run = run_of(environment)
        self._lines: dict[System, Connection] = {}
        self._visitor = Visitor(self._run.report, self._line, self._run.credential, self._tell)
        self._holders: list[Holder] = []
        self._visits = 0

    def on_start(self) -> None:
        """Without a plan: take this user's own residents, whom no other user has."""
        if self._run.schedule is None:
            self._run.can_do(self.journey)
            self._holders = self._run.take_residents(self.journey)
        self._run.report.users += 1

    def on_stop(self) -> None:
        for line in self._lines.values():
            line.close()
        self._run.report.users -= 1

    def wait_time(self) -> float:
        return 0.0 if self._run.schedule is not None else self._run.pause_seconds

    @task  # type: ignore[untyped-decorator, unused-ignore]
    def visit(self) -> None:
        """The next planned start; without a plan one journey of the next of this user's residents."""
        run = self._run
        if run.schedule is not None:
            self._visit_as_planned()
            return
        # Locust's way from one task to the next costs as much as three requests: without a pause it is gone seldom.
        for _ in range(1 if run.pause_seconds else VISITS_A_TASK):
            holder = self._holders[self._visits % len(self._holders)]
            self._visits += 1
            visit = run.visit_of(holder, index=holder.visits)
            holder.visits += 1
            run.under_way += 1
            try:
                self._visitor.make(self.journey, visit, holder, None)
            finally:
                run.under_way -= 1
            if self._state != LOCUST_STATE_RUNNING:
                break

    def _visit_as_planned(self) -> None:
        run = self._run
        schedule = run.schedule
        assert schedule is not None
        start = schedule.take(run.elapsed())
        if start is None:
            raise StopUser
        journey, holder, visit = run.make_ready(start)
        intended = run.report.began + start.at_s
        early = intended - stopwatch_s()
        if early > 0:
            gevent.sleep(early)
            # Everything was ready: what it is late now is the generator's own doing.
            run.report.watched[0].lag.record(int(max(0.0, stopwatch_s() - intended) * 1e6))
        schedule.made(start)
        run.under_way += 1
        try:
            self._visitor.make(journey, visit, holder, intended)
        finally:
            run.under_way -= 1

    def _line(self, system: System) -> Connection:
        line = self._lines.get(system)
        if line is None:
            line = self._lines[system] = Connection(self._run.address(system), deadline_s=REQUEST_SECONDS_MAX)
        return line

    def _tell(
        self, method: str, name: str, milliseconds: float, size: int, failure: str | None, detail: str
    ) -> None:
        """Locust's own statistics, and whoever else listens."""
        event = self.environment.events.request
        if failure is None and len(event._handlers) == 1:
            # Nobody but Locust's runner listens, and this is all it does with a request that succeeded.
            self.environment.runner.stats.log_request(str(method), name, milliseconds, size)
            return
        event.fire(
            request_type=str(method),
            name=name,
            response_time=milliseconds,
            response_length=size,
            exception=None if failure is None else StepFailed(failure, detail),
            context={},
        )


def user_class(journey: Journey) -> type[Citizen]:
    """The Locust user of a journey, named after it: ``disclosure`` becomes ``Disclosure``."""
    name = user_class_name(journey.name)
    return type(name, (Citizen,), {"journey": journey, "__doc__": journey.title})

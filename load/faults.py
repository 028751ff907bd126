"""What goes wrong during a planned run: simulators are stopped and come back, by their own controls."""

import sys

import gevent

from load.connection import Connection
from load.measuring import Mark
from load.profile_file import Fault
from load.running import Run
from load.steps import NoAnswer
from portal.wire.controls import Control, Mode, control
from portal.wire.problems import Problem
from portal.wire.systems import Party

CONTROL_SECONDS_MAX = 10.0


class Faults:
    """障害を起こす係: one greenlet for each fault of the profile; whatever was done is undone at the end."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._greenlets: list[gevent.Greenlet] = []
        self._standing: dict[Fault, tuple[float, float]] = {}

    def __repr__(self) -> str:
        return f"<Faults: {len(self._standing)} standing>"

    def begin(self) -> None:
        plan = self._run.plan
        assert plan is not None
        for fault, (from_s, to_s) in zip(plan.profile.faults, plan.fault_seconds(), strict=True):
            self._greenlets.append(gevent.spawn(self._make, fault, from_s, to_s))

    def end(self) -> None:
        """Undo what still stands."""
        for greenlet in self._greenlets:
            greenlet.kill()
        for fault in list(self._standing):
            self._undo(fault)

    def _make(self, fault: Fault, from_s: float, to_s: float) -> None:
        gevent.sleep(max(0.0, from_s - self._run.elapsed()))
        wanted = Control(fault.mode, late_seconds=fault.late_seconds)
        if not self._set(fault, wanted):
            return
        self._standing[fault] = (self._run.elapsed(), to_s)
        gevent.sleep(max(0.0, to_s - self._run.elapsed()))
        self._undo(fault)

    def _undo(self, fault: Fault) -> None:
        since, _ = self._standing.pop(fault)
        self._set(fault, Control(Mode.NORMAL))
        self._run.report.marks.append(Mark(since, self._run.elapsed(), fault.title))

    def _set(self, fault: Fault, wanted: Control) -> bool:
        operation = control(fault.system)
        line = Connection(self._run.address(fault.system), deadline_s=CONTROL_SECONDS_MAX)
        try:
            came = line.exchange(
                operation, operation.encode_request(wanted, self._run.credential(Party.OPERATOR))
            )
            answer = came if isinstance(came, NoAnswer) else operation.decode_response(came)
        finally:
            line.close()
        if isinstance(answer, (NoAnswer, Problem)):
            sys.stderr.write(f"障害「{fault.title}」を{wanted.mode}にできません: {answer}\n")
            return False
        return True

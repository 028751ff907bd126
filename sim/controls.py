"""Controls (模擬の動き方): how a tester makes a simulator stop, come back, or answer late.

They are kept in the system's own store, so that a system that was told to stop stays stopped when its process is
restarted. Until they have been read from there the system takes no request: it can't know whether it may.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

import trio

from portal.seams.clock import Clock
from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Open, Peers, Stranger
from portal.store.store import Op, Query, Schema, Store
from portal.wire.about import api_document, health
from portal.wire.controls import Control, Controls, Mode, control, view_controls
from portal.wire.operation import AnyOperation, Nothing
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import JAPANESE_NAMES, System

SCHEMA = Schema(
    "controls",
    ("CREATE TABLE controls (subject TEXT PRIMARY KEY, mode TEXT NOT NULL, late_seconds INTEGER NOT NULL)",),
)
LATE_SECONDS = 60
"""後日回答 comes so late unless the tester says otherwise."""
MODES_PLAIN = (Mode.NORMAL, Mode.STOPPED)
MODES_LATE = (Mode.NORMAL, Mode.STOPPED, Mode.LATE)

_WHOLE = ""
"""The subject of the row for the system itself; other rows are for one organisation each."""


class _Row(NamedTuple):
    subject: str
    mode: str
    late_seconds: int


_ALL = Query("SELECT subject, mode, late_seconds FROM controls ORDER BY subject", _Row)


def _put(subject: str, mode: Mode, late_seconds: int) -> Op:
    return Op(
        "INSERT INTO controls (subject, mode, late_seconds) VALUES (:subject, :mode, :late) "
        "ON CONFLICT (subject) DO UPDATE SET mode = excluded.mode, late_seconds = excluded.late_seconds",
        {"subject": subject, "mode": str(mode), "late": late_seconds},
    )


def _remove(subject: str) -> Op:
    return Op("DELETE FROM controls WHERE subject = :subject", {"subject": subject}, None)


def hurry_failed(now_ms: int) -> Op:
    """Try at once again what failed before; what is not yet due for the first time keeps its time."""
    return Op("UPDATE outbox SET due_ms = :now WHERE attempts > 0 AND due_ms > :now", {"now": now_ms}, None)


def _no_wake() -> None:
    """For systems without an outbox."""


class ControlDesk:
    """操作盤 of one simulator.

    *organisations* are those that can be stopped by themselves; only the intermediate servers have any. With
    *has_outbox* what waits in the outbox is hurried when the system comes back, and :attr:`wake` is called.
    """

    def __init__(
        self,
        system: System,
        store: Store,
        clock: Clock,
        *,
        modes: Collection[Mode] = MODES_PLAIN,
        organisations: Collection[str] = (),
        has_outbox: bool = False,
    ) -> None:
        self.system = system
        self.modes = tuple(modes)
        self._store = store
        self._clock = clock
        self._organisations = organisations
        self._has_outbox = has_outbox
        self._mode = Mode.NORMAL
        self._late_seconds = LATE_SECONDS
        self._stopped: set[str] = set()
        self._loaded = False
        self.wake: Callable[[], None] = _no_wake
        self._always: frozenset[str] = frozenset(
            operation.name
            for operation in (health(system), api_document(system), control(system), view_controls(system))
        )

    def __repr__(self) -> str:
        return f"<ControlDesk {self.system}: {self._mode}, {len(self._stopped)} organisations stopped>"

    @property
    def view(self) -> Controls:
        return Controls(self._mode, self._late_seconds, tuple(sorted(self._stopped)))

    @property
    def stopped(self) -> bool:
        return self._mode is Mode.STOPPED

    @property
    def by_organisation(self) -> bool:
        return bool(self._organisations)

    @property
    def late_ms(self) -> int:
        """How much later an answer is due than its request: 0 unless the mode is late."""
        return self._late_seconds * 1000 if self._mode is Mode.LATE else 0

    def has_stopped(self, organisation: str) -> bool:
        """Whether this organisation's server is stopped, by itself or with all others."""
        return self.stopped or organisation in self._stopped

    async def load(self) -> None:
        """Read what was set before the last restart. Raises ``StorageRefused``."""
        for subject, mode, late_seconds in await self._store.read(_ALL):
            if subject == _WHOLE:
                self._mode, self._late_seconds = Mode(mode), late_seconds
            else:
                self._stopped.add(subject)
        self._loaded = True

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """All that a simulator without other workers does when it starts."""
        await self.load()
        task_status.started()

    async def set(self, wanted: Control) -> Controls | Problem:
        """Durable when this returns; a control that this simulator does not have is a problem."""
        subject = wanted.organisation
        if subject is not None:
            if not self._organisations:
                return _not_here("$.organisation", "機関ごとに止められるのは中間サーバーだけです。")
            if subject not in self._organisations:
                return _not_here("$.organisation", "この機関コードの中間サーバーはありません。")
            if wanted.mode is Mode.LATE:
                return _not_here("$.mode", "機関ごとに選べるのは normal と stopped です。")
            ops = [_put(subject, wanted.mode, 0) if wanted.mode is Mode.STOPPED else _remove(subject)]
        else:
            if wanted.mode not in self.modes:
                return _not_here("$.mode", f"選べるのは {'、'.join(self.modes)} です。")
            ops = [_put(_WHOLE, wanted.mode, wanted.late_seconds)]
        comes_back = self._has_outbox and wanted.mode is not Mode.STOPPED
        if comes_back:
            ops.append(hurry_failed(self._clock.now_ms()))
        await self._store.write(ops)
        if subject is None:
            self._mode, self._late_seconds = wanted.mode, wanted.late_seconds
        elif wanted.mode is Mode.STOPPED:
            self._stopped.add(subject)
        else:
            self._stopped.discard(subject)
        if comes_back:
            self.wake()
        return self.view

    def gate(self, operation: AnyOperation) -> Problem | None:
        """For :attr:`Dispatcher.gate`."""
        if not self._loaded:
            return problem(
                ProblemCode.STOPPED, "起動しているところです。少し待ってから、もう一度お試しください。"
            )
        if self._mode is Mode.STOPPED and operation.name not in self._always:
            return stopped_problem(JAPANESE_NAMES[self.system])
        return None

    def serve(self, dispatcher: Dispatcher, peers: Peers) -> None:
        """Add the control operations and the gate."""

        async def set_control(wanted: Control, _: object) -> Controls | Problem:
            return await self.set(wanted)

        async def answer_view(_: Nothing, __: Stranger) -> Controls:
            return self.view

        dispatcher.add(control(self.system), peers, set_control)
        dispatcher.add(view_controls(self.system), Open(), answer_view)
        dispatcher.gate = self.gate


def stopped_problem(name: str) -> Problem:
    """The answer of somebody who was stopped."""
    return problem(
        ProblemCode.STOPPED, f"{name}（模擬）は止められています。動かしてから、もう一度お試しください。"
    )


def _not_here(field: str, detail: str) -> Problem:
    return problem(ProblemCode.UNPROCESSABLE, detail, field=field)

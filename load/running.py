"""One run of Locust in one process: where the portal is, whose residents come, what has been measured."""

import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from time import time
from typing import Any

import gevent
import msgspec

from load.connection import Connection
from load.holders import CardCase, Holder, facts_of, make_ahead_elsewhere
from load.measuring import Report, glance
from load.steps import NoAnswer
from portal.wire.about import health
from portal.wire.moments import day_of
from portal.wire.operation import Nothing
from portal.wire.problems import Problem
from portal.wire.systems import System
from sim.world.key_folder import key_folder

HEALTH_SECONDS_MAX = 10.0
_ATTRIBUTE = "mynasim_run"


class NoPortal(Exception):
    """Nobody answers there. The message is for people."""


class Run:
    """一回の負荷試験."""

    def __init__(self, host: str, options: Namespace, stripe: int = 0) -> None:
        """Raises :class:`NoPortal`, or ``ValueError`` for an address that is none."""
        self.host = host
        self.report = Report()
        self.pause_seconds: float = options.pause
        self._per_user: int = options.residents
        self._nation: int = options.nation
        self._seed: int = options.seed
        self._stripe = stripe
        self._ahead_ms = portal_clock(host) - int(time() * 1000)
        self._folder: Path = key_folder()
        self._case = CardCase(facts_of(options.nation, self._folder, self.today()), options.seed, stripe)
        self._users_begun = 0
        self._prepared = 0

    def __repr__(self) -> str:
        return f"<Run against {self.host}: {self.report!r}>"

    def today(self) -> date:
        """In Japan, by the portal's clock."""
        return day_of(int(time() * 1000) + self._ahead_ms)

    def prepare(self, users: int) -> None:
        """Make the cards of so many users, with progress: before anything is measured."""
        if users <= self._prepared:
            return

        def show(done: int, total: int) -> None:
            if done == total or done % 20 == 0:
                sys.stderr.write(f"カードの鍵を作っています: {done}/{total}\n")

        count = users * self._per_user
        make_ahead_elsewhere(self._nation, self._seed, count, self._folder, show, stripe=self._stripe)
        for index in range(count):
            self._case.holder(index)
        self._prepared = users

    def take_residents(self) -> list[Holder]:
        """The residents of the next user."""
        first = self._users_begun * self._per_user
        self._users_begun += 1
        return [self._case.holder(index) for index in range(first, first + self._per_user)]

    def begin(self) -> None:
        """The measured window begins: the first users start, with the first residents."""
        self._users_begun = 0
        self.report.restart()


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
    if isinstance(came, NoAnswer):
        raise NoPortal(f"{host} にマイナポータルがありません（{came.reason} {came.detail}）。")
    try:
        answer = operation.decode_response(came)
    except msgspec.MsgspecError:
        answer = None
    if answer is None or isinstance(answer, Problem) or answer.system != System.PORTAL:
        raise NoPortal(f"{host} はマイナポータルではありません。")
    return int(datetime.fromisoformat(answer.now).timestamp() * 1000)


class Reporter:
    """Writes the figures of a run to the process that started it."""

    def __init__(self, run: Run, descriptor: int, gone: Callable[[], None]) -> None:
        """*gone* is called when that process is there no more."""
        self._run = run
        self._descriptor = descriptor
        self._gone = gone

    def __repr__(self) -> str:
        return f"Reporter({self._descriptor})"

    def say_each_second(self) -> None:
        """A glance a second, until killed."""
        while self._run.report.is_open:
            gevent.sleep(1.0)
            self._write({"glance": msgspec.to_builtins(glance(self._run.report))})

    def end(self, **_: Any) -> None:
        """The whole report: the run is over."""
        self._run.report.end()
        self._write({"report": self._run.report.encode()})

    def _write(self, content: dict[str, Any]) -> None:
        line = memoryview(json.dumps(content, ensure_ascii=False).encode() + b"\n")
        try:
            while line:
                line = line[os.write(self._descriptor, line) :]
        except BrokenPipeError:
            self._gone()

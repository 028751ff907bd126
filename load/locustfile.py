"""The locustfile: ``locust -f load/locustfile.py --host http://127.0.0.1:8600``, headless or with the web interface.

Every journey under ``load/journeys`` is a user class of its own here; with ``--plan`` users are lines for planned
starts instead. ``mynasim load`` runs this same file.
"""

import os
import sys
from argparse import ArgumentParser
from typing import Any

import gevent
from locust import events

from load.citizen import user_class
from load.clock import moment
from load.distributing import FIGURES, SHARE, Workers, figures, share_of
from load.faults import Faults
from load.finishing import Ending
from load.holders import SHARED_KEYS
from load.journeys import journeys, user_class_name
from load.measuring import ERROR, REPORT_VARIABLE, Report, glance
from load.plan import Share
from load.result import Exit
from load.running import Mouth, NoPortal, Run, has_run, plan_of, put_run, run_of, watch
from portal.wire.systems import System

RESIDENTS_DEFAULT = 3
PAUSE_SECONDS_DEFAULT = 1.0
LEAD_SECONDS = 0.5
"""Until the measured window of a planned run begins: all lines have been opened by then."""
DRAIN_SECONDS_MAX = 45.0
"""After the last planned moment visits may go on for so long; late answers come within that time or not at all."""

# Locust looks for user classes among this module's names; a second name for one of them would be a second user.
globals().update({user_class_name(name): user_class(journey) for name, journey in journeys().items()})

_OPTIONS: tuple[tuple[str, type, Any, str], ...] = (
    ("--seed", int, 1, "どの住民がいつ来るかを決める種"),
    ("--nation", int, 1, "国の種（世界の設定の seed）"),
    ("--residents-each", int, RESIDENTS_DEFAULT, "計画なしのとき、利用者1人が受け持つ住民の数"),
    ("--pause", float, PAUSE_SECONDS_DEFAULT, "計画なしのとき、訪問と訪問の間の秒数"),
    ("--plan", str, "", "到着の計画（load/profiles の名前か .toml のファイル）"),
    ("--rate", float, 0.0, "計画の山の、1秒あたりの開始数（0はプロファイルのまま）"),
    ("--seconds", float, 0.0, "計画全体の秒数（0はプロファイルのまま）"),
    ("--only", str, "", "計画で、この行程だけにする"),
    ("--residents", int, 0, "計画で来る、違う住民の数（0は全員が1回ずつ）"),
    ("--think", float, -1.0, "考える時間の倍率（0は考えない、負はプロファイルのまま）"),
    ("--card-keys", int, SHARED_KEYS, "計画で、全員のカードが共有する鍵の数（0は1枚ずつ別）"),
    ("--sign-ahead", int, 0, "計画で、計測の前に署名しておく数"),
    ("--world", str, "", "世界の状態フォルダー（機関として接続する行程に要る）"),
    ("--no-faults", int, 0, "1なら、計画にある障害を起こさない"),
    ("--sla", str, "", "サービス水準のファイル（TOML）"),
    ("--report", str, "", "報告を書くHTMLファイル"),
    ("--junit", str, "", "判定を書くJUnitのファイル"),
    ("--save", str, "", "結果を、あとで比べられるように書くファイル"),
    ("--compare", str, "", "前に --save で書いた結果"),
    ("--systems", str, "", "ポータルのほかのシステムのアドレス（intermediate=http://…、コンマで区切る）"),
)


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _options(parser: ArgumentParser, **_: Any) -> None:
    group = parser.add_argument_group("mynasim")
    for name, kind, default, text in _OPTIONS:
        variable = "MYNASIM_LOAD_" + name[2:].replace("-", "_").upper()
        group.add_argument(name, type=kind, default=default, env_var=variable, help=text)  # type: ignore[call-arg, unused-ignore]


REFUSED = "mynasim.refused"
REFUSALS = (NoPortal, ValueError, RuntimeError)
"""Why a run can't begin; their messages are for people."""


class _Here:
    """What this process keeps beside the run."""

    def __init__(self) -> None:
        descriptor = os.environ.get(REPORT_VARIABLE)
        self.mouth: Mouth | None = None if descriptor is None else Mouth(int(descriptor))
        self.workers = Workers()
        self.share = Share()
        self.lead_s = LEAD_SECONDS
        self.watching: gevent.Greenlet | None = None
        self.faults: Faults | None = None
        self.ending: Ending | None = None
        self.began_at = ""
        self.users = 0
        self.reported = False


_here = _Here()


def _kind(environment: Any) -> str:
    return type(environment.runner).__name__


def _prepare(environment: Any, users: int, share: Share = Share()) -> Run:  # noqa: B008 - immutable
    """Everything that takes time and is not the portal's: before the measured window."""
    run = Run(environment.host, environment.parsed_options, share)
    run.prepare(users, company=any(each.journey.company for each in environment.user_classes))
    put_run(environment, run)
    return run


@events.init.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _init(environment: Any, **_: Any) -> None:
    """Headless: prepare before Locust's clock for the run starts."""
    options = environment.parsed_options
    runner = environment.runner
    if options is not None and _kind(environment) != "WorkerRunner":
        if not options.world:
            # Who was not told of the world around the portal can't speak for an organisation in it.
            of_portal = [each for each in environment.user_classes if each.journey.systems <= {System.PORTAL}]
            environment.user_classes = of_portal or environment.user_classes
        try:
            _here.ending = Ending(options)
            plan_of(options)
        except ValueError as error:
            raise SystemExit(f"load: {error}") from None
    if _kind(environment) == "MasterRunner":
        runner.register_message(FIGURES, _hear)
        runner.register_message(REFUSED, _hear_refusal)
    elif _kind(environment) == "WorkerRunner":
        runner.register_message(SHARE, _take_share)
    elif options is not None and options.headless:
        try:
            _prepare(environment, options.num_users or 1)
        except REFUSALS as error:
            if _here.mouth is not None:
                _here.mouth.say(refused=str(error))
            raise SystemExit(f"load: {error}") from None
    if _here.mouth is not None and _kind(environment) != "WorkerRunner":
        gevent.spawn(_speak, environment, _here.mouth)


def _hear(environment: Any, msg: Any, **_: Any) -> None:
    _here.workers.hear(msg.node_id, msg.data)


def _hear_refusal(environment: Any, msg: Any, **_: Any) -> None:
    """A worker can't do it: then nobody need try."""
    if _here.mouth is not None:
        _here.mouth.say(refused=str(msg.data))
    sys.stderr.write(f"load: {msg.data}\n")
    environment.process_exit_code = 2
    gevent.spawn(_end, environment)


def _take_share(environment: Any, msg: Any, **_: Any) -> None:
    _here.share, _here.lead_s = share_of(msg.data)


@events.test_start.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _start(environment: Any, **_: Any) -> None:
    """Each start from the web interface or by a master: with the host and the options that were typed there."""
    runner = environment.runner
    options = environment.parsed_options
    _here.began_at = moment()
    _here.users = runner.target_user_count or options.num_users or 1
    _here.reported = False
    if _kind(environment) == "MasterRunner":
        clients = sorted(client.id for client in runner.clients.ready)
        _here.workers.begin(clients, lambda client, said: runner.send_message(SHARE, said, client))
        gevent.spawn(_finish_workers, environment)
        return
    users = runner.target_user_count or options.num_users or 1
    headless = has_run(environment) and _kind(environment) == "LocalRunner" and options.headless
    try:
        run = run_of(environment) if headless else _prepare(environment, users, _here.share)
    except REFUSALS as error:
        sys.stderr.write(f"load: {error}\n")
        if _kind(environment) == "WorkerRunner":
            runner.send_message(REFUSED, str(error))
        gevent.spawn(runner.stop)
        return
    run.begin(_here.lead_s if run.plan is not None else 0.0)
    if run.plan is not None and run.plan.profile.faults and run.share.part == 0 and not options.no_faults:
        # One of the workers does it for all: the first.
        _here.faults = Faults(run)
        _here.faults.begin()
    if _here.watching is not None:
        _here.watching.kill()
    _here.watching = gevent.spawn(watch, run.report.watched[0])
    gevent.spawn(_finish, environment, run)
    if _kind(environment) == "WorkerRunner":
        gevent.spawn(_tell_master, environment, run)


def _finish(environment: Any, run: Run) -> None:
    """A planned run ends when it is done, or when what is left has had time enough."""
    plan = run.plan
    if plan is None:
        return
    while run.report.is_open and not run.is_done and run.elapsed() < plan.seconds + DRAIN_SECONDS_MAX:
        gevent.sleep(0.1)
        if run.schedule is not None:
            run.schedule.expire(run.elapsed())
    run.end()
    if _kind(environment) == "LocalRunner":
        _end(environment)


def _finish_workers(environment: Any) -> None:
    """The same for a master: when all workers are done."""
    if not environment.parsed_options.plan:
        return
    while not _here.workers.all_done:
        gevent.sleep(0.1)
    _end(environment)


def _end(environment: Any) -> None:
    """Of a planned run: with the web interface the next one can be started."""
    if not environment.parsed_options.headless:
        _conclude(environment)
    if environment.parsed_options.headless:
        environment.runner.quit()
    else:
        environment.runner.stop()


def _tell_master(environment: Any, run: Run) -> None:
    while run.report.is_open:
        environment.runner.send_message(FIGURES, figures(run, whole=False))
        gevent.sleep(1.0)
    environment.runner.send_message(FIGURES, figures(run, whole=True))


@events.test_stop.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _stop(environment: Any, **_: Any) -> None:
    if not has_run(environment):
        return
    run = run_of(environment)
    if _here.faults is not None:
        _here.faults.end()
        _here.faults = None
    was_open = run.report.is_open
    run.end()
    if was_open and _kind(environment) == "WorkerRunner":
        environment.runner.send_message(FIGURES, figures(run, whole=True))


def _report(environment: Any) -> Report | None:
    if _kind(environment) == "MasterRunner":
        return _here.workers.report()
    return run_of(environment).report if has_run(environment) else None


def _speak(environment: Any, mouth: Mouth) -> None:
    """A glance a second to whoever started us."""
    while not mouth.gone:
        gevent.sleep(1.0)
        report = _report(environment)
        if report is not None and report.steps and (report.is_open or _kind(environment) == "MasterRunner"):
            mouth.say(glance=_fields(report))
    environment.runner.quit()


def _fields(report: Report) -> dict[str, Any]:
    shown = glance(report)
    return {name: getattr(shown, name) for name in shown.__struct_fields__}


@events.quitting.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _quitting(environment: Any, **_: Any) -> None:
    """The whole report: the run is over."""
    _conclude(environment)
    if _here.mouth is None or _kind(environment) == "WorkerRunner":
        return
    if _kind(environment) != "MasterRunner" and has_run(environment):
        run_of(environment).end()
    report = _report(environment)
    if report is not None:
        report.end()
        _here.mouth.say(report=report.encode(), missing=_here.workers.missing())


def _conclude(environment: Any) -> None:
    """The files of a run under plain Locust; once for each."""
    if _here.ending is None or _here.reported or not _here.began_at or _kind(environment) == "WorkerRunner":
        return
    report = _report(environment)
    if report is None:
        return
    _here.reported = True
    report.end()
    try:
        code = _here.ending.end(
            plan_of(environment.parsed_options),
            report,
            host=environment.host or "",
            began_at=_here.began_at,
            users=_here.users,
            processes=max(1, len(report.watched)),
            missing=_here.workers.missing(),
        )
    except OSError as error:
        sys.stderr.write(f"load: {error.filename} に書けません（{error.strerror}）。\n")
        code = Exit.NOT_RUN
    if code is not None:
        environment.process_exit_code = int(code)


@events.user_error.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _error(user_instance: Any, exception: Exception, **_: Any) -> None:
    run_of(user_instance.environment).report.record(ERROR, "exception", 0.0, repr(exception))

"""The locustfile: ``locust -f load/locustfile.py --host http://127.0.0.1:8600``, headless or with the web interface.

Every journey under ``load/journeys`` is a user class of its own here. ``mynasim load`` runs this same file.
"""

import os
from argparse import ArgumentParser
from typing import Any

import gevent
from locust import events

from load.citizen import user_class
from load.journeys import journeys, user_class_name
from load.measuring import ERROR, REPORT_VARIABLE
from load.population import STRIPES
from load.running import NoPortal, Reporter, Run, has_run, put_run, run_of

RESIDENTS_DEFAULT = 3
PAUSE_SECONDS_DEFAULT = 1.0

# Locust looks for user classes among this module's names; a second name for one of them would be a second user.
globals().update({user_class_name(name): user_class(journey) for name, journey in journeys().items()})


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _options(parser: ArgumentParser, **_: Any) -> None:
    group = parser.add_argument_group("mynasim")
    group.add_argument(
        "--seed", type=int, default=1, env_var="MYNASIM_LOAD_SEED", help="どの住民が来るかを決める種"
    )  # type: ignore[call-arg, unused-ignore]
    group.add_argument(
        "--nation", type=int, default=1, env_var="MYNASIM_LOAD_NATION", help="国の種（世界の設定の seed）"
    )  # type: ignore[call-arg, unused-ignore]
    group.add_argument(
        "--residents",
        type=int,
        default=RESIDENTS_DEFAULT,
        env_var="MYNASIM_LOAD_RESIDENTS",
        help="利用者1人が受け持つ住民の数",
    )  # type: ignore[call-arg, unused-ignore]
    group.add_argument(
        "--pause",
        type=float,
        default=PAUSE_SECONDS_DEFAULT,
        env_var="MYNASIM_LOAD_PAUSE",
        help="訪問と訪問の間の秒数",
    )  # type: ignore[call-arg, unused-ignore]


def _prepare(environment: Any, users: int) -> None:
    """Everything that takes time and is not the portal's: before the measured window."""
    stripe = max(0, getattr(environment.runner, "worker_index", 0)) % STRIPES
    run = Run(environment.host, environment.parsed_options, stripe)
    run.prepare(users)
    put_run(environment, run)
    descriptor = os.environ.get(REPORT_VARIABLE)
    if descriptor is not None:
        reporter = Reporter(run, int(descriptor), environment.runner.quit)
        gevent.spawn(reporter.say_each_second)
        environment.events.quitting.add_listener(reporter.end)


@events.init.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _init(environment: Any, **_: Any) -> None:
    """Headless: prepare before Locust's clock for the run starts."""
    options = environment.parsed_options
    if options is not None and options.headless and not options.worker and not options.master:
        try:
            _prepare(environment, options.num_users or 1)
        except (NoPortal, ValueError, RuntimeError) as error:
            raise SystemExit(f"load: {error}") from None


@events.test_start.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _start(environment: Any, **_: Any) -> None:
    """Each start from the web interface or by a master: with the host that was typed there."""
    if _is_master(environment):
        return
    users = environment.runner.target_user_count or environment.parsed_options.num_users or 1
    if not has_run(environment) or run_of(environment).host != environment.host:
        _prepare(environment, users)
    run = run_of(environment)
    run.prepare(users)
    run.begin()


@events.test_stop.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _stop(environment: Any, **_: Any) -> None:
    if has_run(environment):
        run_of(environment).report.end()


@events.user_error.add_listener  # type: ignore[untyped-decorator, unused-ignore]
def _error(user_instance: Any, exception: Exception, **_: Any) -> None:
    run_of(user_instance.environment).report.record(ERROR, "exception", 0.0, repr(exception))


def _is_master(environment: Any) -> bool:
    return type(environment.runner).__name__ == "MasterRunner"

"""What all tests share: a listed real client that was skipped is a failure where one may not be missing."""

import inspect
import os
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import settings

from benchmarks.postgres_server import PostgresServer, programs, running_server

# How long an example takes says more of the machine and its neighbours than of us.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

REQUIRED_VARIABLE = "MYNASIM_REAL_CLIENTS_REQUIRED"

_MISSING = "real client that was not there"
_skipped: list[str] = []
_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL server, one for all tests that don't stop it."""
    if programs() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """A place without tables in that server."""
    return postgres_server.empty_place(f"test_{next(_numbers)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A clock that only a fixture asks for is not the one that the test runs by: its waits would be real ones."""
    for item in items:
        if isinstance(item, pytest.Function) and "autojump_clock" in item.fixturenames:
            asked = inspect.signature(inspect.unwrap(item.function)).parameters
            if "autojump_clock" not in asked:
                raise pytest.UsageError(f"{item.nodeid}: must ask for autojump_clock itself")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.skipped:
        for mark in item.iter_markers("real_client"):
            # With the report, because tests run in processes of their own and only their reports come back.
            report.user_properties.append((_MISSING, f"{mark.args[0]}: {item.nodeid}"))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _skipped.extend(str(line) for name, line in report.user_properties if name == _MISSING)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped:
        terminalreporter.section("real clients that were not there")
        for line in _skipped:
            terminalreporter.write_line(line)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if _skipped and os.environ.get(REQUIRED_VARIABLE) and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

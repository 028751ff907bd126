"""What all tests share: a listed real client that was skipped is a failure where one may not be missing."""

import os

import pytest

REQUIRED_VARIABLE = "MYNASIM_REAL_CLIENTS_REQUIRED"

_skipped: list[str] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.skipped:
        for mark in item.iter_markers("real_client"):
            _skipped.append(f"{mark.args[0]}: {item.nodeid}")
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped:
        terminalreporter.section("real clients that were not there")
        for line in _skipped:
            terminalreporter.write_line(line)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if _skipped and os.environ.get(REQUIRED_VARIABLE) and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

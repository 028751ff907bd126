"""Every benchmark runs, at a tiny size, and its rows say what a ledger's row must say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks import (
    calls,
    database,
    exploring,
    folder,
    journeys,
    ledger,
    living,
    operations,
    serving,
    signing_in,
    starting,
    writes,
)
from benchmarks.ledger import Row
from benchmarks.postgres_server import programs
from benchmarks.processes import Target, pace_by_ourselves, pace_by_wrk, read_wrk
from scenarios.years.order import Order
from sim.world.key_folder import key_folder

TINY_SECONDS = 0.2


def _checked(rows: list[Row]) -> Row:
    (row,) = rows
    assert row.value > 0
    assert row.unit
    assert row.versus
    assert row.ratio is not None and row.ratio > 0
    return row


def test_calls() -> None:
    found = calls.rows(1, seconds=TINY_SECONDS)

    assert [row.name for row in found] == ["links.calls_next_to_httpx2", "links.calls_next_to_aiohttp"]
    for row in found:
        _checked([row])


@pytest.mark.parametrize(
    ("benchmark", "count"),
    [
        (serving.hello, 1),
        (serving.page, 2),
        (serving.writes, 1),
        (serving.connections, 1),
        (serving.sessions, 1),
    ],
)
def test_serving(tmp_path: Path, benchmark: Callable[..., list[Row]], count: int) -> None:
    tiny: dict[str, Any] = (
        {"count": 20} if benchmark in (serving.connections, serving.sessions) else {"seconds": TINY_SECONDS}
    )
    if benchmark is serving.writes:
        # A hundred clients of the rival want their first answers within the time.
        tiny = {"seconds": 1.0}
    found = benchmark(tmp_path, 1, **tiny)

    assert len(found) == count
    for row in found:
        _checked([row])


def test_writes(tmp_path: Path) -> None:
    assert _checked(writes.rows(tmp_path, 1, seconds=TINY_SECONDS)).aim == 20_000


def test_folder(tmp_path: Path) -> None:
    found = folder.rows(key_folder(), tmp_path, 1, seconds=TINY_SECONDS, many=50)

    assert [row.name.partition(".")[0] for row in found] == ["pages"] * 3 + ["operations"] * 2
    assert all(row.value > 0 and row.aim for row in found)


def test_exploring() -> None:
    found = exploring.rows(key_folder(), 1, seeds=4)

    assert [row.name for row in found] == ["explorer.journeys", "explorer.two_processes"]
    assert all(row.value > 0 for row in found)


def test_living() -> None:
    found = living.rows(
        1, monthly=Order(12, 200, sign_ins=1.0, through=0.0), actual=Order(12, 200, through=0.0), from_day=2
    )

    assert [row.name for row in found] == ["years.monthly", "years.actual_rates"]
    assert all(row.value > 0 for row in found)
    assert found[0].aim == 10_000


def test_journeys() -> None:
    found = journeys.rows(key_folder(), 1, count=6, residents=3)

    for row in found:
        _checked([row])
        assert row.aim == 500
    # With faults a journey may end early.
    for row in found[:2]:
        assert float(row.note.split()[0]) >= 8, row.note


def test_starting(tmp_path: Path) -> None:
    assert not _checked(starting.rows(tmp_path, 1)).more_is_better


def test_signing_in(tmp_path: Path) -> None:
    assert _checked(signing_in.rows(key_folder(), tmp_path, 1, count=3)).unit == "ms"


def test_the_citizens_operation_next_to_its_rival(tmp_path: Path) -> None:
    for row in operations.citizen(key_folder(), tmp_path, 1, seconds=TINY_SECONDS, connections=2):
        _checked([row])


def test_the_simulators_operation_next_to_its_rival(tmp_path: Path) -> None:
    _checked(operations.simulator(key_folder(), tmp_path, 1, seconds=TINY_SECONDS, connections=2))


def test_our_own_generator_counts_answers_and_errors(tmp_path: Path) -> None:
    from benchmarks.live import live_world

    with live_world(tmp_path / "state") as live:
        good = Target("health", "GET", f"{live.portal}/health", {})
        paces = [
            measure(good, 1.0, 2, tmp_path)
            for measure in (pace_by_ourselves, *([pace_by_wrk] if bench.generator_name() == "wrk" else []))
        ]
        bad = pace_by_ourselves(good._replace(url=f"{live.portal}/nothing-here"), 0.2, 2, tmp_path)

    for pace in paces:
        assert pace.per_second > 0
        assert 0 < pace.p50_ms <= pace.p99_ms
        assert pace.errors == 0
    assert bad.errors > 0


def test_what_wrk_says_is_read() -> None:
    said = (
        "  Latency Distribution\n     50%  812.00us\n     75%    1.10ms\n     99%    1.20s\n"
        "  Socket errors: connect 0, read 2, write 0, timeout 1\n"
        "  Non-2xx or 3xx responses: 7\nRequests/sec:   1234.50\n"
    )

    pace = read_wrk(said)

    assert pace == (1234.5, 0.812, 1200.0, 10)


def test_a_row_of_the_ledger(tmp_path: Path) -> None:
    rows = [
        Row("a", 123456.0, "1/s", "b: 3/s", 2.0, aim=1.0),
        Row("c", 2.0, "ms", aim=1.0, more_is_better=False),
    ]

    path = ledger.append(rows, tmp_path)
    ledger.append(rows[:1], tmp_path)

    entries = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert len(entries) == 3
    first, second = entries[:2]
    assert {"name", "value", "unit", "versus", "ratio", "commit", "when", "machine"} <= first.keys()
    assert first["value"] == 123500
    assert first["reached"] is True
    assert second["reached"] is False
    assert set(first["machine"]) == {"cpu", "cores", "python"}


def test_rows_of_the_other_benchmarks_take_the_same_form(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sys
    from types import SimpleNamespace

    other = {"name": "nation: person", "value": 20.0, "unit": "µs", "versus": "aim of 30 µs", "ratio": 1.5}
    monkeypatch.setitem(sys.modules, "other_bench", SimpleNamespace(BENCHMARKS=[lambda: [other]]))

    (row,) = bench._others("other_bench")(tmp_path, 1)

    assert row.name == "nation.person"
    assert row.aim == pytest.approx(30.0)
    assert row.reached is True


def test_a_benchmark_that_fails_is_said_and_the_rest_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(folder: Path, rounds: int) -> list[Row]:
        raise OSError("no disk")

    monkeypatch.setattr(bench, "BENCHMARKS", {"x": broken, "y": lambda folder, rounds: [Row("y", 1.0, "s")]})

    code = bench.main(["--only", "x", "--only", "y", "--no-ledger"])

    said = capsys.readouterr()
    assert code == 1
    assert "failed: x" in said.out
    assert "y: 1 s" in said.err


@pytest.mark.real_client("PostgreSQL")
def test_database(tmp_path: Path) -> None:
    if programs() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    found = database.store(tmp_path, 1, seconds=TINY_SECONDS)

    assert [row.name for row in found] == ["postgresql.durable_writes", "postgresql.point_reads"]
    for row in found:
        _checked([row])


@pytest.mark.real_client("PostgreSQL")
def test_workers(tmp_path: Path) -> None:
    if programs() is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    _checked(database.workers(key_folder(), tmp_path, 1, seconds=TINY_SECONDS))


def test_what_a_row_says_is_printed_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = Row(
        "made.up", 1.0, "1/s", "next to [bold]x:key:", 0.5, aim=2.0, note="in [red]words[/red] :smile: {0}"
    )
    monkeypatch.setitem(bench.BENCHMARKS, "hello", lambda *_: [said])

    assert bench.main(["--only", "hello", "--no-ledger"]) == 0

    printed = capsys.readouterr().out
    assert said.versus in printed and said.note in printed
    assert "[red]no" not in printed and " no " in printed

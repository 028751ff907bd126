"""A scenario that fails: exit code 1, what was expected and seen in every report; nothing goes on for ever."""

import io
import json
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
import trio
from rich.console import Console

from portal.store.store import Op
from portal.wire.intermediate import MAKE_INQUIRY, MakeInquiry
from portal.wire.problems import ProblemCode
from portal.wire.systems import Party, System
from scenarios import playing
from scenarios.actors.resident import Resident
from scenarios.checking import equal, refused
from scenarios.registry import Play, Scenario
from scenarios.run import NotWritten, Order, run
from scenarios.stage import Stage
from sim.nation.organisations import of_municipality
from sim.world.simulated import SimulatedWorld


def _scenario(play: Play) -> Scenario:
    return Scenario("made-up", "作りもの<シナリオ>", ("ACC-1",), play)


async def _wrong(stage: Stage) -> None:
    stage.step("間違った期待をする")
    resident = Resident(stage, stage.person(0))
    refused(await resident.sign_in(), ProblemCode.CERTIFICATE_REVOKED, "<ログイン>")


async def _broken(stage: Stage) -> None:
    raise ZeroDivisionError("何か")


async def _never(stage: Stage) -> None:
    await trio.sleep_forever()


async def _impatient(stage: Stage) -> None:
    async def never() -> bool:
        return False

    await stage.until(never, at_most=timedelta(seconds=30), what="来ないものが来る")


@pytest.mark.parametrize("live", [False, True])
def test_every_report_says_what_was_expected_and_seen(
    live: bool, tmp_path: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = io.StringIO()
    order = Order(
        live=live, junit=tmp_path / "j.xml", html=tmp_path / "deep" / "p.html", json=True, keys=keys
    )

    done = run(order, Console(file=text, width=200), [_scenario(_wrong)])

    assert done.exit_code == 1
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["passed"], summary["failed"]) == (0, 1)
    failure = Xml.parse(tmp_path / "j.xml").find(".//failure")
    assert failure is not None
    for report in (
        text.getvalue(),
        str(summary["failures"]["made-up"]),
        failure.get("message") or "",
        (tmp_path / "deep" / "p.html").read_text(),
    ):
        assert "certificate-revoked" in report, report
        assert "SignedIn(" in report, report
    assert "間違った期待をする" in text.getvalue()
    assert "間違った期待をする" in (failure.text or "")


def test_an_exception_of_a_scenario_is_a_failure_with_its_place(out: Console, keys: Path) -> None:
    done = run(Order(keys=keys), out, [_scenario(_broken)])

    failure = done.results[0].failure
    assert failure is not None
    assert "ZeroDivisionError: 何か" in failure.seen
    assert "in _broken" in failure.trace


def test_a_scenario_that_waits_for_ever_ends(
    out: Console, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "SIMULATED_SECONDS_MAX", 60)

    done = run(Order(keys=keys), out, [_scenario(_never)])

    assert done.results[0].failure is not None
    assert "終わらない" in done.results[0].failure.seen


@pytest.mark.parametrize("live", [False, True])
def test_waiting_for_what_does_not_come_is_a_mismatch(
    live: bool, out: Console, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenarios.stage.LIVE_PATIENCE_SECONDS", 0.1)

    done = run(Order(live=live, keys=keys), out, [_scenario(_impatient)])

    failure = done.results[0].failure
    assert failure is not None
    assert failure.what == "30秒以内に来ないものが来る"
    assert done.results[0].world_seconds == pytest.approx(30, abs=3)


def test_one_failure_does_not_touch_the_next_scenario(out: Console, keys: Path) -> None:
    async def breaks_its_world(stage: Stage) -> None:
        for system in (System.PORTAL, System.JPKI):
            await stage.stop(system)
        equal(1, 2, "何か")

    async def fine(stage: Stage) -> None:
        await Resident(stage, stage.person(0)).enter()

    done = run(Order(keys=keys), out, [_scenario(breaks_its_world), _scenario(fine)])

    assert [each.passed for each in done.results] == [False, True]


def test_a_report_that_cannot_be_written_is_said(out: Console, keys: Path, tmp_path: Path) -> None:
    async def fine(stage: Stage) -> None:
        pass

    with pytest.raises(NotWritten, match="書けません"):
        run(Order(html=tmp_path, keys=keys), out, [_scenario(fine)])


@pytest.mark.requirement("REC-2")
def test_a_record_that_is_lost_is_found_at_the_end(keys: Path) -> None:
    async def inquire_and_lose(stage: Stage) -> None:
        person = stage.person(0)
        there, here = (of_municipality(code).code for code in ("141003", person.municipality_code))
        wanted = MakeInquiry(
            "q1", there, person.n, "JM90000000000001", "JT90000000000001", here, "TM90000000000016"
        )
        await stage.link(Party.OPERATOR, System.INTERMEDIATE).call(MAKE_INQUIRY, wanted)
        await stage.pass_time(timedelta(minutes=1))
        assert isinstance(stage.world, SimulatedWorld)
        lost = Op("DELETE FROM linkage_records WHERE place = 'provider'", {})
        await stage.world.stores[System.INTERMEDIATE].write([lost])

    text = io.StringIO()
    done = run(Order(keys=keys), Console(file=text, width=200), [_scenario(inquire_and_lose)])

    assert done.exit_code == 1
    assert "情報連携の不変条件" in text.getvalue()
    assert "provider" in text.getvalue()

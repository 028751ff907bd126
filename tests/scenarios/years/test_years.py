"""A small municipality lives through some weeks: what happened there, what must hold, what the report says."""

import json
import subprocess
import sys
from datetime import date

import pytest

from portal.wire.systems import System
from scenarios.years import report, running
from scenarios.years.counting import CITIZENS, INQUIRIES, INQUIRIES_FOLDED, MAIL_SENT, SIGN_INS
from scenarios.years.order import Order
from scenarios.years.running import Outcome, Years
from sim.nation.holidays import is_office_day

SMALL = Order(35, 600, seed=3, sign_ins=0.25, through=0.1)


@pytest.fixture(scope="module")
def lived() -> Outcome:
    return running.run(SMALL)


@pytest.mark.requirement("REC-1", "SELF-1", "ACC-2")
def test_people_and_organisations_did_what_they_do(lived: Outcome) -> None:
    data = lived.data

    assert lived.breach is None
    assert data.days == 35
    expected = 600 * 0.25 * 35 / (365.25 / 12)
    assert data.traffic[SIGN_INS].total == pytest.approx(expected, rel=0.35)
    assert data.visits["registered"] > 50
    assert data.asked["records: answered"] > 20
    assert data.asked["self_information: answered"] > 20
    assert data.traffic[MAIL_SENT].total == data.mail["ok"] > 0
    assert sum(map(sum, data.life.values())) > 0
    assert sum(data.renewals) > 0
    assert data.notices["delivered"] == data.notices["sent"] > 0


def test_nobody_inquires_when_offices_are_closed(lived: Outcome) -> None:
    data = lived.data
    by_day = [
        data.traffic[INQUIRIES].by_day[day] + data.traffic[INQUIRIES_FOLDED].by_day[day]
        for day in range(data.days)
    ]

    days = [date.fromordinal(data.first_day.toordinal() + day) for day in range(data.days)]
    assert sum(by_day) > 10
    assert not any(count for day, count in zip(days, by_day, strict=True) if not is_office_day(day))
    assert all(data.traffic[INQUIRIES].by_hour[hour] == 0 for hour in (*range(8), *range(18, 24)))


@pytest.mark.requirement("REC-3")
def test_answers_come_late_when_servers_are_closed_and_are_read_at_a_later_visit(lived: Outcome) -> None:
    late = lived.data.late["self_information"]

    assert late == sorted(late)
    # The portal waits some seconds on the page; a planned stop lasts hours.
    assert late[-1] > 3_600
    assert lived.data.errors["intermediate.provide_self_information: stopped"] > 0


def test_the_report_shows_all_of_it_in_one_file(lived: Outcome) -> None:
    page = report.page(lived, repeat="mynasim simulate --days 35")

    for words in (
        "時刻ごとの利用者の要求とログイン", "日ごとの機関どうしの照会", "求めてから後日の回答が届くまで",
        "フォルダーの大きさ", "異動の累計", "日ごとのカードの更新", "保管庫の大きさ", "エラー", "mynasim simulate --days 35",
        f"{lived.data.traffic[CITIZENS].total:,}", "すべて守られた",
    ):  # fmt: skip
        assert words in page, words
    assert page.count("<svg") >= 12
    assert "<script" not in page
    assert "http" not in page


_AGAIN = """
import json, sys, msgspec
from scenarios.years import running
from scenarios.years.order import Order
order = Order(10, 300, seed=int(sys.argv[1]), sign_ins=0.3)
sys.stdout.write(json.dumps(msgspec.to_builtins(running.run(order).data)))
"""


def test_the_same_seed_is_the_same_run_in_another_process() -> None:
    def data(seed: int) -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-c", _AGAIN, str(seed)], capture_output=True, text=True, check=True, timeout=300
        )
        found: dict[str, object] = json.loads(done.stdout)
        return found

    once = data(1)

    assert data(1) == once
    assert data(2)["trace"] != once["trace"]


def test_what_is_stopped_tells_of_the_time_until_then() -> None:
    days: list[date] = []

    def told(years: Years) -> None:
        days.append(years.glance().day)

    outcome = running.run(
        SMALL._replace(days=700), told=told, stop=lambda: bool(days) and days[-1] > date(2026, 4, 3)
    )

    assert outcome.was_stopped
    assert 3 <= outcome.data.days < 40
    assert len(outcome.data.traffic[SIGN_INS].by_day) == outcome.data.days
    assert "途中まで" in report.page(outcome, repeat="")


@pytest.mark.requirement("FLD-3")
def test_a_broken_invariant_ends_the_run_within_the_month() -> None:
    def nothing_is_deleted(years: Years) -> None:
        """A portal that forgets to delete what was read: its store lets nothing go."""
        years.world.stores[System.PORTAL].connection.execute(
            "CREATE TRIGGER IF NOT EXISTS keep_all BEFORE DELETE ON disclosure_requests BEGIN SELECT RAISE(IGNORE); END"
        )

    outcome = running.run(SMALL, told=nothing_is_deleted)

    assert outcome.breach is not None
    assert outcome.breach.requirement == "FLD-3"
    assert outcome.data.days == 31
    assert "守られないことがある" in report.page(outcome, repeat="")

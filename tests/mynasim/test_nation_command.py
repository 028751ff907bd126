"""``mynasim nation`` as its users type it."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest
from nation_typed import ANSWER_SECONDS_MAX, CHIYODA, NATION, answer, inside, nation
from running_world import command

from mynasim import nation_words, place
from sim.nation.municipalities import MUNICIPALITIES
from sim.nation.nation import Nation

# show


def test_show_tells_a_person_to_people(tmp_path: Path) -> None:
    person = NATION.resident("131016-12")
    shown = answer(tmp_path / "none", "show", "131016-12")

    for text in (
        f"{person.name}（{person.kana}）",
        "1985年1月24日（昭和60年）",
        "41歳（2026年4月1日（令和8年）現在）",
        person.address.text,
        person.resident_code,
        person.card.serial,
        nation_words.day(person.card.certificates_expire),
        "検査用数字を1ずらしてあります",
        "地方税関係情報",
        "日本年金機構",
    ):
        assert text in shown
    for member in NATION.household(person):
        assert member.name in shown
        assert member.resident_id in shown
    assert not (tmp_path / "none").exists()  # looking writes nothing


def test_show_in_json_by_any_of_three_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    person = NATION.resident("131016-12")
    shown = [
        json.loads(inside(monkeypatch, capsys, "show", number, "--json", "--state", str(tmp_path))[1])
        for number in (
            "131016-12",
            person.my_number,
            person.resident_code,
            " ".join((person.my_number[:4], person.my_number[4:8], person.my_number[8:])),
            "１３１０１６-１２",
        )
    ]

    assert all(each == shown[0] for each in shown)
    assert [member["relation"] for member in shown[0]["household"]] == ["世帯主", "妻", "子", "子"]
    assert shown[0]["card"]["certificates_expire"] == person.card.certificates_expire.isoformat()
    assert "東京都千代田区" in shown[0]["holdings"][0]["organisations"]


def test_a_state_that_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = inside(monkeypatch, capsys, "show", "131016-12", "--state", str(tmp_path / "nowhere"))
    assert code == 0 and "nowhere はまだありません" in err


def test_the_output_may_be_named(tmp_path: Path) -> None:
    taken = answer(tmp_path, "export", "--municipality", "131016", "--count", "3")
    for named in ("--out=-", "--out=/dev/stdout"):
        arguments = ("export", "--municipality", "131016", "--count", "3", named)
        assert answer(tmp_path, *arguments) == taken


def test_show_follows_the_settings(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[world]\nseed = 5\nvalid_my_numbers = true\n", "utf-8")
    shown = answer(tmp_path, "show", "131016-12")

    assert Nation(5).resident("131016-12").name in shown
    assert "検査用数字" not in shown


# find


def test_find_gives_those_who_fit(tmp_path: Path) -> None:
    found = [
        json.loads(line)
        for line in answer(
            tmp_path,
            *("find", "--municipality", "千代田区", "--age-min", "25", "--age-max", "40", "--sex", "女"),
            *("--children-under", "3", "--card", "--limit", "4", "--json"),
        ).splitlines()
    ]
    expected = []
    for n in CHIYODA:
        person = NATION.person(n)
        children = NATION.children(person) if person.sex == 2 and person.holds_card else []
        young = any(child.age(NATION.reference_date) < 3 for child in children)
        if young and 25 <= person.age(NATION.reference_date) <= 40:
            expected.append(person.resident_id)
        if len(expected) == 4:
            break

    assert [one["resident"] for one in found] == expected


def test_find_by_name_and_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    by_name, by_reading = (
        inside(monkeypatch, capsys, "find", "--municipality", "131016", *how, "--state", str(tmp_path))[1]
        for how in (("--name", "大谷　貴之"), ("--reading", "おおたに　たかし", "--limit", "50"))
    )

    assert "131016-12\t大谷　貴之\tオオタニ　タカシ\t男\t41歳\t1985-01-24\t" in by_name
    assert set(by_name.splitlines()) <= set(by_reading.splitlines())


def test_find_in_the_whole_nation_says_how_far_it_is(tmp_path: Path) -> None:
    people = {m.code: m.population_weight // 30 for m in MUNICIPALITIES}
    place.take_populations(tmp_path, place.CensusPopulations("a small nation", people))
    ran = nation(tmp_path, "find", "--age-min", "120")

    assert (ran.returncode, ran.stdout) == (0, b"")
    *lines, end = ran.stderr.decode().splitlines()
    assert len(lines) == 10
    assert all(line.startswith("探しています: ") for line in lines)
    assert lines[-1].endswith("（100%）")
    assert end == "条件に合う住民はいません。"


def test_a_bar_on_a_terminal_and_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command("nation", "find", "--age-min", "120", "--state", str(tmp_path)),
        stderr=theirs,
        stdout=subprocess.PIPE,
    )
    os.close(theirs)
    seen = b""
    while "探しています".encode() not in seen:
        seen += os.read(ours, 1000)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=10)
    while "中止しました".encode() not in seen:
        seen += os.read(ours, 1000)
    os.close(ours)

    assert process.returncode == 130
    assert out == b""
    assert "0人を示したところです".encode() in seen
    assert b"Traceback" not in seen


def test_a_reader_who_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("nation", "export", "--municipality", "131016", "--count", "60000", "--state", str(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()

    assert (process.wait(ANSWER_SECONDS_MAX), said) == (0, b"")


# municipalities and events


def test_all_municipalities_with_kana_people_and_connection(tmp_path: Path) -> None:
    lines = answer(tmp_path, "municipalities").splitlines()

    assert len(lines) == 1741
    assert (
        lines[0]
        == f"011002\t北海道\t札幌市\tサッポロシ\t{NATION.populations[0]:,}人\t0000101100200001\t"
        + lines[0].split("\t")[-1]
    )
    assert len({line.split("\t")[-1] for line in lines}) == 5


def test_events_of_a_day(tmp_path: Path) -> None:
    ran = nation(
        tmp_path, "events", "--day", "2026-07-01", "--municipality", "札幌市", "--limit", "400", "--json"
    )
    found = [json.loads(line) for line in ran.stdout.decode().splitlines()]
    kinds = {event["kind"] for event in found}

    assert kinds >= {"birth", "death", "marriage", "move"}
    for event in found:
        places = {event["resident"][:6], event.get("partner", "")[:6], event.get("municipality")}
        assert "011002" in places
        assert event["day"] == "2026-07-01"
    assert "2026年7月1日（令和8年）の異動は" in ran.stderr.decode()


# What is wrong is said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("show x", "読めません"),
        ("show 131017-1", "検査数字"),
        ("show 131016-99999999", "1から"),
        ("show 131016-" + "9" * 5000, "読めません"),
        ("show 999999999999", "マイナンバー"),
        ("show 99999999999", "住民票コード"),
        ("show", "値がありません"),
        ("nosuch", "というコマンドはありません"),
        ("find --nosuch", "という指定はありません"),
        ("find --limit 0", "--limit は1から10000まで"),
        ("find --limit x", "値「x」を読めません"),
        ("find --sex x", "値「x」を読めません。選べるのは 男、女 です。"),
        ("event 131016-12 move", "move には --to（移る先の市区町村）"),
        ("event 131016-12 marriage", "marriage には --partner（氏を変える人の住民番号）"),
        ("event 131016-12 job", "job には --insurer"),
        ("event 131016-12 marry", "選べるのは birth、death、marriage、move、job です。"),
        ("find --age-min 40 --age-max 30", "大きくなっています"),
        ("find --age-min -1", "0から150"),
        ("find --children-under 999", "0から150"),
        ("find --municipality 府中市", "東京都府中市（132063）"),
        ("find --municipality ない市", "市区町村コード「ない市」"),
        ("find --name=", "--name が空です"),
        ("export --count 0", "--count は1から1,000,000,000まで"),
        ("export --count 99999999999", "--count は1から1,000,000,000まで"),
        ("export --fields なまえ", "選べるのは"),
        ("export --fields 氏,氏", "1つ以上"),
        ("export --format pdf", "値「pdf」を読めません。選べるのは csv、jsonl、xlsx です。"),
        ("export --format xlsx", "--out"),
        ("export --count 2000000 --out /tmp/none.xlsx", "1,048,575人まで"),
        ("export --out /dev/null --force", "ふつうのファイルではない"),
        ("export --out /nowhere/x.csv", "フォルダー /nowhere"),
        ("import-census /nowhere.csv", "読めません"),
        ("municipalities --prefecture 月", "都道府県「月」はありません"),
        ("events --day x", "日「x」を読めません"),
        ("events --day 2020-01-01", "からあとの日"),
        ("events --day 2099-01-01", "20年より後"),
        ("events --day 2026-07-01 --kind x", "値「x」を読めません"),
        ("events", "--day の値がありません"),
    ],
)
def test_what_is_wrong_is_one_message(
    arguments: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(place, "default_state", lambda: tmp_path)
    code, out, said = inside(monkeypatch, capsys, *arguments.split(" "))

    assert (code, out) == (2, "")
    assert message in said.replace("\n", "")
    assert said.startswith("mynasim: ")
    assert "Traceback" not in said

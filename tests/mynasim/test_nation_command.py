"""``mynasim nation`` as its users type it."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path

import openpyxl
import pytest
from running_world import command, until

from mynasim import __main__ as entry
from mynasim import nation_files, nation_words, place, reset
from mynasim.progress import LINES_FROM
from sim.nation.export import EXPORT_COLUMNS, FIELDS
from sim.nation.municipalities import MUNICIPALITIES
from sim.nation.nation import Nation
from sim.world.settings import WorldSettings

NATION = Nation(1)
APP = entry.app
CHIYODA = NATION.residents_of("131016")
ANSWER_SECONDS_MAX = 60.0
CENSUS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "municipalities_pop2020.csv"


def nation(state: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command("nation", *arguments, "--state", str(state)),
        capture_output=True,
        timeout=ANSWER_SECONDS_MAX,
        check=False,
        env={**os.environ, **environment},
    )


def answer(state: Path, *arguments: str, **environment: str) -> str:
    ran = nation(state, *arguments, **environment)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout.decode()


def inside(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, str, str]:
    """The same without a process of its own: exit code, output, error output."""
    monkeypatch.setattr(entry, "app", partial(APP, ["nation", *arguments]))
    before = signal.getsignal(signal.SIGTERM)
    code: int | str | None = 0
    try:
        entry.main()
    except SystemExit as exit_:
        code = exit_.code
    finally:
        signal.signal(signal.SIGTERM, before)
    out, err = capsys.readouterr()
    assert isinstance(code, int)
    return code, out, err


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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


# export


def test_export_csv_to_the_output_is_for_programs(tmp_path: Path) -> None:
    ran = nation(tmp_path, "export", "--municipality", "131016", "--count", "30")
    rows = list(csv.DictReader(io.StringIO(ran.stdout.decode("utf-8"), newline="")))

    assert tuple(rows[0]) == EXPORT_COLUMNS
    assert [row["住民番号"] for row in rows] == [NATION.resident_id(n) for n in CHIYODA[:30]]
    assert ran.stderr == b""


@pytest.mark.parametrize("ending", ["csv", "jsonl", "xlsx"])
def test_export_to_a_file_reads_back_the_same(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"people.{ending}"
    fields = "住民番号,氏名,年齢,個人番号、保険者"
    code, _, said = inside(
        monkeypatch, capsys,
        *("export", "--municipality", "千代田区", "--count", "200", "--fields", fields),
        *("--out", str(out), "--state", str(tmp_path)),
    )  # fmt: skip

    assert (code, said) == (0, f"200人を {out} に書き出しました。\n")
    names = ["住民番号", "氏名", "年齢", "個人番号", "保険者"]
    people = [NATION.person(n) for n in CHIYODA[:200]]
    assert read_back(out) == [names, *([FIELDS[name](NATION, person) for name in names] for person in people)]
    assert names_in(tmp_path) == [out.name]


def read_back(path: Path) -> list[list[str]]:
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        cells = [list(row) for row in book.worksheets[0].iter_rows()]
        assert {cell.data_type for row in cells for cell in row} == {"s"}
        return [[str(cell.value) for cell in row] for row in cells]
    if path.suffix == ".jsonl":
        objects = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return [list(objects[0]), *(list(one.values()) for one in objects)]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")  # so that spreadsheets see Japanese
    return list(csv.reader(path.read_text("utf-8-sig").splitlines()))


def test_the_same_residents_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        arguments = ("export", "--count", "50", "--scattered", "--out", str(tmp_path / name))
        assert inside(monkeypatch, capsys, *arguments, "--state", str(tmp_path))[0] == 0
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    codes = {row[0][:2] for row in read_back(tmp_path / "a.xlsx")[1:]}
    assert len(codes) > 15


def test_no_cell_of_a_workbook_is_ever_worked_out(tmp_path: Path) -> None:
    nasty = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "https://example.invalid/", '=HYPERLINK("x")', "0123"]
    nation_files.write_workbook(tmp_path / "x.xlsx", [f"c{i}" for i in range(len(nasty))], [tuple(nasty)])

    assert read_back(tmp_path / "x.xlsx")[1] == nasty
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx").worksheets[0]
    assert all(cell.hyperlink is None for row in sheet.iter_rows() for cell in row)


def test_fewer_than_asked_for_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    smallest = min(MUNICIPALITIES, key=lambda m: m.population_weight)
    code, out, said = inside(
        monkeypatch,
        capsys,
        "export",
        "--municipality",
        smallest.code,
        "--format",
        "jsonl",
        "--state",
        str(tmp_path),
    )

    assert code == 0
    assert out == "" or len(out.splitlines()) == smallest.population_weight
    assert said == f"条件に合う住民は、{smallest.population_weight:,}人だけでした。\n"


def test_an_existing_file_stays_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "people.csv"
    out.write_text("mine")
    arguments = ("export", "--municipality", "131016", "--count", "3", "--out", str(out))
    refused = nation(tmp_path, *arguments)

    assert refused.returncode == 2
    assert "--force" in refused.stderr.decode()
    assert out.read_text() == "mine"
    answer(tmp_path, *arguments, "--force")
    assert len(read_back(out)) == 4
    assert names_in(tmp_path) == ["people.csv"]


def write_half(target: Path, then: Callable[[], None]) -> None:
    with nation_files.whole_file(target, force=False) as draft:
        draft.write_text("ours")
        then()


def test_what_came_in_between_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "x.csv"
    with pytest.raises(nation_files.FileRefused, match="--force"):
        write_half(target, lambda: target.write_text("theirs") and None)
    assert target.read_text() == "theirs"
    assert names_in(tmp_path) == ["x.csv"]


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(nation_files.FileRefused, match="ふつうのファイルではない"):
        nation_files.check_free(Path("/dev/null"), force=True)
    with pytest.raises(nation_files.FileRefused, match="フォルダー"):
        nation_files.check_free(tmp_path / "none" / "x.csv", force=False)
    with pytest.raises(nation_files.FileRefused, match="No space"):
        write_half(tmp_path / "x", full)
    assert names_in(tmp_path) == []


def test_a_disk_without_second_names_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    write_half(tmp_path / "x", lambda: None)
    assert names_in(tmp_path) == ["x"]
    with pytest.raises(nation_files.FileRefused, match="--force"):
        write_half(tmp_path / "x", lambda: None)


@pytest.mark.parametrize(
    ("ending", "stop"),
    [("csv", signal.SIGINT), ("xlsx", signal.SIGINT), ("csv", signal.SIGTERM), ("xlsx", signal.SIGHUP)],
)
def test_an_export_that_is_stopped_leaves_nothing(tmp_path: Path, ending: str, stop: signal.Signals) -> None:
    out = tmp_path / "out" / f"people.{ending}"
    out.parent.mkdir()
    process = subprocess.Popen(
        command("nation", "export", "--count", "1000000", "--out", str(out), "--state", str(tmp_path)),
        stderr=subprocess.PIPE,
    )
    until(lambda: names_in(out.parent) != [])
    process.send_signal(stop)
    _, said = process.communicate(timeout=20)

    assert process.returncode == 130
    assert said.decode().splitlines()[-1] == f"中止しました。{out} は書いていません。"
    assert b"Traceback" not in said
    assert names_in(out.parent) == []


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_what_a_killed_export_left_is_swept_by_the_next(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / f"people[1].{ending}"
    to = ("--out", str(out), "--state", str(tmp_path))
    with subprocess.Popen(
        command("nation", "export", "--count", "1000000", *to), stderr=subprocess.PIPE
    ) as one:
        until(lambda: names_in(folder) != [])
        one.kill()
    left = names_in(folder)
    assert left and all(name.startswith(f".{out.name}.") for name in left)
    another = folder / f".else.{ending}.{one.pid}.draft"
    another.write_text("of another name")
    with subprocess.Popen(
        command("nation", "export", "--count", "1000000", *to), stderr=subprocess.PIPE
    ) as two:
        until(lambda: any(f".{two.pid}.draft" in name for name in names_in(folder)))
        running = {name for name in names_in(folder) if f".{two.pid}.draft" in name}
        assert answer(tmp_path, "export", "--count", "3", "--out", str(out)) == ""
        assert {another.name, out.name} <= set(names_in(folder))
        assert not set(left) & set(names_in(folder))
        assert running & set(names_in(folder)), "one that is at work keeps its draft"
        two.kill()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_memory_does_not_grow_with_the_count(tmp_path: Path, ending: str) -> None:
    def peak_mib(count: int) -> float:
        program = (
            "import resource, sys\nfrom mynasim.__main__ import app\n"
            "try: app(sys.argv[1:])\nexcept SystemExit: pass\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
        )
        arguments = ["nation", "export", "--count", str(count), "--out", str(tmp_path / f"{count}.{ending}")]
        ran = subprocess.run(
            [sys.executable, "-c", program, *arguments, "--state", str(tmp_path)],
            capture_output=True, text=True, check=True, timeout=ANSWER_SECONDS_MAX,
        )  # fmt: skip
        return float(ran.stdout)

    few, many = peak_mib(1_000), peak_mib(10_000)
    assert many - few < 5


def test_progress_where_nobody_watches_is_a_line_at_each_tenth(tmp_path: Path) -> None:
    ran = nation(
        tmp_path,
        "export",
        "--count",
        str(LINES_FROM),
        "--fields",
        "住民番号",
        "--out",
        str(tmp_path / "x.csv"),
    )
    lines = ran.stderr.decode().splitlines()

    assert lines[0] == "書き出しています: 10,000 / 100,000人（10%）"
    assert lines[-2:] == [
        "書き出しています: 100,000 / 100,000人（100%）",
        f"100,000人を {tmp_path / 'x.csv'} に書き出しました。",
    ]
    assert len(lines) == 11


# import-census


def table(folder: Path, kind: str = "csv", change: int = 0) -> Path:
    rows: list[Sequence[object]] = [
        ["令和2年国勢調査"],
        ["地域コード", "地域名", "人口総数"],
        ["00000", "全国", 1],
    ]
    rows += [[m.code[:5], m.name, m.population_weight + change] for m in MUNICIPALITIES]
    rows += [["01000", "北海道", 1], ["01101", "札幌市中央区", 1], ["07999", "どこか", 1]]
    path = folder / f"census.{kind}"
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for row in rows:
            book.worksheets[0].append(list(row))
        book.save(path)
    else:
        text = "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in rows)
        path.write_bytes(text.encode("cp932"))
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_census_table_is_taken_in_and_used(tmp_path: Path, kind: str) -> None:
    state = tmp_path / "state"
    told = answer(state, "import-census", str(table(tmp_path, kind, change=1)))

    assert "1,741市区町村" in told
    assert f"{NATION.size + 1741:,}人" in told
    assert "（全国・都道府県）: 2（00000、01000）" in told
    assert "（政令指定都市の区）: 1（01101）" in told
    assert "（市区町村ではない地域）: 1（07999）" in told
    last = CHIYODA.stop - CHIYODA.start + 1
    assert json.loads(answer(state, "show", f"131016-{last}", "--json"))["resident"] == f"131016-{last}"
    first = json.loads(answer(state, "municipalities", "--prefecture", "北海道", "--json").splitlines()[0])
    assert first["people"] == NATION.populations[0] + 1
    facts = place.world_facts(state, WorldSettings(), date(2026, 4, 1))
    assert facts.nation.size == NATION.size + 1741


def test_the_official_table_is_taken_as_it_is(tmp_path: Path) -> None:
    if not CENSUS.exists():
        pytest.skip("the census table is not beside the project")
    assert "126,146,099人" in answer(tmp_path, "import-census", str(CENSUS))


def test_a_world_that_has_begun_keeps_its_populations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"

    def take(path: Path) -> tuple[int, str]:
        code, _, said = inside(monkeypatch, capsys, "import-census", str(path), "--state", str(state))
        return code, said

    begun = place.world_facts(state, WorldSettings(), date(2026, 4, 1))
    refused = nation(state, "import-census", str(table(tmp_path)))
    assert refused.returncode == 2
    assert "住民の番号がずれ" in refused.stderr.decode()
    assert not (state / place.POPULATIONS_FILE).exists()
    assert place.world_facts(state, WorldSettings(), date(2026, 5, 1)).nation.size == begun.nation.size

    reset.run(state, ask=False)
    assert take(table(tmp_path, change=1)) == (0, "")
    assert place.world_facts(state, WorldSettings(), date(2026, 4, 1)).nation.size == NATION.size + 1741
    assert take(table(tmp_path, change=1)) == (0, "")  # the same again shifts nobody
    assert take(table(tmp_path, change=2))[0] == 2
    reset.run(state, ask=False)
    assert not (state / place.POPULATIONS_FILE).exists()


def test_a_table_lost_or_broken_under_a_begun_world_is_said(tmp_path: Path) -> None:
    people = {m.code: m.population_weight + 1 for m in MUNICIPALITIES}
    place.take_populations(tmp_path, place.CensusPopulations("x", people))
    place.world_facts(tmp_path, WorldSettings(), date(2026, 4, 1))
    file = tmp_path / place.POPULATIONS_FILE
    whole = file.read_bytes()
    for broken in (
        b"{",
        whole.replace(b"131016", b"131017"),
        whole.replace(b'"131016":', b'"131016":-'),
    ):
        file.write_bytes(broken)
        with pytest.raises(place.StateOfAnotherWorld, match="import-census"):
            place.world_facts(tmp_path, WorldSettings(), date(2026, 4, 1))
    file.unlink()
    with pytest.raises(place.StateOfAnotherWorld, match="番号がずれる"):
        place.nation(tmp_path, WorldSettings())


def test_no_census_for_a_state_in_use(tmp_path: Path) -> None:
    path = table(tmp_path)
    with place.held(tmp_path, "world"), pytest.raises(place.StateInUse):
        place.take_populations(tmp_path, place.CensusPopulations(path.name, {}))


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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "1741市区町村"),
        (b"\x81\xff\xff", "文字コード"),
        ("地域,人口\n01100,12\n".encode(), "先頭の0"),
        ("地域,人口\n011003,12\n".encode(), "検査数字"),
        (b'"' + b"x" * 200_000, "CSVとして読めません"),
        (b"PK\x03\x04 no workbook", "Excelのブックとして読めません"),
        (b"\xd0\xcf\x11\xe0", ".xls"),
    ],
)
def test_a_wrong_table_changes_nothing(
    content: bytes,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "table"
    file.write_bytes(content)
    code, _, said = inside(
        monkeypatch, capsys, "import-census", str(file), "--state", str(tmp_path / "state")
    )

    assert code == 2
    assert message in said
    assert not (tmp_path / "state" / place.POPULATIONS_FILE).exists()

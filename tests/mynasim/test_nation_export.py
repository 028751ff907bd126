"""``mynasim nation export``: files whole or not at all, in the same bytes, in little memory."""

from __future__ import annotations

import csv
import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from nation_typed import ANSWER_SECONDS_MAX, CHIYODA, NATION, answer, inside, names_in, nation, read_back
from running_world import command, until

from mynasim import nation_files
from mynasim.progress import LINES_FROM
from sim.nation.export import EXPORT_COLUMNS, FIELDS
from sim.nation.municipalities import MUNICIPALITIES


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

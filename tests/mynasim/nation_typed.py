"""``mynasim nation`` as its users type it: run, and what it left."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import openpyxl
import pytest
from running_world import command

from mynasim import __main__ as entry
from sim.nation.municipalities import MUNICIPALITIES
from sim.nation.nation import Nation

NATION = Nation(1)
APP = entry.app
CHIYODA = NATION.residents_of("131016")
ANSWER_SECONDS_MAX = 60.0


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

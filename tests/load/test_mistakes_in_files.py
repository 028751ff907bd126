"""Service levels, profiles and other files with mistakes: each is told with its place."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measured import levels_in

from load.profile_file import find_profile, load_profile
from load.toml_file import TomlMistake, read_toml


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[run]\nerrors_percent = ", 2, "TOMLとして読めません"),
        ("[run]\n\nerrors_percent = 'x'", 3, "数を書いて"),
        ("[run]\nerrors_percent = 120", 2, "100まで"),
        ("[run]\nerors_percent = 1", 2, "errors_percent"),
        ("[run]\nerrors_percent = 1\n[journey.disclosure]\np99_ms = 1", 3, "journeys"),
        ("[run]\nerrors_percent = 1\n[journeys.nowhere]\np99_ms = 1", 3, "disclosure"),
        ("[steps]\nsign_in = 3", 2, "表です"),
        ('[late."records.late_answer"]\np98_ms = 3', 2, "p99_ms"),
        ("[generator]\ncpu_percent = 0", 2, "0.001から"),
        ("[run]\nerrors_percent = true", 2, "数を書いて"),
        ("[run]\nerrors_percent = nan", 2, "数を書いて"),
        ("", 1, "1つもありません"),
        ("[run]\nerrors_percent = 1\nerrors_percent = 2", 3, "TOMLとして読めません"),
    ],
)
def test_a_mistake_in_the_levels_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, said: str
) -> None:
    with pytest.raises(TomlMistake) as told:
        levels_in(tmp_path, text)

    assert f"sla.toml の{line}行目" in str(told.value)
    assert said in str(told.value)


PROFILE = """title = "x"
[[points]]
at = "9:00"
share = 1.0
[[points]]
at = "10:00"
share = 0.5
[[mix]]
[mix.journeys]
disclosure = 1.0
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('at = "10:00"', 'at = "8:00"', 6, "時刻の順"),
        ('at = "10:00"', 'at = "10:77"', 6, "08:20"),
        ("share = 0.5", "share = -1", 7, "0から"),
        ("share = 0.5", "shares = 1", 5, "share"),
        ("disclosure = 1.0", "disclosures = 1.0", 10, "disclosure"),
        ("disclosure = 1.0", "disclosure = 0.0", 9, "重み"),
        ('title = "x"', 'arrivals = "often"', 1, "poisson"),
        ('title = "x"', "seconds = 0", 1, "1から"),
        ("[[mix]]", "[prefectures]\n東京 = 1\n[[mix]]", 9, "TOML"),
        ("[[mix]]", '[prefectures]\n"東京" = 1\n[[mix]]', 9, "東京都"),
        ("[[mix]]", '[[faults]]\nfrom = "9:30"\nto = "9:20"\n[[mix]]', 10, "後に"),
        ("[[mix]]", '[[faults]]\nfrom = "9:30"\nto = "9:40"\nsystem = "moon"\n[[mix]]', 11, "network"),
    ],
)
def test_a_mistake_in_a_profile_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(PROFILE.replace(old, new, 1), encoding="utf-8")

    with pytest.raises(TomlMistake) as told:
        load_profile(path)
    assert f"mine.toml の{line}行目" in str(told.value), told.value
    assert said in str(told.value)


def test_a_profile_of_ones_own_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(PROFILE, encoding="utf-8")

    profile = find_profile(str(path))
    assert profile.curve(8.0, 60.0).per_second(60) == pytest.approx(4.0)
    with pytest.raises(TomlMistake, match="usual_day"):
        find_profile("no_such_day")
    with pytest.raises(TomlMistake, match="読めません"):
        find_profile(str(tmp_path / "none.toml"))


@given(st.binary(max_size=200))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(content)
    with contextlib.suppress(TomlMistake):
        read_toml(path)

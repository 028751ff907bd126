"""``mynasim nation import-census``: a table is taken in, kept, and refused where it would shift residents."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from nation_typed import CHIYODA, NATION, answer, inside, nation, table

from mynasim import place, reset
from sim.nation.municipalities import MUNICIPALITIES
from sim.world.settings import WorldSettings

CENSUS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "municipalities_pop2020.csv"


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

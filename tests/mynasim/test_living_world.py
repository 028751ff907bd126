"""A world that lives while it runs, as people start and steer it: traffic at a rate, and events by command."""

import json
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from running_world import command, started, until

from load.holders import CENSUS_VARIABLE, census, facts_of
from mynasim import place
from mynasim.load import take_census
from sim.nation.municipalities import MUNICIPALITIES
from sim.world.settings import WorldSettings


def _ran(*arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=seconds, check=False)


def _traffic(address: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address}/traffic", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


@pytest.mark.requirement("ACC-2")
def test_traffic_flows_and_a_resident_moves(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path))
    early = _ran("nation", "event", "131016-12", "move", "--to", "131024", *state)
    assert (early.returncode, "動いていません" in early.stderr) == (2, True)

    with started("up", "--json", "--traffic", "5", *state) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        until(lambda: _traffic(told["systems"]["network"])["taken"] > 0)
        assert _traffic(told["systems"]["network"])["per_second"] == 5

        moved = _ran("nation", "event", "131016-12", "move", "--to", "東京都中央区", "--json", *state)
        assert moved.returncode == 0, moved.stderr
        changes = json.loads(moved.stdout)["changes"]
        assert changes[0]["resident"].startswith("131016-")
        assert all(each["address"].startswith("東京都中央区") for each in changes)
        told_of = json.loads(_ran("nation", "show", changes[-1]["resident"], "--json", *state).stdout)
        assert told_of["address"].startswith("東京都千代田区")
        assert told_of["registered"]["address"] == changes[-1]["address"]
        assert "131016-12" in {one["resident"] for one in told_of["registered"]["household"]}
        untouched = _ran("nation", "show", "131016-500", *state).stdout
        assert untouched and "異動のあと" not in untouched
        again = _ran("nation", "event", "131016-12", "death", *state)
        assert "亡くなりました" in again.stdout
        dead = _ran("nation", "show", "131016-12", *state).stdout
        assert "この世界での異動のあと" in dead and "死亡" in dead
        for wrong, said in (
            (("131016-0", "death"), "1から"),
            (("131016-12", "move", "--to", "999999"), "999999"),
            (("131016-12", "move", "--to", "131024"), "亡くなった住民"),
            (("131016-12", "job", "--insurer", "1"), ""),
            (("131016-12", "death", "--day", "昨日"), "昨日"),
        ):
            refused = _ran("nation", "event", *wrong, *state)
            assert refused.returncode in (1, 2), wrong
            assert said in refused.stderr + refused.stdout and "Traceback" not in refused.stderr, wrong
    wrong_rate = _ran("up", "--traffic", "lots", *state)
    assert wrong_rate.returncode == 2
    assert wrong_rate.stderr.startswith("mynasim: --traffic の値「lots」を読めません。照会の流れは off、")


def test_a_census_nation_is_the_same_for_everybody(tmp_path: Path) -> None:
    """The world computes residents by the imported table: the one who is last by it is somebody there."""
    state, table = tmp_path / "state", tmp_path / "census.csv"
    people = {m.code: m.population_weight for m in MUNICIPALITIES} | {"131016": 77_777}
    table.write_text("市区町村コード,人口\n" + "".join(f"{c},{n}\n" for c, n in people.items()), "utf-8")
    imported = _ran("nation", "import-census", str(table), "--state", str(state))
    assert imported.returncode == 0, imported.stderr
    assert (place.populations(state) or {})["131016"] == 77_777

    with started("up", "--json", "--state", str(state)) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["residents"]
        moved = _ran(
            "nation", "event", "131016-77777", "move", "--to", "131024", "--json", "--state", str(state)
        )
        assert moved.returncode == 0, moved.stderr
        refused = _ran("nation", "event", "131016-77778", "death", "--state", str(state))
        assert (refused.returncode, "77777" in refused.stderr) == (2, True)

        world = ("--host", told["portal"], "--world", str(state))
        loaded = _ran("load", *world, "--users", "2", "--duration", "5", "--json", seconds=150)
        assert loaded.returncode == 0, loaded.stderr + loaded.stdout


def test_a_load_knows_the_residents_of_a_census_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CENSUS_VARIABLE, "")
    people = {m.code: m.population_weight for m in MUNICIPALITIES} | {"011002": 12_345}
    place.take_populations(tmp_path, place.CensusPopulations("census.csv", people))
    theirs = place.nation(tmp_path, WorldSettings())
    assert facts_of(1, tmp_path / "keys").nation.size != theirs.size

    take_census(tmp_path)
    ours = facts_of(1, tmp_path / "keys").nation
    assert ours.populations == theirs.populations
    assert ours.person(100_000_000) == theirs.person(100_000_000)


def test_a_load_of_an_ordinary_world_takes_the_shipped_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CENSUS_VARIABLE, "")
    take_census(None)
    take_census(tmp_path)
    assert census() is None

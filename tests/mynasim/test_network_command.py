"""``mynasim network``: keys, codes and batch inquiry files for whoever speaks to the network by hand."""

import json
import re
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from running_world import command, started, until

from sim.intermediate import batch_file
from sim.nation.organisations import ORGANISATIONS, Kind

DOCUMENT = Path(__file__).parents[2] / "docs" / "network.md"
CHIYODA = "0000113101600001"


def ran(*arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=seconds, check=False)


def made(folder: Path, count: int = 40) -> Path:
    done = ran(
        "network",
        "batch",
        "千代田区",
        "--count",
        str(count),
        "--folder",
        str(folder),
        "--state",
        str(folder / "s"),
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def refused(*arguments: str) -> str:
    done = ran("network", *arguments)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.requirement("USE-2")
def test_a_file_is_made_sent_and_answered_and_curl_gets_in(tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "world"))
    assert "動いていません" in refused("send", str(made(tmp_path)), *state)

    with started("up", "--json", *state) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        file = next(tmp_path.glob("P640R110_*"))
        assert "誤りはありません" in ran("network", "check", str(file)).stdout
        taken = json.loads(ran("network", "send", str(file), "--json", *state).stdout)
        assert (taken["state"], taken["entries"]) == ("accepted", 40)

        def answered() -> list[str]:
            lines = ran("network", "results", "131016", file.name, *state).stdout.splitlines()[1:]
            return [line.split(",")[3] for line in lines]

        until(lambda: answered() == ["提供"] * 40)

        address = f"{told['systems']['network']}/catalogue"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(address, timeout=10)
        name, _, value = ran("network", "key", *state).stdout.strip().partition(": ")
        with urllib.request.urlopen(
            urllib.request.Request(address, headers={name: value}), timeout=10
        ) as known:
            assert "TM00000000000002" in known.read().decode()

        (example,) = re.findall(r"/ski/inquiries -d '(\{.*?\})'", DOCUMENT.read_text("utf-8"), re.DOTALL)
        asked = urllib.request.Request(
            f"{told['systems']['intermediate']}/ski/inquiries",
            example.encode(),
            {name: value, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=10) as taken_one:
            assert taken_one.status == 202


def test_what_is_wrong_in_a_file_is_said_with_its_place(tmp_path: Path) -> None:
    file = made(tmp_path)
    first = batch_file.read(file.read_bytes())
    assert not isinstance(first, batch_file.Malformed)
    own = first[1]._replace(provider=CHIYODA)
    for lines, words in (
        (
            [first[0], first[1]._replace(affair="JM80000000000001")],
            "2行目115桁目（事務コード）: この事務はありません",
        ),
        ([first[0]._replace(provider="0000199999900001")], "（提供者機関コード）: この機関はありません"),
        ([own], "自分の機関には照会できません"),
        ([first[0]._replace(inquirer="0000200000000001")], "この機関はありません"),
    ):
        file.write_bytes(batch_file.write(lines))
        assert words in refused("check", str(file)), words
    file.write_bytes(b"01,\n")
    assert "1行目" in refused("check", str(file))
    assert "P640R110_" in refused("check", str(tmp_path))
    assert "読めません" in refused("check", str(tmp_path / "P640R110_20260401000000"))


def test_organisations_and_what_they_may_ask() -> None:
    listed = [json.loads(line) for line in ran("network", "organisations", "--json").stdout.splitlines()]
    assert {one["code"] for one in listed} == {one.code for one in ORGANISATIONS}
    kinds = ran("network", "organisations", "--kind", str(Kind.WIDE_AREA_UNION), "--json").stdout
    assert len(kinds.splitlines()) == 47
    assert CHIYODA in ran("network", "organisations", "千代田区").stdout
    assert "当てはまる機関はありません" in ran("network", "organisations", "ない名前").stderr
    assert "どれか" in refused("organisations", "--kind", "x") or "kind" in refused(
        "organisations", "--kind", "x"
    )

    by_name = ran("network", "permissions", "千代田区", "--json").stdout
    assert by_name == ran("network", "permissions", CHIYODA, "--json").stdout
    assert all(json.loads(line)["affair"].startswith("JM") for line in by_name.splitlines())
    assert "ありません" in refused("permissions", "0000000000000000")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("key", "nobody"), "operator"),
        (("key", "--state", "/nonexistent/state"), "mynasim up"),
        (("batch", "131016", "--count", "0"), "1から20,000まで"),
        (("batch", "131017"), "131017"),
        (("batch", "131016", "--folder", "/nonexistent"), "書けません"),
        (("results", "131016", "P640R110_20260401000000", "--state", "/nonexistent/state"), "動いていません"),
    ],
)
def test_wrong_words_are_answered_in_words(arguments: tuple[str, ...], words: str) -> None:
    assert words in refused(*arguments)


def test_a_resident_has_the_number_by_which_organisations_know_them() -> None:
    shown = json.loads(ran("nation", "show", "131016-12", "--json").stdout)
    assert f"統合宛名番号  {shown['unified_number']}" in ran("nation", "show", "131016-12").stdout
    listed = json.loads(
        ran("nation", "municipalities", "--prefecture", "東京都", "--json").stdout.splitlines()[0]
    )
    assert listed["organisation"] == CHIYODA

"""``mynasim up`` as a user meets it: the whole product in its own processes."""

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from running_world import command, listens, processes_with, read_line, started, until, up


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def test_one_line_of_json_when_everything_answers(tmp_path: Path) -> None:
    with up(tmp_path) as (_, told):
        assert told["ready"] is True
        assert told["seconds"] > 0
        assert len(told["residents"]) == 5
        for resident in told["residents"]:
            assert resident["resident"].split("-")[0].isdigit()
            assert len(resident["pin"]) == 4
        for name, url in {"portal": told["portal"], **told["systems"]}.items():
            health = json.loads(_get(f"{url}/health"))
            assert health["system"] == name
            assert json.loads(_get(f"{url}/openapi.json"))["openapi"] == "3.1.0"
        host, port = told["smtp"].split(":")
        with socket.create_connection((host, int(port)), timeout=5) as smtp:
            assert smtp.recv(4) == b"220 "


def test_a_simulators_pages_are_for_our_own_names_and_forms_alone(tmp_path: Path) -> None:
    def asked(url: str, *, form: bytes | None = None, **headers: str) -> int:
        request = urllib.request.Request(url, form, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code

    with up(tmp_path) as (_, told):
        for name, url in told["systems"].items():
            assert asked(f"{url}/") == 200, name
            assert asked(f"{url}/", Host=f"localhost:{url.rpartition(':')[2]}") == 200, name
            assert asked(f"{url}/", Host="evil.example") == 421, name
        keeping = f"{told['systems']['intermediate']}/keeping"
        assert asked(keeping, form=b"section=x", Origin="http://evil.example") == 403
        assert asked(keeping, form=b"section=x", Host="evil.example", Origin="http://evil.example") == 421
        assert asked(keeping, form=b"section=x") == 422, "read, and found wanting"
        # The portal may stand behind a proxy whose name it does not know.
        assert asked(f"{told['portal']}/", Host="portal.example") < 400


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    with up(tmp_path) as (process, told):
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert processes_with(str(tmp_path)) == []
        assert not listens(told["portal"])
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_no_process_outlives_a_killed_up(tmp_path: Path) -> None:
    with up(tmp_path) as (process, _):
        process.kill()
        process.wait()
        until(lambda: processes_with(str(tmp_path)) == [])


def test_a_port_in_use_is_replaced_and_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started("up", "--state", str(tmp_path), MYNASIM_PORTAL__PORT=str(port)) as process:
            said = ""
            while "Ctrl-C" not in said:
                line = read_line(process)
                assert line, process.stderr.read() if process.stderr else ""
                said += line
            assert f"ポート{port}は使用中" in said


@pytest.mark.parametrize("victim", ["portal", "world"])
def test_a_process_that_dies_is_started_again_at_the_same_address(tmp_path: Path, victim: str) -> None:
    with up(tmp_path) as (_, told):
        url = told["portal"] if victim == "portal" else told["systems"]["jpki"]

        def pids() -> list[int]:
            return [
                pid
                for pid in processes_with(str(tmp_path))
                if f"\0{victim}\0".encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
            ]

        (before,) = pids()
        os.kill(before, signal.SIGKILL)
        until(lambda: pids() not in ([], [before]))
        assert json.loads(_get(f"{url}/health"))["status"] == "up"


def test_two_on_one_state_is_refused(tmp_path: Path) -> None:
    with up(tmp_path):
        second = subprocess.run(
            command("up", "--state", str(tmp_path)), capture_output=True, text=True, timeout=30, check=False
        )
        assert second.returncode == 2
        assert "動いている別の mynasim" in second.stderr
        assert "Traceback" not in second.stderr


def test_the_state_is_kept_and_reset_empties_it(tmp_path: Path) -> None:
    with up(tmp_path) as (_, told):
        first = told["residents"]
        refused = subprocess.run(
            command("reset", "--yes", "--state", str(tmp_path)), capture_output=True, text=True, check=False
        )
        assert refused.returncode == 2
    secrets = (tmp_path / "secrets.json").read_bytes()
    with up(tmp_path) as (_, told):
        assert told["residents"] == first
        assert (tmp_path / "secrets.json").read_bytes() == secrets
    done = subprocess.run(
        command("reset", "--yes", "--state", str(tmp_path)), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert left == []


def test_another_seed_does_not_mix_with_a_state(tmp_path: Path) -> None:
    with up(tmp_path):
        pass
    other = subprocess.run(
        command("up", "--state", str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "MYNASIM_WORLD__SEED": "2"},
    )
    assert other.returncode == 2
    assert "種" in other.stderr


def test_an_unwritable_state_is_said_plainly() -> None:
    refused = subprocess.run(
        command("up", "--state", "/proc/mynasim"), capture_output=True, text=True, timeout=30, check=False
    )
    assert refused.returncode == 2
    assert "/proc/mynasim" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_portal_and_world_each_alone(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with started("world", "--json", "--state", str(tmp_path), MYNASIM_PORTAL__PORT=port) as world:
        systems = json.loads(read_line(world))
        addresses = {
            f"MYNASIM_ADDRESSES__{name.upper()}": url for name, url in systems.items() if name != "portal"
        }
        addresses["MYNASIM_PORTAL__PORT"] = port
        with started("portal", "--json", "--state", str(tmp_path), **addresses) as portal:
            line = read_line(portal)
            assert line, portal.stderr.read() if portal.stderr else ""
            url = json.loads(line)["portal"]
            assert json.loads(_get(f"{url}/health"))["system"] == "portal"


def test_the_portal_alone_says_what_it_misses(tmp_path: Path) -> None:
    refused = subprocess.run(
        command("portal", "--state", str(tmp_path)), capture_output=True, text=True, timeout=30, check=False
    )
    assert refused.returncode == 2
    assert "mynasim world" in refused.stderr


@pytest.mark.parametrize("address", ["jpki", "ftp://x", "http://127.0.0.1:0", "http://127.0.0.1:99999"])
def test_an_address_that_is_none_is_said_plainly(tmp_path: Path, address: str) -> None:
    refused = subprocess.run(
        command("portal", "--state", str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "MYNASIM_ADDRESSES__JPKI": address},
    )
    assert refused.returncode == 2
    assert "jpki のつなぎ先" in refused.stderr
    assert "Traceback" not in refused.stderr

"""The real Locust against a real world: by `mynasim load`, and by plain `locust -f`."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from running import ROOT, World, ended, running_world, start_load

from mynasim.load import take_authority
from mynasim.load_world import LoadFailed
from sim.world.key_folder import key_folder

STEPS = {
    "sign_in.challenge",
    "sign_in",
    "account.open",
    "records.request",
    "records.read",
    "self_information.search",
    "self_information.request",
    "self_information.read",
    "sign_out",
}

QUESTION_STEPS = {"faq.search", "inquiries.send", "inquiries.read", "inquiries.delete", "inbox.list"}
PROXY_STEPS = {
    "proxies.list",
    "proxies.prepare",
    "proxies.register",
    "proxies.act",
    "proxies.stop_acting",
    "proxies.end",
}
"""Of the other journeys that need nothing but the portal's address: whoever starts plain Locust gets them all."""

pytestmark = pytest.mark.real_client("locust")


def _left_behind(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if text in command:
                found.append(command)
    return found


def test_a_world_of_its_own_and_nothing_left_behind() -> None:
    before = set(ROOT.iterdir())
    code, out, err = ended(start_load(users=3, duration=3, residents=2, pause=0.2, json=True))

    assert code == 0, err
    told = json.loads(out)
    steps = {step["name"]: step for step in told["steps"] if step["kind"] == "request"}
    assert set(steps) == STEPS
    assert told["failures"] == 0
    for step in steps.values():
        assert step["count"] > 0
        assert 0 < step["p50_ms"] <= step["p90_ms"] <= step["p99_ms"] <= step["max_ms"]
    # Each resident opens an account once, however often he comes.
    assert steps["account.open"]["count"] == 6
    assert "世界が起動しました" in err
    assert _left_behind(told["host"]) == []
    assert _left_behind("mynasim-load-") == []
    assert {path for path in set(ROOT.iterdir()) - before if not path.name.startswith(".")} == set()


def test_residents_come_over_tls_to_a_world_of_its_own() -> None:
    code, out, err = ended(start_load(tls=True, users=2, duration=2.0, residents=2, pause=0.2, json=True))

    assert code == 0, err
    told = json.loads(out)
    assert told["host"].startswith("https://") and told["failures"] == 0
    assert {step["name"] for step in told["steps"] if step["kind"] == "request"} == STEPS


def test_over_tls_only_who_is_trusted_is_measured(tmp_path: Path) -> None:
    with running_world(tmp_path, "--tls") as world:
        code, _, err = ended(start_load(host=world.portal, users=1, duration=1))
        assert code == 1 and "証明書を信頼できません" in err and "--authority" in err

        # By the world's own folder, and by the file's name; a plan with two generators.
        plan = {"rate": 4.0, "think": 0.0, "duration": 2.0, "json": True}
        authority = str(tmp_path / "portal-ca.pem")
        for trusting in ({"world": str(tmp_path)}, {"authority": authority, "processes": 2}):
            code, out, err = ended(start_load(host=world.portal, **plan, **trusting))
            assert code == 0, (out, err)
            told = json.loads(out)
            assert told["failures"] == 0 and told["steps"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tls": True, "host": "http://127.0.0.1:1"}, "--tls は試験用の世界のため"),
        ({"authority": "nowhere.pem"}, "https://で始まるときに"),
        ({"authority": "nowhere.pem", "host": "https://127.0.0.1:1"}, "nowhere.pem を読めません"),
        ({"authority": "README.md", "host": "https://127.0.0.1:1"}, "README.md を読めません"),
    ],
    ids=["a world and a host", "no TLS", "no file", "no certificate"],
)
def test_what_is_wrong_about_tls_is_said_before_anything_starts(options: dict[str, Any], words: str) -> None:
    named = {"host": None, "authority": None, "tls": False} | options
    named["authority"] = named["authority"] and ROOT / named["authority"]

    with pytest.raises(LoadFailed, match=words):
        take_authority(world=None, **named)


@pytest.mark.requirement("PRX-1", "PRX-3", "PRX-7")
@pytest.mark.parametrize("model", [{"users": 2, "residents": 2, "pause": 0.1}, {"rate": 3.0, "think": 0.0}])
def test_two_at_one_terminal_with_both_their_cards(world: World, model: dict[str, Any]) -> None:
    """Closed, where the same two come again and again, and planned; nothing but the portal's address is needed."""
    code, out, err = ended(
        start_load(host=world.portal, duration=4.0, journey="proxy", seed=11, json=True, **model)
    )

    assert code == 0, (out, err)
    told = json.loads(out)
    steps = {step["name"]: step["count"] for step in told["steps"] if step["kind"] == "request"}
    assert told["failures"] == 0
    assert set(steps) >= PROXY_STEPS | {"records.read"}
    assert steps["proxies.end"] == steps["proxies.act"] == steps["records.request"] > 1
    # Each of the two signs in, and the companion signs once more.
    cards = sum(step["count"] for step in told["steps"] if step["kind"] == "card")
    assert steps["sign_out"] == 2 * steps["proxies.end"] and cards == 3 * steps["proxies.end"]


def test_ctrl_c_shows_what_was_measured_and_ends_everything(world: World) -> None:
    process = start_load(host=world.portal, users=2, duration=60, residents=1, pause=0.1, json=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "件/秒" in line:  # the first glance: it measures
            break
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)

    assert code == 130, err
    told = json.loads(out)
    assert told["stopped"] is True
    assert told["seconds"] < 30
    assert any(step["name"] == "sign_in" for step in told["steps"])
    assert _left_behind(f"--host\0{world.portal}") == []


def test_nothing_outlives_a_killed_load() -> None:
    process = start_load(users=1, duration=60, residents=1, pause=0.1)
    assert process.stderr is not None
    for line in process.stderr:
        if "件/秒" in line:
            break
    (locust,) = _pids("locustfile.py", parent=process.pid)
    (world,) = _pids("\0up\0", parent=process.pid)
    process.kill()
    process.communicate()

    _until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in (locust, world)))


def _pids(text: str, *, parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    return [pid for pid in children if text.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_failures_are_counted_by_their_code_and_make_exit_code_1(world: World) -> None:
    # Cards of another nation: no CA that this portal trusts signed their certificates.
    code, out, err = ended(
        start_load(host=world.portal, users=1, duration=1, nation=2, residents=1, pause=0.2, json=True)
    )

    assert code == 1, err
    told = json.loads(out)
    failures = {step["name"]: step["failures"] for step in told["steps"] if step["failures"]}
    assert set(failures["sign_in"]) == {"certificate-refused"}
    assert not any(step["name"] == "records.request" for step in told["steps"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"journey": "nowhere"}, "disclosure"),
        ({"users": 0}, "--users"),
        ({"duration": 0}, "--duration"),
        ({"host": "http://127.0.0.1:9"}, "マイナポータルがありません"),
        ({"host": "127.0.0.1"}, "http://"),
    ],
    ids=["journey", "users", "duration", "nobody there", "no address"],
)
def test_what_cannot_be_run_is_said_plainly(options: dict[str, Any], said: str) -> None:
    code, _, err = ended(start_load(**{"users": 1, "duration": 1, "residents": 1, **options}))

    assert code != 0
    assert said in err


def test_plain_locust_with_its_web_interface(world: World) -> None:
    port = _free_port()
    with subprocess.Popen(
        _locust(f"--web-host 127.0.0.1 --web-port {port}", world.portal, seed=5),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as locust:
        try:
            page = f"http://127.0.0.1:{port}"
            _until(lambda: _get(page) is not None)
            form = f"user_count=2&spawn_rate=2&host={world.portal}".encode()
            urllib.request.urlopen(f"{page}/swarm", form, timeout=30).close()
            _until(lambda: _requests(page) > 20)
            stats = json.loads(_get(f"{page}/stats/requests") or "{}")
            assert stats["state"] == "running"
            assert {each["name"] for each in stats["stats"]} - {
                "Aggregated"
            } <= STEPS | QUESTION_STEPS | PROXY_STEPS
            assert stats["fail_ratio"] == 0
        finally:
            locust.terminate()
            locust.wait(20)


def _locust(arguments: str, host: str, *, seed: int) -> list[str]:
    command = [sys.executable, "-m", "locust", "-f", "load/locustfile.py", "--host", host, *arguments.split()]
    return [*command, "--residents-each", "1", "--pause", "0.1", "--seed", str(seed)]


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except OSError:
        return None


def _requests(page: str) -> int:
    stats = json.loads(_get(f"{page}/stats/requests") or "{}")
    return sum(each["num_requests"] for each in stats.get("stats", []) if each["name"] == "Aggregated")


def _until(condition: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen within the time"
        time.sleep(0.1)


def test_keys_are_kept_on_disk() -> None:
    assert any(key_folder().rglob("*.key"))

"""``mynasim card`` as its users meet it: real processes, OpenSC at the socket, a state folder that remembers."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running_world import command

RESIDENT, OTHER = "131016-12", "131016-13"
JPKI = "00A4040C0AD392F000260100000001"
WRONG_PIN = "0020009804 30303030".replace(" ", "")
ASK_TRIES = "00200098"
SECONDS_MAX = 60


def card(state: Path, *arguments: str, lines: str = "", code: int = 0) -> str:
    """What it printed; standard error when it was to fail."""
    done = subprocess.run(
        [*command("card", *arguments), "--state", str(state)],
        input=lines,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr if code else done.stdout


@contextmanager
def serving(state: Path, path: Path, *residents: str) -> Iterator[subprocess.Popen[str]]:
    """``mynasim card serve``, when it says that it is ready; its lines of command are written to its standard input."""
    chosen = [argument for resident in residents for argument in ("--resident", resident)]
    process = subprocess.Popen(
        [*command("card", "serve", *chosen), "--socket", str(path), "--state", str(state)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    try:
        until_said(process, "Ctrl-C")
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS_MAX)


def until_said(process: subprocess.Popen[str], what: str) -> str:
    assert process.stdout is not None
    said = ""
    while what not in said:
        line = process.stdout.readline()
        assert line, said + (process.stderr.read() if process.stderr else "")
        said += line
    return said


def tell(process: subprocess.Popen[str], line: str, answer: str) -> str:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return until_said(process, answer)


def opensc(path: Path, *arguments: str, code: int | None = 0) -> str:
    program = shutil.which(arguments[0])
    if program is None:
        pytest.skip(f"{arguments[0]} がありません（apt-get install opensc）")
    done = subprocess.run(
        [program, *arguments[1:]],
        env={**os.environ, "PCSCLITE_CSOCK_NAME": str(path), "LC_ALL": "C", "HOME": str(path.parent)},
        cwd=path.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert code is None or done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


def test_show_as_a_person_reads_it(state: Path) -> None:
    said = card(state, "show", RESIDENT)
    for what in ("氏名", "住所", "個人番号", "残り3回（3回まで）", "署名用電子証明書：", "発行番号"):
        assert what in said


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("plastic", "プラスチック、RSA-2048"),
        ("android", "スマホ用電子証明書"),
        ("next_generation_provisional", "仮の仕様、P-384"),
    ],
)
def test_each_kind_of_card_is_there(tmp_path: Path, state: Path, kind: str, words: str) -> None:
    assert words in card(state, "show", RESIDENT, "--kind", kind)
    said = card(state, "show", RESIDENT, "--kind", kind, "--apdu", lines=f"{JPKI}\n{ASK_TRIES}\n")
    assert "63C3" in said


def test_the_prompt_decodes_and_the_card_remembers(tmp_path: Path) -> None:
    said = card(
        tmp_path, "show", RESIDENT, "--apdu", lines=f"{JPKI}\n\n# wrong\n{WRONG_PIN}\nnonsense\nreset\nshow\n"
    )
    assert "SELECT FILE（選択）" in said
    assert "63C2　照合していないか、一致しませんでした。残り2回です" in said
    assert "読めません" in said
    assert said.count("ATR 3B E0") == 2
    # Another kind is another card; another process sees the same one.
    said = card(
        tmp_path, "show", RESIDENT, "--apdu", lines=f"{JPKI}\n{ASK_TRIES}\n{WRONG_PIN}\n{WRONG_PIN}\nquit\n"
    )
    assert "63C2" in said
    assert "63C0" in said
    assert "ロックされています" in card(tmp_path, "show", RESIDENT)

    assert "ロック" not in card(tmp_path, "unblock", RESIDENT)
    card(tmp_path, "unblock", RESIDENT, "--pin", "4321")
    said = card(tmp_path, "show", RESIDENT, "--apdu", lines=f"{JPKI}\n0020009804{b'4321'.hex()}\n")
    assert said.count("9000") == 2


def test_the_counter_refuses_what_a_card_would_not_take(state: Path) -> None:
    assert "数字4桁" in card(state, "unblock", RESIDENT, "--pin", "abcd", code=2)
    assert "数字4桁" in card(state, "unblock", RESIDENT, "--which", "sign", "--pin", "1234", code=2)
    assert "券面の記載" in card(state, "unblock", RESIDENT, "--which", "text_code_b", code=2)
    card(state, "unblock", RESIDENT, "--which", "sign", "--pin", "SECRET99")


@pytest.mark.parametrize("resident", ["131016-0", "131016", "999999-1", "131016-99999999", "x-1"])
def test_an_unknown_resident(state: Path, resident: str) -> None:
    for arguments in (
        ("show", resident),
        ("unblock", resident),
        ("attach", "127.0.0.1:1", "--resident", resident),
        ("serve", "--resident", resident, "--socket", str(state / "s")),
    ):
        said = card(state, *arguments, code=2)
        assert said.startswith("mynasim: ")
        assert len(said.splitlines()) == 1


def test_a_socket_that_cannot_be(state: Path, tmp_path: Path) -> None:
    long = tmp_path / ("s" * 120)
    assert "長すぎます" in card(state, "serve", "--resident", RESIDENT, "--socket", str(long), code=2)
    nowhere = tmp_path / "no" / "such"
    assert "作れません" in card(state, "serve", "--resident", RESIDENT, "--socket", str(nowhere), code=2)
    taken = tmp_path / "taken"
    taken.write_text("a file of somebody's")
    assert "使われています" in card(state, "serve", "--resident", RESIDENT, "--socket", str(taken), code=2)
    assert taken.read_text() == "a file of somebody's"
    with serving(state, tmp_path / "pcsc", RESIDENT):
        said = card(state, "serve", "--resident", OTHER, "--socket", str(tmp_path / "pcsc"), code=2)
        assert "使われています" in said
    assert not (tmp_path / "pcsc").exists()


def test_one_card_is_in_one_reader(state: Path, tmp_path: Path) -> None:
    twice = ("--resident", RESIDENT, "--resident", RESIDENT)
    assert "1人のカードは1枚" in card(state, "serve", *twice, "--socket", str(tmp_path / "s"), code=2)
    many = [argument for number in range(1, 18) for argument in ("--resident", f"131016-{number}")]
    assert "16台まで" in card(state, "serve", *many, "--socket", str(tmp_path / "s"), code=2)


def test_no_reader_to_attach_to(state: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        assert "リーダーがありません" in card(state, "attach", address, "--resident", RESIDENT, code=2)
    for wrong in ("127.0.0.1", "127.0.0.1:x", ":35963", "127.0.0.1:0"):
        assert "HOST:PORT" in card(state, "attach", wrong, "--resident", RESIDENT, code=2)


def test_attached_until_the_reader_goes(state: Path) -> None:
    """A vpcd asks for the ATR, sends a command, and goes away (CARD.md 2)."""
    got: list[bytes] = []

    def vpcd(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            for message in (b"\x01", b"\x04", bytes.fromhex(JPKI)):
                connection.sendall(len(message).to_bytes(2, "big") + message)
                if message != b"\x01":
                    size = int.from_bytes(_exactly(connection, 2), "big")
                    got.append(_exactly(connection, size))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=vpcd, args=(listener,))
        thread.start()
        said = card(state, "attach", f"127.0.0.1:{listener.getsockname()[1]}", "--resident", RESIDENT)
        thread.join()
    assert got == [bytes.fromhex("3BE000FF8131FE4514"), bytes.fromhex("9000")]
    assert "リーダーがなくなりました" in said


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        assert more
        data += more
    return data


@pytest.mark.real_client("opensc")
def test_opensc_signs_with_a_residents_card(state: Path, tmp_path: Path) -> None:
    path = tmp_path / "pcsc"
    (tmp_path / "digest").write_bytes(bytes(32))
    with serving(state, path, RESIDENT, OTHER) as process:
        listed = opensc(path, "opensc-tool", "-l")
        assert "mynasim 00 00" in listed
        assert "mynasim 01 00" in listed
        assert opensc(path, "opensc-tool", "-n").strip().endswith("jpki")
        pin = tell(process, "list", "mynasim 01 00").split("暗証番号 ")[1][:4]
        sign = (
            "pkcs15-crypt",
            "--sign",
            "--key",
            "1",
            "--sha-256",
            "--pkcs1",
            "--input",
            "digest",
            "--output",
            "s",
        )
        opensc(path, *sign, "--pin", pin)
        assert len((tmp_path / "s").read_bytes()) == 256


@pytest.mark.real_client("opensc")
def test_cards_come_and_go_while_programs_look(state: Path, tmp_path: Path) -> None:
    path = tmp_path / "pcsc"
    with serving(state, path, RESIDENT) as process:
        first = opensc(path, "pkcs15-tool", "--read-certificate", "1")
        tell(process, f"swap 0 {OTHER}", OTHER)
        assert opensc(path, "pkcs15-tool", "--read-certificate", "1") != first
        tell(process, "remove 0", "カードは入っていません")
        assert "Card not present" in opensc(path, "opensc-tool", "-n", code=None)
        for wrong, said in (
            ("remove 0", "入っていません"),
            ("insert 9 131016-12", "リーダーの番号"),
            ("insert 0 999999-1", "市区町村はありません"),
            ("boil 0", "使えるのは"),
        ):
            tell(process, wrong, said)
        tell(process, f"insert 0 {RESIDENT}", RESIDENT)
        assert opensc(path, "pkcs15-tool", "--read-certificate", "1") == first
        assert process.stdin is not None
        process.stdin.write("quit\n")
        process.stdin.flush()
        assert process.wait(SECONDS_MAX) == 0


@pytest.mark.real_client("opensc")
@pytest.mark.requirement("ACC-1")
def test_no_try_comes_back_by_killing_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "pcsc"
    (tmp_path / "digest").write_bytes(bytes(32))
    sign = (
        "pkcs15-crypt",
        "--sign",
        "--key",
        "1",
        "--sha-256",
        "--pkcs1",
        "--input",
        "digest",
        "--output",
        "s",
    )
    for left in (2, 1, 0):
        with serving(tmp_path / "state", path, RESIDENT) as process:
            assert "PIN code or key incorrect" in opensc(path, *sign, "--pin", "0000", code=None)
            process.kill()
            process.wait()
        said = card(tmp_path / "state", "show", RESIDENT)
        assert ("ロックされています" if left == 0 else f"残り{left}回（3回まで）") in said


def test_the_bridge_says_what_a_page_needs(state: Path) -> None:
    process = subprocess.Popen(
        [
            *command(
                "card", "bridge", "--resident", RESIDENT, "--allow", "http://127.0.0.1:8600", "--port", "0"
            ),
            *("--state", str(state)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = until_said(process, "Ctrl-C")
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS_MAX)
    assert "extension.js" in said
    wrong = ("bridge", "--resident", RESIDENT, "--allow", "127.0.0.1", "--port", "0")
    assert "--allow" in card(state, *wrong, code=2)

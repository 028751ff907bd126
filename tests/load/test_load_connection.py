"""The terminal's line to the portal, against servers that behave and servers that don't.

In a process of its own, because gevent and pytest-trio don't share one.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import json, sys, gevent, gevent.server
from load.connection import Connection
from load.steps import NoAnswer
from portal.wire.about import health
from portal.wire.operation import Nothing
from portal.wire.sign_in import SIGN_IN, SignIn
from portal.wire.systems import System

answers, repeatable = json.loads(sys.argv[1]), json.loads(sys.argv[2])
asked = []

def handle(line, _):
    while True:
        heard = line.recv(65536)
        if not heard or not answers:
            return
        asked.append(heard.decode("latin-1"))
        answer = answers.pop(0)
        if answer is None:
            return
        if answer == "silence":
            gevent.sleep(5)
            return
        line.sendall(answer.encode("latin-1"))
        if answer.endswith("CLOSE"):
            return

server = gevent.server.StreamServer(("127.0.0.1", 0), handle)
server.start()
connection = Connection(f"http://127.0.0.1:{server.server_port}", deadline_s=0.5)
operation = health(System.PORTAL) if repeatable else SIGN_IN
request = Nothing() if repeatable else SignIn("c", b"s", b"c")
said = []
for _ in range(int(sys.argv[3])):
    came = connection.exchange(operation, operation.encode_request(request, "Bearer x"))
    said.append(list(came) if isinstance(came, NoAnswer) else [came.status, came.content_type, came.body.decode("latin-1")])
print(json.dumps([said, asked]))
"""
OK = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
CLOSES = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nCLOSE"


def _exchanges(answers: list[str | None], *, repeatable: bool = True, count: int = 1) -> tuple[list, list]:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, json.dumps(answers), json.dumps(repeatable), str(count)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    said, asked = json.loads(done.stdout)
    return said, asked


def test_one_connection_carries_many_requests() -> None:
    said, asked = _exchanges([OK, OK, OK], count=3)

    assert said == [[200, "application/json", "{}"]] * 3
    assert len(asked) == 3
    assert asked[0].startswith("GET /health HTTP/1.1\r\nhost: 127.0.0.1:")
    assert "authorization: Bearer x\r\n" in asked[0]


def test_an_answer_in_chunks_and_after_an_interim_one() -> None:
    chunked = "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"

    said, _ = _exchanges([chunked, OK], count=2)

    assert [answer[2] for answer in said] == ["abc", "{}"]


def test_a_connection_that_the_portal_closes_is_opened_again() -> None:
    said, _ = _exchanges([CLOSES, OK], count=2)

    assert [answer[0] for answer in said] == [200, 200]


def test_a_kept_connection_found_closed_costs_a_repeatable_request_nothing() -> None:
    said, asked = _exchanges([OK, None, OK], count=2)

    assert [answer[0] for answer in said] == [200, 200]
    assert len(asked) == 3


def test_what_may_not_be_repeated_is_not() -> None:
    said, asked = _exchanges([OK, None, OK], repeatable=False, count=2)

    assert said[1][0] == "reset"
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("silence", "timed_out"),
        (None, "reset"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nCLOSE", "reset"),
        ("SSH-2.0-OpenSSH\r\n", "malformed"),
        (OK + OK, "malformed"),
        ("HTTP/1.1 200 OK\r\n" + "a: b\r\n" * 200 + "\r\n", "malformed"),
        ("HTTP/1.1 200 OK\r\na: " + "b" * 70_000 + "\r\n\r\n", "malformed"),
    ],
    ids=["silence", "closed", "cut off", "no HTTP", "two answers", "many headers", "long header"],
)
def test_what_is_no_answer(answer: str | None, reason: str) -> None:
    said, _ = _exchanges([answer, OK], repeatable=False, count=2)

    assert said[0][0] == reason
    assert said[1][0] == 200  # and the next request has a connection of its own

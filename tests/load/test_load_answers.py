"""What is read of an answer at a glance is what the parser reads of it; and requests that leave together all arrive.

In a process of its own, because gevent and pytest-trio don't share one.
"""

import json
import subprocess
import sys

import pytest

_BOTH = """
import json, random, sys
from load.connection import LINES_KEPT_MAX, _lines, _plain, _Reader, _Unreadable

random = random.Random(int(sys.argv[1]))
FIELDS = ["content-type: application/json", "Content-Type:text/plain ", "content-type: a", "CONTENT-TYPE: b", "server-timing: total;dur=0.123",
    "Server-Timing:  total;dur=9, network;dur=3", "server-timing: ", "date: Mon, 23 Nov 2026 00:00:00 GMT", "x: y", "x: " + "z" * 300, "cache-control: no-store",
    "connection: close", "Connection: keep-alive", "transfer-encoding: chunked", " folded", "\\tfolded", "", "content-length : 3", "no colon", "content-length: x"]
taken = 0
for number in range(20_000):
    body = "b" * random.choice([0, 0, 3, 500])
    fields = random.choices(FIELDS[:11], k=random.randrange(6))
    if random.random() < 0.9:
        fields.insert(random.randrange(len(fields) + 1), random.choice(["content-length: ", "Content-Length:", "content-length:  "]) + str(len(body)))
    if random.random() < 0.3:
        fields.insert(random.randrange(len(fields) + 1), random.choice([*FIELDS, f"x-{number}: {number}", f"content-length: {len(body)}"]))
    start = random.choice(["HTTP/1.1 200 OK"] * 6 + ["HTTP/1.1 404 Not Found", "HTTP/1.1 503 ", "HTTP/1.1 100 Continue", "HTTP/1.0 200 OK", "HTTP/1.1 999 x", "HTTP/1.1 2x0 OK"])
    data = "\\r\\n".join([start, *fields, "", body]).encode()
    if random.random() < 0.1:
        data = data[:random.randrange(len(data))] or b"x"
    plain = _plain(data)
    if plain is None:
        continue
    taken += 1
    reader = _Reader()
    try:
        reader.feed(data)
    except _Unreadable as error:
        # What the parser does not take must not be taken for an answer.
        raise AssertionError((data, plain)) from error
    answer, timing = plain
    assert reader.done and reader.keep, (data, plain)
    assert (reader.status, reader.body) == (answer.status, answer.body), (data, plain)
    assert len(_lines) <= LINES_KEPT_MAX
print(json.dumps(taken))
"""

_MANY = """
import json, gevent, gevent.server
from load.connection import TOGETHER_BYTES_MAX, Connection
from portal.wire.operation import WireRequest
from portal.wire.about import health
from portal.wire.systems import System

heard_at_once = []
def handle(line, _):
    while True:
        data = b""
        while not data.endswith(b"END"):
            more = line.recv(1 << 20)
            if not more:
                return
            data += more
        body = data[data.find(b"\\r\\n\\r\\n") + 4:]
        line.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: %d\\r\\n\\r\\n%b" % (len(body), body))

server = gevent.server.StreamServer(("127.0.0.1", 0), handle, backlog=200)
server.start()
url, operation = f"http://127.0.0.1:{server.server_port}", health(System.PORTAL)
wrong = []
def ask(number):
    connection = Connection(url, deadline_s=20)
    for turn in range(20):
        body = b"%d/%d " % (number, turn) + b"x" * (turn * TOGETHER_BYTES_MAX // 10) + b"END"
        came = connection.exchange(operation, WireRequest("POST", "/x", body=body))
        if getattr(came, "body", None) != body:
            wrong.append((number, turn, str(came)[:80]))
    connection.close()
gevent.joinall([gevent.spawn(ask, number) for number in range(50)], raise_error=True)
print(json.dumps(wrong))
"""

_GONE = """
import json, gevent, gevent.server
from load.connection import Connection
from load.steps import NoAnswer
from portal.wire.about import health
from portal.wire.operation import WireRequest
from portal.wire.systems import System

server = gevent.server.StreamServer(("127.0.0.1", 0), lambda line, _: line.recv(65536) and line.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\nok"))
server.start()
line, operation, request = Connection(f"http://127.0.0.1:{server.server_port}", deadline_s=5), health(System.PORTAL), WireRequest("GET", "/x")
said = [line.exchange(operation, request).body.decode()]
# The other side is gone, and takes nothing any more.
server.stop()
gevent.sleep(0.05)
said += [line.exchange(operation, request).reason for _ in range(2)]
asking = gevent.spawn(line.exchange, operation, request)
asking.kill()
print(json.dumps(said))
"""


def _said(script: str, *arguments: str) -> object:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("seed", range(3))
def test_an_answer_at_a_glance_is_what_the_parser_reads(seed: int) -> None:
    taken = _said(_BOTH, str(seed))

    assert isinstance(taken, int) and taken > 5_000


def test_requests_that_leave_together_all_get_their_answers() -> None:
    assert _said(_MANY) == []


def test_who_is_gone_is_noticed_although_requests_leave_later() -> None:
    assert _said(_GONE) == ["ok", "refused", "refused"]

"""What a visitor waited: from the sending, and from when everything was to begin; deadlines; the schedule's lag.

In a process of its own, because gevent and pytest-trio don't share one.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_SCRIPT = """
import json, sys, gevent, gevent.server
from time import perf_counter
from load.connection import Connection
from load.journeys import Journey, Visit
from load.measuring import JOURNEY, REQUEST, Report
from load.steps import Wait, ask
from load.visiting import Visitor
from portal.wire.about import health
from portal.wire.operation import Nothing
from portal.wire.systems import System
from datetime import date

ANSWER = b'{"system":"portal","status":"up","now":"2026-04-01T00:00:00+09:00"}'
HEAD = "HTTP/1.1 200 OK\\r\\nserver-timing: %s\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"
timing = "total;dur=40, network;dur=10, intermediate;dur=5"

def handle(line, _):
    while line.recv(65536):
        gevent.sleep(0.05)
        line.sendall((HEAD % (timing, len(ANSWER))).encode() + ANSWER)

server = gevent.server.StreamServer(("127.0.0.1", 0), handle)
server.start()
url = f"http://127.0.0.1:{server.server_port}"

def steps(visit):
    yield from ask(health(System.PORTAL), Nothing())
    yield Wait(0.1)
    yield from ask(health(System.PORTAL), Nothing())

report, told = Report(), []
connection = Connection(url, deadline_s=5)
visitor = Visitor(report, lambda system: connection, lambda caller: "", lambda *each: told.append(each[1]))
journey = Journey("two_looks", "x", steps)
visit = Visit("x", date(2026, 4, 1))
visitor.make(journey, visit, None, perf_counter() - 0.3)   # it was to begin 300 ms ago
step = report.steps["two_looks", REQUEST, "portal.health"]
whole = report.steps["two_looks", JOURNEY, "two_looks"]
closed = Report()
Visitor(closed, lambda system: connection, lambda caller: "", lambda *each: None).make(journey, visit, None, None)
(trace,) = report.traces["two_looks"].samples
print(json.dumps({
    "sent": step.histogram.max_us, "intended": step.intended.percentile(50), "count": step.intended.count,
    "whole": whole.histogram.max_us, "whole_intended": whole.intended.max_us, "told": told,
    "closed": closed.steps["two_looks", REQUEST, "portal.health"].intended.count,
    "split": step.split.means_us(), "begins": [span.begins for span in trace.spans],
    "under_way": sum(window.under_way for _, window in report.timeline.windows()),
}))
"""


def _visited() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    return json.loads(done.stdout)


def test_a_visit_that_began_late_is_late_with_all_that_follows() -> None:
    told = _visited()

    assert told["count"] == 2 and told["told"] == ["portal.health"] * 2
    # The server takes 50 ms; everything began 300 ms late. A loaded machine adds, it never takes away.
    assert told["sent"] >= 50_000
    assert told["intended"] >= 300_000 + 50_000
    assert told["whole"] >= 200_000
    assert told["whole_intended"] - told["whole"] >= 299_000
    # The second step began after the first answer and the pause.
    assert told["begins"][0] < 50_000 <= 150_000 <= told["begins"][1]
    assert told["under_way"] * 1e6 >= told["whole"] * 0.99
    # Without a plan there is no intended moment.
    assert told["closed"] == 0
    assert told["split"] == {"portal": 25_000, "network": 10_000, "municipality": 5_000}

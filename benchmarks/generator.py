"""A small closed-loop HTTP generator, for machines without wrk: one request again and again on some connections."""

import json
import socket
import sys
from select import epoll
from time import perf_counter
from urllib.parse import urlsplit


class _Line:
    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.heard = b""
        self.sent_at = 0.0


def _whole(heard: bytes) -> int:
    """The status of a whole answer, 0 while it is not whole. Answers here say their length."""
    head, found, body = heard.partition(b"\r\n\r\n")
    if not found:
        return 0
    lower = head.lower()
    start = lower.find(b"content-length:")
    length = int(lower[start + 15 :].partition(b"\r\n")[0]) if start >= 0 else 0
    return int(head[9:12]) if len(body) >= length else 0


def run(
    method: str, url: str, headers: dict[str, str], body: bytes, seconds: float, connections: int
) -> tuple[float, float, float, int]:
    """Requests a second, median and 99th percentile in ms, errors."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body or method == "POST":
        lines.append(f"content-length: {len(body)}")
    request = "\r\n".join([*lines, "", ""]).encode() + body
    ready = epoll()
    open_lines: dict[int, _Line] = {}
    for _ in range(connections):
        line = _Line(parts.hostname or "", parts.port or 80)
        open_lines[line.socket.fileno()] = line
        ready.register(line.socket, 1)
        line.sent_at = perf_counter()
        line.socket.send(request)
    began = perf_counter()
    took: list[float] = []
    errors = 0
    while (now := perf_counter()) - began < seconds:
        for number, _ in ready.poll(0.5):
            line = open_lines[number]
            line.heard += line.socket.recv(65536)
            status = _whole(line.heard)
            if status:
                now = perf_counter()
                took.append(now - line.sent_at)
                errors += not 200 <= status < 300
                line.heard = b""
                line.sent_at = now
                line.socket.send(request)
    spent = perf_counter() - began
    for line in open_lines.values():
        line.socket.close()
    took.sort()
    if not took:
        return 0.0, 0.0, 0.0, errors
    return len(took) / spent, took[len(took) // 2] * 1000, took[len(took) * 99 // 100] * 1000, errors


if __name__ == "__main__":
    _method, _url, _headers, _body = json.loads(sys.argv[3])
    sys.stdout.write(
        json.dumps(run(_method, _url, _headers, bytes.fromhex(_body), float(sys.argv[1]), int(sys.argv[2])))
    )

"""A portal of canned answers, for measuring generators: it must not be the bottleneck, so it looks at first lines only.

``python -m benchmarks.canned_portal PORT ANSWERS.json``: a table from ``METHOD /path`` to a body and its status.
"""

import json
import socket
import sys
from pathlib import Path
from select import EPOLLIN, epoll

MISSING = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


def whole(status: int, body: bytes) -> bytes:
    """With the headers that the portal sends."""
    head = (
        f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        "x-content-type-options: nosniff\r\ncache-control: no-store\r\nserver-timing: total;dur=0.123\r\n"
        "date: Mon, 23 Nov 2026 00:00:00 GMT\r\n\r\n"
    )
    return head.encode() + body


def _length(request: bytes, head: int) -> int:
    start = request.lower().find(b"content-length:", 0, head)
    return int(request[start + 15 : request.find(b"\r\n", start)]) if start >= 0 else 0


def serve(port: int, answers: dict[bytes, bytes]) -> None:
    """One request at a time on each connection, for ever."""
    listener = socket.create_server(("127.0.0.1", port), backlog=512)
    listener.setblocking(False)
    ready = epoll()
    ready.register(listener, EPOLLIN)
    lines: dict[int, socket.socket] = {}
    heard: dict[int, bytes] = {}
    while True:
        for number, _ in ready.poll():
            if number == listener.fileno():
                line, _ = listener.accept()
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                lines[line.fileno()] = line
                ready.register(line, EPOLLIN)
                continue
            line = lines[number]
            try:
                data = line.recv(65536)
            except OSError:
                data = b""
            if not data:
                ready.unregister(number)
                del lines[number]
                heard.pop(number, None)
                line.close()
                continue
            request = heard.pop(number, b"") + data
            head = request.find(b"\r\n\r\n")
            if head < 0 or len(request) < head + 4 + _length(request, head):
                heard[number] = request
                continue
            line.send(answers.get(request[: request.find(b" HTTP/1.1")], MISSING))


if __name__ == "__main__":
    _table = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    serve(
        int(sys.argv[1]),
        {name.encode(): whole(status, body.encode()) for name, (status, body) in _table.items()},
    )

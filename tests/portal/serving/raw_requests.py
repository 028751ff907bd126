"""Requests written by hand: their heads, and such as could be read two ways."""


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


CHUNKED = head("POST /pings HTTP/1.1", "Host: here", "Transfer-Encoding: chunked")
SMUGGLING = {
    "length and chunks": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks and length": head("POST /pings HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n",
    "two lengths": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: 0", "Content-Length: 5"),
    "the same length twice": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: 0", "Content-Length: 0"),
    "a list of lengths": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: 0, 0"),
    "signed length": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: +0"),
    "negative length": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: -1"),
    "hexadecimal length": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: 0x0"),
    "endless length": head("POST /pings HTTP/1.1", "Host: a", "Content-Length: " + "9" * 30),
    "two hosts": head("GET /health HTTP/1.1", "Host: a", "Host: a"),
    "no host": head("GET /health HTTP/1.1"),
    "chunks twice": head("POST /pings HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunks, then not": head("POST /pings HTTP/1.1", "Host: a", "Transfer-Encoding: chunked, identity") + b"0\r\n\r\n",
    "chunks of old": head("POST /pings HTTP/1.0", "Host: a", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunk size with 0x": CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
    "chunk size with a space": CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
    "negative chunk size": CHUNKED + b"-1\r\na\r\n0\r\n\r\n",
    "no chunk size": CHUNKED + b"\r\na\r\n0\r\n\r\n",
    "endless chunk size": CHUNKED + b"f" * 17 + b"\r\na\r\n0\r\n\r\n",
    "chunk longer than said": CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
    "chunk with bare line feeds": CHUNKED + b"1\na\n0\n\n",
    "bare line feeds": b"GET /health HTTP/1.1\nHost: a\n\n",
    "one bare line feed": b"GET /health HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "bare carriage return": b"GET /health HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
    "folded header": b"GET /health HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
    "space before the first header": b"GET /health HTTP/1.1\r\n Host: a\r\n\r\n",
    "space before a colon": head("POST /pings HTTP/1.1", "Host: a", "Content-Length : 5"),
    "empty header name": head("GET /health HTTP/1.1", "Host: a", ": b"),
    "null in a header": head("GET /health HTTP/1.1", "Host: a", "X: a\0b"),
    "space in the target": head("GET /hea lth HTTP/1.1", "Host: a"),
    "null in the target": head("GET /health\0 HTTP/1.1", "Host: a"),
    "raw Japanese in the target": "GET /健康 HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    "unknown method": head("HACK /health HTTP/1.1", "Host: a"),
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40,
}  # fmt: skip

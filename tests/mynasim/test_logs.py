"""What goes into a log of an exception that nobody expected: its kind and where, not what somebody typed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
import structlog
from mynasim import logs

logs.to_file(Path(sys.argv[1]), verbose=sys.argv[2] == "verbose")
log = structlog.get_logger("test")

def inner(typed):
    return {}[typed]

def outer(typed):
    try:
        inner(typed)
    except KeyError as error:
        raise ValueError(f"could not read {typed}") from error

try:
    outer("zq7 my secret")
except ValueError as error:
    log.exception("operation_failed", operation="made.up")
    log.error("page_failed", exc_info=error)
    log.error("connection_dropped", exc_info=ExceptionGroup("zq7", [error, OSError("zq7")]))
"""


@pytest.mark.parametrize("verbose", [False, True])
def test_no_words_of_exceptions(tmp_path: Path, verbose: bool) -> None:
    file = tmp_path / "portal.log"
    subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(file), "verbose" if verbose else "usual"],
        check=True,
    )
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]

    assert [line["event"] for line in lines] == ["operation_failed", "page_failed", "connection_dropped"]
    for line in lines:
        assert "ValueError" in line["exception"] and "KeyError" in line["exception"]
        assert "inner" in line["exception"] and "outer" in line["exception"]
    assert ("zq7" in file.read_text("utf-8")) == verbose
    assert "OSError" in lines[2]["exception"]

"""What the documentation tells people to type is understood by the command line."""

import re
import shlex
from pathlib import Path

import pytest
from cyclopts.exceptions import MissingArgumentError

from mynasim.__main__ import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_QUOTED = re.compile(r"`(mynasim [^`]+)`")
_BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^\s*(mynasim [^\n#]+)", re.MULTILINE)


def _commands() -> list[tuple[str, str]]:
    found = []
    for document in DOCUMENTS:
        content = document.read_text("utf-8")
        blocks = "\n".join(_BLOCK.findall(content))
        for typed in [*_QUOTED.findall(_BLOCK.sub("", content)), *_LINE.findall(blocks)]:
            text = typed.split(">")[0].split("|")[0].strip()
            # 「…」 and capital letters stand for what the reader fills in; optional parts are in brackets.
            if "…" not in text and "[" not in text:
                found.append((document.name, text))
    return found


def test_there_are_some() -> None:
    assert len(_commands()) > 8


@pytest.mark.parametrize(("document", "text"), _commands())
def test_a_documented_command_is_understood(document: str, text: str) -> None:
    tokens = shlex.split(text.replace("\\\n", " "))[1:]
    try:
        command, _, _ = app.parse_args(tokens, exit_on_error=False, print_error=False, verbose=False)
    except MissingArgumentError:
        # Only named, not to be typed as it stands: the command is there, and wants more.
        assert not any(token.startswith("-") for token in tokens)
    else:
        assert command is not None

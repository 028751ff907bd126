"""How commands write what they found: in lines for programs, side by side for people."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from mynasim.nation_words import aligned

if TYPE_CHECKING:
    from rich.console import Console


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Whoever reads our output may have seen enough (``| head``)."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_json(content: msgspec.Struct, more: Mapping[str, msgspec.Struct] | None = None) -> None:
    """The fields of a message, and some more beside them, in one line."""
    whole = {**msgspec.structs.asdict(content), **more} if more else content
    sys.stdout.write(msgspec.json.encode(whole).decode() + "\n")


def write_cells(cells: Sequence[str], widths: Sequence[int]) -> None:
    """Side by side on a terminal, elsewhere with tabs between, for other programs."""
    sys.stdout.write((aligned(cells, widths) if sys.stdout.isatty() else "\t".join(cells)) + "\n")


def console(**options: Any) -> "Console":
    """For people at a terminal. ``:AB:`` in what is shown is no emoji; what comes from elsewhere still has to be escaped."""
    from rich.console import Console

    return Console(emoji=False, **options)


def say(text: str) -> None:
    """To people, beside what is written."""
    sys.stdout.flush()
    print(text, file=sys.stderr)

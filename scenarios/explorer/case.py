"""A case: everything that is decided before a run, as plain data. The same case is the same run.

A case is drawn from a seed (:mod:`scenarios.explorer.drawing`), can be made smaller (:mod:`scenarios.explorer.shrinking`)
and kept in a file.
"""

from pathlib import Path
from typing import Annotated

import msgspec

from portal.refusal import Refusal
from sim.faults.vocabulary import Plan

Milliseconds = Annotated[int, msgspec.Meta(ge=0)]


class Errand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """用事: what one actor does, step by step, from a moment on."""

    number: int
    """Names its chance, so that leaving out another errand changes nothing for this one."""
    actor: str
    who: Annotated[int, msgspec.Meta(ge=0)]
    """Which resident it is about: an index into the case's residents."""
    at_ms: Milliseconds
    steps: tuple[str, ...]


class PortalTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the portal is set up in this case."""

    session_idle_seconds: int
    challenge_seconds: int
    immediate_wait_seconds: float
    crl_instead_of_ocsp: bool


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """事例."""

    seed: int
    residents: tuple[int, ...]
    """Numbers of the nation's residents who take part."""
    terms: PortalTerms
    errands: tuple[Errand, ...]
    plan: Plan
    is_year_long: bool = False
    """Whether a year passes at the end, after which nothing unread is left either."""


class Saved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A case in a file, with what it showed."""

    found: str
    """The invariant that it broke."""
    case: Case
    comment: str = ""


class UnreadableCase(Refusal):
    """A file holds no case."""


def write(path: Path, saved: Saved) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(saved), indent=1) + b"\n")


def read(path: Path) -> Saved:
    """Raises :class:`UnreadableCase`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Saved)
    except OSError as error:
        raise UnreadableCase(f"{path} を読めません（{error.strerror}）。") from error
    except msgspec.MsgspecError as error:
        raise UnreadableCase(
            f"{path} は探索の事例として読めません（{error}）。--save で書いたファイルを指定してください。"
        ) from error

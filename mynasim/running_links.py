"""Lines from the command line to a world that runs: where its systems are, and the operator's credentials."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import trio

from portal.links.link import Unreachable
from portal.refusal import Refusal
from portal.seams.chance import LiveChance
from portal.seams.clock import LiveClock
from portal.secrets import FILE_NAME, load_or_make
from portal.serving.hosting import LiveLinks
from portal.wire.operation import Operation
from portal.wire.problems import Problem
from portal.wire.systems import JAPANESE_NAMES, Party, System

ADDRESSES_FILE: Final = "addresses.json"

Req = TypeVar("Req")
Res = TypeVar("Res")


class NotRunning(Refusal):
    """No world runs on this state folder."""


class Refused(Refusal):
    """The world runs, and says no."""


def write_addresses(state: Path, addresses: dict[System, str]) -> None:
    """Leave word where this state's systems are."""
    path = state / ADDRESSES_FILE
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode({str(system): url for system, url in addresses.items()}))
    draft.replace(path)


def ask(state: Path, operation: Operation[Req, Res], request: Req) -> Res:
    """What a running world's system answers to its operator. Raises :class:`NotRunning` and :class:`Refused`."""
    (outcome,) = ask_all(state, [(operation, request)])
    if isinstance(outcome, Problem):
        raise Refused(f"{JAPANESE_NAMES[operation.system]}が断りました: {outcome.detail}")
    answer: Res = outcome
    return answer


def ask_all(state: Path, wanted: Sequence[tuple[Operation[Any, Any], Any]]) -> list[Any]:
    """The same for many, one after the other over the same lines; a problem is an answer. Raises :class:`NotRunning`."""
    addresses = _addresses(state)
    if any(operation.system not in addresses for operation, _ in wanted):
        raise _not_running(state)
    secret = load_or_make(state, LiveChance()).link

    async def call() -> list[Any]:
        links = LiveLinks(addresses, secret, LiveClock())
        try:
            return [
                await links.link(Party.OPERATOR, operation.system).call(operation, request)
                for operation, request in wanted
            ]
        finally:
            await links.aclose()

    outcomes = trio.run(call)
    if any(isinstance(outcome, Unreachable) for outcome in outcomes):
        raise _not_running(state)
    return outcomes


def _addresses(state: Path) -> dict[System, str]:
    try:
        if not (state / FILE_NAME).exists():
            return {}
        found = msgspec.json.decode((state / ADDRESSES_FILE).read_bytes(), type=dict[str, str])
        return {System(name): url for name, url in found.items()}
    except (OSError, ValueError, msgspec.MsgspecError):
        return {}


def _not_running(state: Path) -> NotRunning:
    return NotRunning(
        f"状態フォルダー {state} の世界は動いていません。mynasim up で起動してから、もう一度行ってください。"
    )

"""What can go wrong, as plain data: typed faults, and plans of when, what and for how long.

A fault says nothing of how it is brought about; :mod:`sim.faults.simulated` and :mod:`sim.faults.live` do, each as far
as it can. All of them are JSON objects whose field ``fault`` names their kind, so plans can be kept in files.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from portal.wire.jpki import RevocationReason
from portal.wire.systems import Caller, System

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
"""Of the messages concerned."""
Milliseconds = Annotated[int, msgspec.Meta(ge=0)]
OrganisationName = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{16}$(?!\n)")]
PrefectureName = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}$(?!\n)")]


def _name(kind: str) -> str:
    """``SlowDisk`` → ``slow-disk``."""
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("-")


class Fault(msgspec.Struct, frozen=True, tag_field="fault", tag=_name, forbid_unknown_fields=True):
    """障害."""

    @property
    def kind(self) -> str:
        """Its name on the command line and in traces."""
        return _name(type(self).__name__)


class Shape(StrEnum):
    """How delays are spread."""

    UNIFORM = "uniform"
    EXPONENTIAL = "exponential"
    """Most are short; the middle one of the range is their mean."""
    PARETO = "pareto"
    """A few are very long."""


class Way(StrEnum):
    """Which messages a partition stops."""

    BOTH = "both"
    OUT = "out"
    """Those from the parties that are cut off."""
    IN = "in"
    """Those to them."""


# Messages


class Delay(Fault, frozen=True):
    """遅延: of messages to and from this system, or of all."""

    shape: Shape
    least_ms: Milliseconds
    most_ms: Milliseconds
    system: System | None = None


class Loss(Fault, frozen=True):
    """消失: of requests before they are carried out, and of answers after."""

    request: Share
    reply: Share
    system: System | None = None


class Duplication(Fault, frozen=True):
    """重複: the receiver gets a request twice, the second time at once or up to *late_ms* later."""

    share: Share
    late_ms: Milliseconds = 0
    system: System | None = None


class Reset(Fault, frozen=True):
    """切断: the connection breaks after the request was carried out."""

    share: Share
    system: System | None = None


class Reordering(Fault, frozen=True):
    """順序の入れ替わり: some messages are held back, so that later ones overtake them."""

    share: Share
    most_ms: Milliseconds
    system: System | None = None


class Partition(Fault, frozen=True):
    """分断: nothing passes between these systems and all others; one way or both."""

    systems: tuple[System, ...]
    way: Way = Way.BOTH


class CutOff(Fault, frozen=True):
    """機関の分断: organisations can't be reached: one, those of a prefecture, or all municipalities (LGWAN).

    Their intermediate servers share an address, so the organisation is read from the message. An answer that
    names none (guidance in place of content) passes.
    """

    organisation: OrganisationName | None = None
    prefecture: PrefectureName | None = None
    lgwan: bool = False
    way: Way = Way.BOTH


class Malformed(Fault, frozen=True):
    """壊れた回答: bodies cut short, or nothing of what was agreed."""

    operation: str
    share: Share


class StaleAnswer(Fault, frozen=True):
    """古い回答: an earlier answer to the same question comes again."""

    operation: str
    share: Share


class MislinkedCopy(Fault, frozen=True):
    """紐付け誤り: an answer of self-information bears the content of an earlier one: of another person or kind."""

    share: Share


# Processes


class Crash(Fault, frozen=True):
    """異常終了: the process is gone after so many storage operations more, and comes back *down_ms* later.

    *after_write* dies when the last of them is durable and before anybody is told; else before it is begun.
    *again*: it dies anew while it comes up, after so many operations of that start, as often as there are numbers.
    """

    system: System
    after_operations: Annotated[int, msgspec.Meta(ge=0)]
    after_write: bool
    down_ms: Milliseconds
    again: tuple[Annotated[int, msgspec.Meta(ge=0)], ...] = ()


class Stopped(Fault, frozen=True):
    """停止中: it answers 503; the intermediate servers also for one organisation alone."""

    system: System
    organisation: OrganisationName | None = None


class Late(Fault, frozen=True):
    """後日回答: the core takes requests for records and answers them so much later."""

    seconds: Annotated[int, msgspec.Meta(ge=0, le=31_536_000)]


class Stuck(Fault, frozen=True):
    """応答なし: it takes connections and answers nothing."""

    system: System


class Overload(Fault, frozen=True):
    """過負荷: it works on so many requests at a time, and lets so many writes wait."""

    system: System
    at_once: Annotated[int, msgspec.Meta(ge=0)]


# Storage


class WritesRefused(Fault, frozen=True):
    """書き込み拒否: the disk takes nothing."""

    system: System


class DiskFull(Fault, frozen=True):
    """満杯: what makes the store grow is refused; the rest is not."""

    system: System


class SlowDisk(Fault, frozen=True):
    """遅い保存先: a commit takes so long. What has not been committed when the process dies is lost, or its last part is (torn)."""

    system: System
    commit_ms: Milliseconds


# Clocks and certificates


class ClockJump(Fault, frozen=True):
    """時間の飛躍: all clocks move on at once, as after a long weekend of all servers."""

    by_ms: Milliseconds


class ClockSkew(Fault, frozen=True):
    """時計のずれ: one system's clock is ahead or behind."""

    system: System
    by_ms: int


class CertificateRevoked(Fault, frozen=True):
    """失効: of the user-authentication certificate that this resident has now."""

    person: Annotated[int, msgspec.Meta(ge=0)]
    reason: RevocationReason = RevocationReason.CERTIFICATE_HOLD


AnyFault = (
    Delay | Loss | Duplication | Reset | Reordering | Partition | CutOff | Malformed | StaleAnswer | MislinkedCopy
    | Crash | Stopped | Late | Stuck | Overload | WritesRefused | DiskFull | SlowDisk | ClockJump | ClockSkew
    | CertificateRevoked
)  # fmt: skip
KINDS: tuple[type[Fault], ...] = AnyFault.__args__
"""Every kind there is."""
BY_NAME: dict[str, type[Fault]] = {_name(kind.__name__): kind for kind in KINDS}


class After(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """きっかけ: when so many messages of this operation have been answered."""

    operation: str
    count: Annotated[int, msgspec.Meta(ge=1)] = 1


class Planned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """予定: a fault, when it begins and how long it lasts. One that happens in a moment lasts 0."""

    fault: AnyFault
    at_ms: Milliseconds
    """After the beginning of the run."""
    lasts_ms: Milliseconds = 0
    after: After | None = None
    """Not before this has happened; then at once."""


Plan = tuple[Planned, ...]


def touches(system: System | None, sender: Caller, receiver: System) -> bool:
    """Whether a fault of this system (None: of all) concerns a message."""
    return system is None or system in (sender, receiver)

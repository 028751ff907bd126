"""What an application is made of: elementary files of four kinds, and who may use each (CARD.md 1.2).

Files are declared once for all cards; what a card of a certain person has in them comes from its contents.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from cards.chip.status import SW
from cards.contents import CardContents
from cards.pins import PinName

Guard = frozenset[PinName] | None
"""PINs any of which opens a file. None: open to everybody. Empty: open to nobody."""

FREE: Guard = None
NEVER: Guard = frozenset()


def needs(*names: PinName) -> Guard:
    """Opened by any one of these PINs."""
    return frozenset(names)


class ChangedBy(Enum):
    """The command that replaces a PIN: it differs between applications (CARD.md 1.4)."""

    CHANGE_REFERENCE_DATA = "00 24"
    CHANGE_KEY = "80 32"
    NOTHING = "none"


class KeyUse(Enum):
    """What a key file does."""

    SIGNATURE = "COMPUTE DIGITAL SIGNATURE"
    INTERNAL_AUTHENTICATE = "INTERNAL AUTHENTICATE"
    OTHER = "nothing that a holder can ask for"


# Compared and hashed by identity: they are declared once, and the file images are cached under them.
@dataclass(frozen=True, slots=True, eq=False)
class TransparentFile:
    """Bytes, read by offset."""

    image: Callable[[CardContents], bytes]
    guard: Guard = FREE


@dataclass(frozen=True, slots=True, eq=False)
class RecordFile:
    """Records in simple-TLV, read by number."""

    records: Callable[[CardContents], tuple[bytes, ...]]
    guard: Guard = FREE


@dataclass(frozen=True, slots=True, eq=False)
class PinFile:
    """A PIN: can be selected and verified by anybody, read by nobody."""

    pin: PinName
    changed_by: ChangedBy = ChangedBy.NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class KeyFile:
    """A private key, or another internal file that is only ever referred to."""

    use: KeyUse
    guard: Guard = NEVER
    key: Callable[[CardContents], object] | None = None


File = TransparentFile | RecordFile | PinFile | KeyFile


@dataclass(frozen=True, slots=True, eq=False)
class Application:
    """アプリケーション (AP, DF): an AID and its files."""

    name: str
    aid: bytes
    files: dict[int, File]
    default_key: int | None = None
    session_key_answer: SW = SW.SECURITY_NOT_SATISFIED
    data_objects: dict[int, Callable[[CardContents], bytes]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Application({self.name}, {self.aid.hex()})"

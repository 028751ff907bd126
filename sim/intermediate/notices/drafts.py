"""下書き: notices that a clerk has written and looks over before they go out, kept at the desk with their attachment.

In memory, and so gone with a restart: nothing was accepted yet, and the page says how long it is kept. What is durable
is the send itself, which bears the draft's key: pressed twice, or once more after a restart, it is the same send.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

from portal.seams.clock import Clock
from portal.wire.disclosure import Attachment
from portal.wire.notices import NoticeContent

DRAFT_MINUTES_MAX: Final = 60
DRAFTS_OF_ORGANISATION_MAX: Final = 20
DRAFT_BYTES_MAX: Final = 32 * 1024 * 1024
"""Of all drafts together. One takes about 400 KB with the largest attachment; the oldest makes room."""


class Draft(NamedTuple):
    """下書き."""

    values: Mapping[str, Any]
    """The form as it was typed."""
    attachment: Attachment | None = None
    content: NoticeContent | None = None
    """None while something in the form is wrong."""
    person: int | None = None

    @property
    def version(self) -> str:
        """Another one for other words: what is sent must be what was looked at."""
        parts = msgspec.msgpack.encode((self.values["affair"], self.person, self.content))
        return sha256(parts).hexdigest()[:32]


class _Kept(NamedTuple):
    draft: Draft
    size: int
    until_ms: int


class Drafts:
    """下書き of all organisations, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._size = 0

    def __repr__(self) -> str:
        return f"Drafts({len(self._kept)}, {self._size} bytes)"

    def of(self, organisation: str, key: str) -> Draft | None:
        self._forget_old()
        kept = self._kept.get((organisation, key))
        return None if kept is None else kept.draft

    def keep(self, organisation: str, key: str, draft: Draft) -> None:
        """In place of an older one of this key; the oldest ones go where there is no room."""
        self.drop(organisation, key)
        self._forget_old()
        size = len(msgspec.msgpack.encode((draft.values, draft.attachment)))
        of_it = [each for each in self._kept if each[0] == organisation]
        for each in of_it[: max(0, len(of_it) - DRAFTS_OF_ORGANISATION_MAX + 1)]:
            self.drop(*each)
        while self._kept and self._size + size > DRAFT_BYTES_MAX:
            self.drop(*next(iter(self._kept)))
        until_ms = self._clock.now_ms() + DRAFT_MINUTES_MAX * 60_000
        self._kept[organisation, key] = _Kept(draft, size, until_ms)
        self._size += size

    def drop(self, organisation: str, key: str) -> None:
        kept = self._kept.pop((organisation, key), None)
        if kept is not None:
            self._size -= kept.size

    def _forget_old(self) -> None:
        now = self._clock.now_ms()
        while self._kept:
            oldest = next(iter(self._kept))
            if self._kept[oldest].until_ms > now:
                return
            self.drop(*oldest)

"""A consent (同意): a page's wish from the moment it is asked to the moment its answer is fetched, once.

| from | by | to |
|---|---|---|
| ASKED | the person agreed and the card did it | ANSWERED |
| ASKED | the person gave up, the card is locked, the page closed | ANSWERED (with the error) |
| ASKED | too much time went by | ANSWERED (with the error) |
| ANSWERED | the page fetched the answer | gone |
| ANSWERED | nobody fetched it in time | gone |

There is no way back: what was agreed to once is signed once, and nothing is signed for a consent that is not ASKED.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple

from cards.bridge.messages import Asked, Message, refused

OPEN_MAX: Final = 32
"""Consents at a time; there is one person before the screen."""
OPEN_FOR_AN_ORIGIN_MAX: Final = 4
LIFE_MS: Final = 120_000
"""How long a person may take; and then again the page, to fetch the answer. Assumed."""


class ConsentState(Enum):
    """Where a consent stands."""

    ASKED = "asked"
    ANSWERED = "answered"


class Consent:
    """One wish of one page."""

    __slots__ = ("answer", "asked", "ends_ms", "identifier", "origin", "seal")

    def __init__(self, identifier: str, seal: str, origin: str, asked: Asked, ends_ms: int) -> None:
        self.identifier = identifier
        """Known to the page that asked, and to nobody else."""
        self.seal = seal
        """Known to the consent's own page alone: without it nothing is agreed to."""
        self.origin = origin
        self.asked = asked
        self.ends_ms = ends_ms
        self.answer: Message | None = None

    def __repr__(self) -> str:
        return f"Consent({self.origin}, {self.asked.mode.value}, {self.state.value})"

    @property
    def state(self) -> ConsentState:
        return ConsentState.ASKED if self.answer is None else ConsentState.ANSWERED


class TooMany(NamedTuple):
    """So many consents are open that another is not taken."""


class Consents:
    """All of one bridge. `token` gives a new unguessable text; `on_answer` is called when one was answered."""

    def __init__(self, token: Callable[[], str], on_answer: Callable[[], None] = lambda: None) -> None:
        self._token = token
        self._on_answer = on_answer
        self._open: dict[str, Consent] = {}

    def __repr__(self) -> str:
        return f"Consents({list(self._open.values())})"

    def __len__(self) -> int:
        return len(self._open)

    def ask(self, origin: str, asked: Asked, now_ms: int) -> Consent | TooMany:
        """Begin one."""
        self._tidy(now_ms)
        of_origin = sum(each.origin == origin for each in self._open.values())
        if len(self._open) >= OPEN_MAX or of_origin >= OPEN_FOR_AN_ORIGIN_MAX:
            return TooMany()
        consent = Consent(self._token(), self._token(), origin, asked, now_ms + LIFE_MS)
        self._open[consent.identifier] = consent
        return consent

    def find(self, identifier: str, now_ms: int) -> Consent | None:
        """One that is there, in whatever state."""
        self._tidy(now_ms)
        return self._open.get(identifier)

    def settle(self, consent: Consent, answer: Message, now_ms: int) -> bool:
        """Give the answer; False when there is one already."""
        if consent.answer is not None:
            return False
        consent.answer = answer
        consent.ends_ms = now_ms + LIFE_MS
        self._on_answer()
        return True

    def cancel(self, consent: Consent, now_ms: int) -> bool:
        """The person gave up, or can't go on."""
        return self.settle(consent, refused(consent.asked.message), now_ms)

    def close(self, origin: str, now_ms: int) -> None:
        """Mode 05: whatever this page still waits for is given up."""
        for consent in list(self._open.values()):
            if consent.origin == origin:
                self.cancel(consent, now_ms)

    def take(self, identifier: str, origin: str, now_ms: int) -> Message | Consent | None:
        """The answer, which is gone then; the consent when there is none yet; None for whom it doesn't concern."""
        consent = self.find(identifier, now_ms)
        if consent is None or consent.origin != origin:
            return None
        if consent.answer is None:
            return consent
        del self._open[identifier]
        return consent.answer

    def _tidy(self, now_ms: int) -> None:
        for consent in list(self._open.values()):
            if now_ms >= consent.ends_ms and consent.answer is None:
                self.cancel(consent, consent.ends_ms)
            if now_ms >= consent.ends_ms:
                del self._open[consent.identifier]

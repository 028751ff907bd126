"""The recorder: every message of a world, in order; the source of sequence diagrams and of the trace hash.

A trace line has these columns, tab-separated: moment sent (ms), how long until the outcome (ms), sender, receiver,
operation, outcome (``ok``, a problem's code, or why no answer came), bytes of the request's body, bytes of the
answer's body. The hash is SHA-256 over all lines, so two runs are the same when their hashes are.
"""

import hashlib
from collections import deque
from collections.abc import Iterator

from portal.links.link import Sighting

SIGHTINGS_KEPT_MAX = 100_000
"""The newest messages; the hash covers all of them."""
HASHED_AT_ONCE = 100
"""Lines that wait until they go into the hash together."""


class Recorder:
    """記録係."""

    def __init__(self, kept_max: int = SIGHTINGS_KEPT_MAX) -> None:
        self._kept: deque[Sighting] = deque(maxlen=kept_max)
        self._hash = hashlib.sha256()
        self._unhashed: list[str] = []
        self.count = 0

    def __repr__(self) -> str:
        return f"<Recorder: {self.count} messages>"

    def __call__(self, sighting: Sighting) -> None:
        self.count += 1
        self._kept.append(sighting)
        self._unhashed.append(line(sighting))
        if len(self._unhashed) >= HASHED_AT_ONCE:
            self._hash_all()

    def _hash_all(self) -> None:
        self._hash.update("".join(self._unhashed).encode())
        self._unhashed.clear()

    def __iter__(self) -> Iterator[Sighting]:
        return iter(self._kept)

    def since(self, count: int) -> list[Sighting]:
        """The messages after the first *count*, as far as they are kept."""
        skipped = max(0, count - (self.count - len(self._kept)))
        return list(self._kept)[skipped:]

    @property
    def trace(self) -> str:
        """SHA-256 of the whole trace, hexadecimal."""
        self._hash_all()
        return self._hash.hexdigest()


def line(sighting: Sighting) -> str:
    """One line of the trace."""
    sent_ms, took_ms, sender, receiver, operation, outcome, bytes_out, bytes_in = sighting
    return f"{sent_ms}\t{took_ms}\t{sender}\t{receiver}\t{operation}\t{outcome}\t{bytes_out}\t{bytes_in}\n"

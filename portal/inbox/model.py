"""受信箱: one list of all that lies in a folder. The rules, apart from storage.

Things of different kinds lie in different tables, each in its own order. A page is merged from the heads of these, and
where it ended is remembered for each of them: the thousandth page costs what the first does, and nothing is shown
twice or left out because two things came at one moment.
"""

import re
import unicodedata
from datetime import date
from typing import NamedTuple

from portal.notices.model import LAST_NUMBER
from portal.wire.inbox import InboxKind, ListInbox
from portal.wire.moments import DAY, LAST_MS, start_of
from portal.wire.problems import Problem, ProblemCode, problem

_CURSOR = re.compile(
    r"([0-9]{1,15})\.([0-9]{1,18})\.([0-9]{1,15})-([A-Za-z0-9_-]{0,64})\.([0-9]{1,15})-([A-Za-z0-9_-]{0,64})"
)


class Place(NamedTuple):
    """Where a list by time stands: after the thing of this moment and this name."""

    at_ms: int = LAST_MS
    name: str = ""


class Cursor(NamedTuple):
    """How far each kind has been shown."""

    until_ms: int = LAST_MS
    """What came after the first page was shown stands on none of its followers."""
    notices: int = LAST_NUMBER
    """The number of the last notice."""
    requests: Place = Place()
    inquiries: Place = Place()

    def text(self) -> str:
        requests, inquiries = self.requests, self.inquiries
        return f"{self.until_ms}.{self.notices}.{requests.at_ms}-{requests.name}.{inquiries.at_ms}-{inquiries.name}"


def read_cursor(text: str) -> Cursor | None:
    """None for what no answer of ours has said."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        return None
    until_ms, notices, requests_ms, request, inquiries_ms, inquiry = found.groups()
    return Cursor(
        int(until_ms), int(notices), Place(int(requests_ms), request), Place(int(inquiries_ms), inquiry)
    )


class Wanted(NamedTuple):
    """What is looked for, by what the tables hold in clear."""

    kind: InboxKind | None
    unread: bool
    since_ms: int
    until_ms: int


def wanted_of(query: ListInbox) -> Wanted | Problem:
    since, until = query.start or date.min, query.end
    if until is not None and since > until:
        return problem(
            ProblemCode.PERIOD_REFUSED,
            "「おわりの日」が「はじめの日」より前です。おわりの日を、はじめの日と同じかあとの日にしてください。",
            field="$.end",
        )
    since_ms = 0 if query.start is None else max(0, start_of(query.start))
    return Wanted(query.kind, query.unread, since_ms, LAST_MS if until is None else _end_of(until))


def _end_of(day: date) -> int:
    return start_of(day) + DAY


def words_of(text: str | None) -> tuple[str, ...]:
    """What must stand in a title or a sender's name: full and half width, capitals and small letters are the same."""
    return tuple(_even(text or "").split())


def says(words: tuple[str, ...], title: str, sender: str) -> bool:
    if not words:
        return True
    there = _even(f"{title}\n{sender}")
    return all(word in there for word in words)


def _even(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()

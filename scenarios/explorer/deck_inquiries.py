"""The reference model of inquiries: what was asked of the desk, what it said, what its owner must find (FAQ-2).

The desk's answers are known here too: of several for one inquiry one counts, and it is the same for ever.
"""

from dataclasses import dataclass, field

from scenarios.explorer.deck import Owner
from scenarios.explorer.deck_acts import DAY_MS, NEVER, Act, Wrong

KEPT_DAYS = 360
"""An answered inquiry is kept for a year."""


@dataclass(slots=True)
class Put:
    """One inquiry, as whoever wrote it remembers it."""

    kind: str
    text: str
    key: str | None
    sent_ms: int
    act: Act
    inquiry_id: str | None = None
    answer: str | None = None
    """As it was read."""
    answered_at: str | None = None
    seen_answered: int = NEVER
    """Since when its owner knows that there is an answer."""
    reads: list[Act] = field(default_factory=list)
    deletions: list[Act] = field(default_factory=list)


@dataclass(slots=True)
class Said:
    """An answer of the desk."""

    text: str
    act: Act


class Desk:
    """窓口, as those at it remember what they said; one for all residents of a run."""

    def __init__(self) -> None:
        self.said: dict[str, list[Said]] = {}
        """By inquiry."""

    def __repr__(self) -> str:
        return f"<Desk: {len(self.said)} inquiries>"

    def says(self, inquiry_id: str, text: str, at: int) -> Said:
        said = Said(text, Act(at))
        self.said.setdefault(inquiry_id, []).append(said)
        return said

    def taken(self, inquiry_id: str, said: Said, at: int) -> Wrong | None:
        """The portal says that this is the answer."""
        said.act.ended, said.act.is_certain = at, True
        others = [each for each in self.said[inquiry_id] if each is not said and each.act.is_certain]
        if others:
            return Wrong("an inquiry is answered once", "the second one refused", f"{inquiry_id} twice")
        return None

    def may_say(self, inquiry_id: str) -> list[str]:
        """What may be the answer: the one that was taken, or any that nobody knows of."""
        said = self.said.get(inquiry_id, [])
        certain = [each.text for each in said if each.act.is_certain]
        return certain or [each.text for each in said]

    def is_answered(self, inquiry_id: str, before: int) -> bool:
        """Whether there certainly was an answer by then."""
        return any(each.act.is_certain and each.act.ended < before for each in self.said.get(inquiry_id, []))


class Line:
    """One line of the portal's list, in plain words."""

    __slots__ = ("answered_at", "inquiry_id", "is_answered", "is_read", "kind")

    def __init__(
        self, inquiry_id: str, kind: str, answered_at: str | None, *, is_answered: bool, is_read: bool
    ) -> None:
        self.inquiry_id = inquiry_id
        self.kind = kind
        self.answered_at = answered_at
        self.is_answered = is_answered
        self.is_read = is_read

    def __repr__(self) -> str:
        return f"<{self.inquiry_id} {self.kind} {self.answered_at or 'waiting'}>"


class Inquirer:
    """問い合わせた人: one resident's inquiries by the rules."""

    def __init__(self, owner: Owner, desk: Desk) -> None:
        self.put: list[Put] = []
        self._owner = owner
        self._desk = desk

    def __repr__(self) -> str:
        return f"<Inquirer: {len(self.put)} inquiries>"

    def ask(self, kind: str, text: str, key: str | None, at: int) -> Put:
        if key is not None:
            for earlier in self.put:
                if earlier.key == key:
                    return earlier
        put = Put(kind, text, key, self._owner.latest_ms, Act(at))
        self.put.append(put)
        return put

    def accepted(self, put: Put, line: Line, began: int, ended: int) -> Wrong | None:
        if put.inquiry_id not in (None, line.inquiry_id):
            if not self._may_be_gone(put, ended):
                return Wrong("one key is one inquiry", str(put.inquiry_id), line.inquiry_id)
            put.reads, put.deletions, put.seen_answered, put.answer = [], [], NEVER, None
            put.act, put.answered_at = Act(began), None
        put.inquiry_id = line.inquiry_id
        if not put.act.is_certain:
            put.act.ended, put.act.is_certain = ended, True
        return self._looked_at(put, line, began, ended)

    def listed(self, lines: list[Line], began: int, ended: int) -> Wrong | None:
        """The portal's list: everything that must be there, nothing that must not."""
        shown: set[int] = set()
        for line in lines:
            put = self._match(line, shown)
            if put is None:
                return Wrong("the folder holds its owner's inquiries", "nothing else", f"{line}")
            shown.add(id(put))
            wrong = self._looked_at(put, line, began, ended)
            if wrong is not None:
                return wrong
        for put in self.put:
            if id(put) not in shown and (wrong := self.missed(put, began, ended)) is not None:
                return wrong
        return None

    def missed(self, put: Put, began: int, ended: int) -> Wrong | None:
        """The portal does not show it."""
        if put.act.is_certain and put.act.ended < began and not self._may_be_gone(put, ended):
            return Wrong("an accepted inquiry is not lost", f"{put.inquiry_id}", "not there")
        return None

    def read(self, put: Put, line: Line, text: str, answer: str | None, act: Act) -> Wrong | None:
        """The portal shows what was asked and answered."""
        if text != put.text:
            return Wrong("an inquiry is what its owner wrote", put.text, text)
        if answer is not None:
            allowed = self._desk.may_say(line.inquiry_id)
            if answer not in allowed:
                return Wrong("an answer is what the desk said", " or ".join(allowed) or "none", answer)
            if put.answer not in (None, answer):
                return Wrong("an inquiry is answered once", str(put.answer), answer)
            put.answer = answer
            act.is_certain = True
        return self._looked_at(put, line, act.began, act.ended, by_reading=True)

    def _match(self, line: Line, shown: set[int]) -> Put | None:
        for put in self.put:
            if put.inquiry_id == line.inquiry_id and id(put) not in shown:
                return put
        for put in self.put:
            if put.inquiry_id is None and put.kind == line.kind and id(put) not in shown:
                # Which of those that were sent without an answer it is shows when it is read.
                return Put(put.kind, put.text, put.key, put.sent_ms, Act(put.act.began), line.inquiry_id)
        for put in self.put:
            if put.kind == line.kind and (self._owner.has_copies or put.deletions):
                return Put(put.kind, put.text, put.key, put.sent_ms, Act(put.act.began), line.inquiry_id)
        return None

    def _looked_at(
        self, put: Put, line: Line, began: int, ended: int, *, by_reading: bool = False
    ) -> Wrong | None:
        if self._is_gone(put, began):
            return Wrong("what was deleted is gone", "gone", f"{line}")
        if line.kind != put.kind:
            return Wrong("an inquiry is what its owner wrote", put.kind, line.kind)
        known = put.seen_answered < began or self._desk.is_answered(line.inquiry_id, began)
        if known and not line.is_answered:
            return Wrong("what was answered stays so", "answered", f"{line}")
        if line.is_answered and not self._desk.said.get(line.inquiry_id):
            return Wrong("only the desk answers", "waiting", f"{line}")
        if line.is_answered is (line.answered_at is None):
            return Wrong("what was answered says when", f"{line.is_answered}", f"{line.answered_at}")
        if put.answered_at is not None and line.is_answered and line.answered_at != put.answered_at:
            return Wrong("an inquiry is answered once", put.answered_at, str(line.answered_at))
        if not by_reading and line.is_read and all(each.began >= ended for each in put.reads):
            return Wrong("only what was read is marked as read", "unread", f"{line}")
        if not line.is_read and any(each.is_certain and each.ended < began for each in put.reads):
            return Wrong("what was read is marked as read", "read", f"{line}")
        if line.is_answered and ended > began:
            put.seen_answered = min(put.seen_answered, ended)
            put.answered_at = line.answered_at
        return None

    def _is_gone(self, put: Put, before: int) -> bool:
        if any(each.is_certain and each.ended < before for each in put.deletions):
            return True
        return put.act.is_certain and self._owner.is_closed_since(put.act.ended, before)

    def _may_be_gone(self, put: Put, before: int) -> bool:
        if any(each.began < before for each in put.deletions):
            return True
        if self._owner.may_have_closed(put.act.began, before):
            return True
        answered = self._desk.said.get(put.inquiry_id or "")
        return bool(answered) and self._owner.latest_ms - put.sent_ms >= KEPT_DAYS * DAY_MS

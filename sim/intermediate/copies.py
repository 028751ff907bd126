"""副本 (DBM): computed from the nation unless an organisation has registered or deleted one; then that is stored.

Beside copies: documents outside the data standard (SELF-8) and what is withheld of self-information (SELF-9).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

import msgspec
import structlog

from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Row, Work, put
from portal.store.store import Op, Query, read_one
from portal.wire.disclosure import Attachment, CopyItem
from portal.wire.intermediate_keeping import (
    DOCUMENTS_MAX,
    CopyEntry,
    DeleteCopy,
    DeleteDocument,
    Group,
    RegisterCopies,
    RegisterDocument,
    SendState,
    SendView,
    Withhold,
)
from portal.wire.moments import day_of
from portal.wire.network import NOTE_HOLDING, NoteHolding
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.registry import ResidentChange
from portal.wire.systems import System
from portal.wire.texts import forbidden_in
from sim.delivering import Pushed, pushed, reason_of
from sim.intermediate import sends
from sim.intermediate.copy_rules import doubled_copy, not_a_holder, unfit, wrong_copy, wrong_items_to_withhold
from sim.intermediate.layouts import HeldCopy, previous_layout
from sim.intermediate.residents import Residents
from sim.intermediate.standing import Standing
from sim.nation.catalogue import Catalogue
from sim.nation.circumstances import Circumstances
from sim.nation.copies import copy_for
from sim.nation.holdings import holders
from sim.nation.nation import Nation
from sim.nation.organisations import organisation
from sim.network.codes import LinkageCodes
from sim.network.sieve import Sieve

log = structlog.get_logger(__name__)

HOLDING_NOTE = "holding_note"
"""Outbox: tell the core that a copy is there, or no longer."""


MADE_KEPT_MAX = 1_000
"""Copies that were computed and are kept in memory, some 3 kB each."""


class Stored(NamedTuple):
    organisation: str
    person: int
    information: str
    version: str
    as_of: str
    items: bytes
    deleted: int


class Withheld(NamedTuple):
    everything: int
    items: bytes

    @property
    def names(self) -> tuple[str, ...]:
        return msgspec.json.decode(self.items, type=tuple[str, ...])


class _Document(NamedTuple):
    name: str
    media_type: str
    content: bytes


_STORED = Query(
    "SELECT organisation, person, information, version, as_of, items, deleted FROM copies "
    "WHERE person = :person AND organisation = :organisation AND information = :information",
    Stored,
)


class _Whose(NamedTuple):
    person: int


_PERSONS = Query(
    "SELECT person FROM copies UNION SELECT person FROM withholdings UNION SELECT person FROM documents",
    _Whose,
)
_WITHHELD = Query(
    "SELECT everything, items FROM withholdings "
    "WHERE person = :person AND organisation = :organisation AND information = :information",
    Withheld,
)
_DOCUMENTS = Query(
    "SELECT name, media_type, content FROM documents "
    "WHERE person = :person AND organisation = :organisation AND information = :information ORDER BY name",
    _Document,
)


def _put(row: Stored) -> Op:
    return Op(
        "INSERT INTO copies (organisation, person, information, version, as_of, items, deleted) "
        "VALUES (:organisation, :person, :information, :version, :as_of, :items, :deleted) "
        "ON CONFLICT (person, organisation, information) DO UPDATE SET version = excluded.version, "
        "as_of = excluded.as_of, items = excluded.items, deleted = excluded.deleted",
        row._asdict(),
    )


class Copies:
    """副本 of all organisations."""

    def __init__(
        self,
        surroundings: Surroundings,
        nation: Nation,
        catalogue: Catalogue,
        codes: LinkageCodes,
        standing: Standing,
        residents: Residents,
        wake: Callable[[], None],
    ) -> None:
        self._residents = residents
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._network = surroundings.link(System.NETWORK)
        self._nation = nation
        self._catalogue = catalogue
        self._codes = codes
        self._standing = standing
        self._wake = wake
        # A request looks twice, when it is taken and when it is answered; while nothing changes for the person it finds
        # the same.
        self._kept: OrderedDict[tuple[str, int, str, str | None], tuple[Circumstances, HeldCopy | None]] = (
            OrderedDict()
        )
        self._touched = Sieve()
        """Of whom anything is in the store: of most people there is only what the nation says."""
        self.works: Mapping[str, Work] = {HOLDING_NOTE: self._note}

    def __repr__(self) -> str:
        return f"Copies({self._nation!r})"

    async def load(self) -> None:
        self._touched.load(row.person for row in await self._store.read(_PERSONS))

    async def find(self, code: str, person: int, information: str) -> HeldCopy | None:
        """What this organisation's server holds; None when it holds nothing of the kind."""
        kind = self._catalogue.information.get(information)
        if kind is None:
            return None
        stored = None
        if self._touched.may_hold(person):
            stored = await read_one(self._store, _STORED, _whose(code, person, information))
        if stored is not None:
            items = msgspec.json.decode(stored.items, type=tuple[CopyItem, ...])
            return (
                None if stored.deleted else HeldCopy(stored.version, date.fromisoformat(stored.as_of), items)
            )
        version = None
        if self._standing.of(code).old_layouts:
            version = previous_layout(kind, day_of(self._clock.now_ms())).version
        life = await self._residents.life(person)
        name = (code, person, information, version)
        kept = self._kept.get(name)
        if kept is not None and kept[0] is life:
            return kept[1]
        copy = self._made(code, life, information, version)
        self._kept[name] = (life, copy)
        if len(self._kept) > MADE_KEPT_MAX:
            self._kept.popitem(last=False)
        return copy

    def _made(self, code: str, life: Circumstances, information: str, version: str | None) -> HeldCopy | None:
        profile = self._catalogue.profile.id
        made = copy_for(self._nation, organisation(code), life, information, version=version, profile=profile)
        if made is None:
            return None
        items = tuple([CopyItem(name, value) for name, value in made.items])
        return HeldCopy(made.version, made.as_of, items)

    async def withheld(self, code: str, person: int, information: str) -> Withheld | None:
        if not self._touched.may_hold(person):
            return None
        return await read_one(self._store, _WITHHELD, _whose(code, person, information))

    async def documents(self, code: str, person: int, information: str) -> tuple[Attachment, ...]:
        if not self._touched.may_hold(person):
            return ()
        rows = await self._store.read(_DOCUMENTS, _whose(code, person, information))
        return tuple(Attachment(row.name, row.media_type, row.content) for row in rows)

    # 登録・更新・削除

    async def register(self, request: RegisterCopies) -> SendView | Problem:
        """All copies of a send or none; a refused send is listed with its reason, and holds nobody else up."""
        code = request.organisation
        if (at := forbidden_in(request.name, lines=False)) is not None:
            return unfit("$.name", f"送信の名前の{at + 1}文字目は使えない文字です。")
        digest = sends.digest_of(msgspec.json.encode(request.copies))
        before = await sends.known(self._store, code, sends.COPIES, request.name)
        if before is not None and (answer := sends.repeated(before, digest)) is not None:
            return answer
        now = self._clock.now_ms()
        row = sends.SendRow(
            code, sends.COPIES, request.name, digest, str(SendState.ACCEPTED), len(request.copies), now
        )
        refused = sends.too_many(len(request.copies), self._standing.per_send(code, Group.DBM))
        if refused is None:
            wrong = (self._wrong(code, number, entry) for number, entry in enumerate(request.copies))
            refused = next(filter(None, wrong), None) or doubled_copy(request.copies)
        if refused is not None:
            return await sends.refuse(self._store, row, refused)
        ops = [sends.insert(row)]
        for entry in request.copies:
            ops += await self._replaced(_stored(code, entry))
        await self._store.write(ops)
        self._wake()
        return row.view

    def _wrong(self, code: str, number: int, entry: CopyEntry) -> Problem | None:
        if self._standing.no_person(entry.person) is not None:
            return unfit(f"$.copies[{number}].person", f"{number + 1}件目: この統合宛名番号の人はいません。")
        return wrong_copy(self._catalogue, code, number, entry)

    async def delete(self, request: DeleteCopy) -> Done | Problem:
        """From now on there is none, whatever the nation computes; registering one puts it back."""
        if (nobody := self._standing.no_person(request.person)) is not None:
            return nobody
        if await self.find(request.organisation, request.person, request.information) is None:
            return problem(ProblemCode.NOT_FOUND, "この特定個人情報の副本はありません。")
        gone = Stored(request.organisation, request.person, request.information, "", "", b"[]", 1)
        await self._store.write(await self._replaced(gone))
        self._wake()
        return Done()

    async def _replaced(self, row: Stored) -> list[Op]:
        """Keep this row; the core is told when who holds something is no longer what the nation says."""
        now = self._clock.now_ms()
        self._touched.add(row.person)
        before = await read_one(self._store, _STORED, _whose(row.organisation, row.person, row.information))
        held_before = before.deleted == 0 if before is not None else await self._computed(row[:3])
        if held_before == (row.deleted == 0):
            return [_put(row)]
        key = f"{row.organisation}/{row.person}/{row.information}"
        return [_put(row), put(HOLDING_NOTE, key, due_ms=now, now_ms=now)]

    async def _computed(self, whose: tuple[str, int, str]) -> bool:
        code, person, information = whose
        life = await self._residents.life(person)
        return any(holder.code == code for holder in holders(life, information, self._catalogue.profile.id))

    async def note_resident(self, change: ResidentChange) -> Done | Problem:
        """異動の反映: copies are computed from the changed person from now on; the core learns who holds what now."""
        if (nobody := self._standing.no_person(change.person)) is not None:
            return nobody
        if (impossible := self._residents.impossible(change)) is not None:
            return impossible
        async with self._residents.changing:
            before = await self._residents.life(change.person)
            row = await self._residents.newer(change)
            if row is None:
                return Done()
            now, ops = self._clock.now_ms(), []
            for whose in sorted(self._held(before) ^ self._held(self._residents.life_of(change))):
                code, information = whose
                ops.append(put(HOLDING_NOTE, f"{code}/{change.person}/{information}", due_ms=now, now_ms=now))
            await self._residents.keep(row, ops)
        self._wake()
        return Done()

    def _held(self, life: Circumstances) -> set[tuple[str, str]]:
        """Organisation and kind of every copy that is computed about somebody."""
        law = self._catalogue
        return {
            (holder.code, code) for code in law.information for holder in holders(life, code, law.profile.id)
        }

    async def _note(self, row: Row) -> Finished | Again:
        code, number, information = row.key.split("/")
        person = int(number)
        # Read before the answer is made: what changes meanwhile is told as well.
        unchanged = await self._residents.unchanged(person)
        stored = await read_one(self._store, _STORED, _whose(code, person, information))
        held = (
            stored.deleted == 0 if stored is not None else await self._computed((code, person, information))
        )
        name = self._codes.code_of(person, code)
        outcome = await self._network.call(NOTE_HOLDING, NoteHolding(code, name, information, held))
        # Until the core has heard of it, nobody finds what is held here: this is never given up.
        now = self._clock.now_ms()
        came_to = pushed(outcome, put_ms=now, now_ms=now)
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is not Pushed.TAKEN:
            log.warning("holding_not_noted", came_to=str(came_to), reason=reason_of(outcome))
        # What was changed while the core was told is told as well: the row must be as it was.
        kept = _still_none(code, person, information) if stored is None else _unchanged(stored)
        return Finished((*unchanged, kept))

    # 関連書類と不開示

    async def register_document(self, request: RegisterDocument) -> Done | Problem:
        """関連書類 (SELF-8): at most a few, so that they fit into one delivery with the copy."""
        if (nobody := self._standing.no_person(request.person)) is not None:
            return nobody
        if request.information not in self._catalogue.information:
            return unfit("$.information", "この特定個人情報名コードはカタログにありません。")
        if (at := forbidden_in(request.name, lines=False)) is not None:
            return unfit("$.name", f"書類の名前の{at + 1}文字目は使えない文字です。")
        there = await self.documents(request.organisation, request.person, request.information)
        names = {document.name for document in there}
        if request.name not in names and len(names) >= DOCUMENTS_MAX:
            return problem(
                ProblemCode.CONFLICT,
                f"関連書類は、1人の1つの特定個人情報につき{DOCUMENTS_MAX}件までです。要らないものを外してください。",
            )
        sql = (
            "INSERT INTO documents (organisation, person, information, name, media_type, content) "
            "VALUES (:organisation, :person, :information, :name, :media_type, :content) "
            "ON CONFLICT (person, organisation, information, name) DO UPDATE SET "
            "media_type = excluded.media_type, content = excluded.content"
        )
        self._touched.add(request.person)
        await self._store.write([Op(sql, msgspec.structs.asdict(request))])
        return Done()

    async def delete_document(self, request: DeleteDocument) -> Done | Problem:
        """外す: one more asking finds none of that name, and says so."""
        if (nobody := self._standing.no_person(request.person)) is not None:
            return nobody
        there = await self.documents(request.organisation, request.person, request.information)
        if request.name not in {document.name for document in there}:
            return problem(ProblemCode.NOT_FOUND, "この名前の関連書類はありません。", field="$.name")
        sql = (
            "DELETE FROM documents WHERE person = :person AND organisation = :organisation "
            "AND information = :information AND name = :name"
        )
        await self._store.write([Op(sql, msgspec.structs.asdict(request), None)])
        return Done()

    async def withhold(self, request: Withhold) -> Done | Problem:
        """不開示 (SELF-9): by items, or everything; with neither, nothing is withheld any more."""
        if (nobody := self._standing.no_person(request.person)) is not None:
            return nobody
        kind = self._catalogue.information.get(request.information)
        if kind is None:
            return unfit("$.information", "この特定個人情報名コードはカタログにありません。")
        if (stranger := not_a_holder(kind, request.organisation)) is not None:
            return unfit("$.information", stranger)
        copy = await self.find(request.organisation, request.person, request.information)
        held = () if copy is None else tuple(item.name for item in copy.items)
        if (wrong := wrong_items_to_withhold(kind, request.items, held)) is not None:
            return wrong
        sql = (
            "INSERT INTO withholdings (organisation, person, information, everything, items) "
            "VALUES (:organisation, :person, :information, :everything, :items) "
            "ON CONFLICT (person, organisation, information) DO UPDATE SET "
            "everything = excluded.everything, items = excluded.items"
        )
        whole = msgspec.structs.asdict(request) | {
            "everything": int(request.everything),
            "items": msgspec.json.encode(request.items),
        }
        self._touched.add(request.person)
        await self._store.write([Op(sql, whole)])
        return Done()


def _whose(code: str, person: int, information: str) -> dict[str, object]:
    return {"organisation": code, "person": person, "information": information}


def _stored(code: str, entry: CopyEntry) -> Stored:
    items = msgspec.json.encode(entry.items)
    return Stored(
        code, entry.person, entry.information, entry.version, entry.as_of.isoformat(), items, deleted=0
    )


def _unchanged(stored: Stored) -> Op:
    return Op(
        "UPDATE copies SET deleted = :deleted WHERE person = :person AND organisation = :organisation "
        "AND information = :information AND deleted = :deleted",
        {**_whose(stored.organisation, stored.person, stored.information), "deleted": stored.deleted},
    )


def _still_none(code: str, person: int, information: str) -> Op:
    """A precondition: that nothing has been registered or deleted meanwhile."""
    sql = "DELETE FROM copies WHERE person = :person AND organisation = :organisation AND information = :information"
    return Op(sql, _whose(code, person, information), 0)

"""異動の反映: residents whom life has changed, as the registry says, for the copies that are computed from them.

A municipality's back office would learn of a move and bring its copies up to date. Until back offices are systems of
their own, the servers take their part: what is kept here is what such an office knows of a resident.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import trio

from portal.store.store import Op, Query, Store, read_one
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.registry import ResidentChange
from sim.nation.blocks import Role
from sim.nation.changed import Changed, changed_circumstances
from sim.nation.circumstances import Circumstances, circumstances
from sim.nation.municipalities import MUNICIPALITIES, UnknownMunicipality, municipality
from sim.nation.nation import Nation
from sim.nation.organisations import Kind, UnknownOrganisation, organisation
from sim.nation.person import Address, Member


class _Row(NamedTuple):
    person: int
    version: int
    body: bytes


class _Person(NamedTuple):
    person: int
    body: bytes


class _Where(msgspec.Struct, frozen=True):
    municipality: str


_ALL = Query("SELECT person, body FROM residents ORDER BY person", _Person)
_ONE = Query("SELECT person, version, body FROM residents WHERE person = :person", _Row)


class Residents:
    """住民. Who was changed is in memory too; what became of them is read when somebody asks for a copy."""

    def __init__(self, store: Store, nation: Nation) -> None:
        self._store = store
        self._nation = nation
        self._changed: dict[int, str] = {}
        """Who was changed, and the municipality where they live since."""
        self.changing = trio.Lock()
        """Held by whoever looks at how it was and writes how it is."""

    def __repr__(self) -> str:
        return f"<Residents: {len(self._changed)} changed>"

    async def load(self) -> None:
        """Read who was changed before the last restart."""
        self._changed = {
            row.person: msgspec.json.decode(row.body, type=_Where).municipality
            for row in await self._store.read(_ALL)
        }

    async def life(self, person: int) -> Circumstances:
        """How somebody of the nation lives now."""
        row = await self._row(person)
        if row is None:
            return circumstances(self._nation, self._nation.person(person))
        return self.life_of(msgspec.json.decode(row.body, type=ResidentChange))

    def not_of(self, code: str) -> Callable[[int], str | None]:
        """What tells of a 宛名番号 why it is none of this organisation's: nobody's, or a resident of another place.

        A municipality knows its residents, a prefecture those of its municipalities, the nation's bodies everybody.
        """
        size, changed, body = self._nation.size, self._changed, organisation(code)
        here = range(size)
        if body.kind is Kind.MUNICIPALITY and body.municipality is not None:
            here = self._nation.residents_of(body.municipality)
        elif body.municipality is not None:
            area = body.municipality[:2]
            places = [
                self._nation.residents_of(each.code) for each in MUNICIPALITIES if each.code[:2] == area
            ]
            here = range(min(each.start for each in places), max(each.stop for each in places))
        is_whole, area = len(here) == size, body.municipality or ""
        digits = 6 if body.kind is Kind.MUNICIPALITY else 2

        def why(person: int) -> str | None:
            if not 0 <= person < size:
                return "この宛名番号の人はいません。"
            if is_whole:
                return None
            lives_at = changed.get(person)
            if person in here if lives_at is None else lives_at[:digits] == area[:digits]:
                return None
            return f"この宛名番号の人は、{body.name}の住民ではありません（転出した人を含みます）。宛名番号を確かめてください。"

        return why

    def impossible(self, change: ResidentChange) -> Problem | None:
        """What of a change names nothing that there is."""
        for field in ("municipality", "moved_from"):
            code = getattr(change, field)
            if code is not None:
                try:
                    municipality(code)
                except UnknownMunicipality as error:
                    return problem(ProblemCode.UNPROCESSABLE, str(error), field=f"$.{field}")
        if change.insurer is not None:
            try:
                organisation(change.insurer)
            except UnknownOrganisation as error:
                return problem(ProblemCode.UNPROCESSABLE, str(error), field="$.insurer")
        return None

    def life_of(self, change: ResidentChange) -> Circumstances:
        """How they live by what the registry says."""
        members = tuple(
            Member(each.person, each.person, each.birth_date, each.sex, Role(each.role))
            for each in change.members
        )
        changed = Changed(
            change.person,
            change.since,
            Address(change.municipality, change.postal_code, change.address),
            change.household,
            members,
            change.died,
            change.moved_from,
            change.moved_on,
            None if change.insurer is None else organisation(change.insurer),
        )
        return changed_circumstances(self._nation, changed)

    async def newer(self, change: ResidentChange) -> _Row | None:
        """The row to keep, unless as much or more is known."""
        known = await self._row(change.person)
        if known is not None and known.version >= change.version:
            return None
        return _Row(change.person, change.version, msgspec.json.encode(change))

    async def keep(self, row: _Row, ops: Sequence[Op]) -> None:
        """Durable with these when it returns."""
        sql = (
            "INSERT INTO residents (person, version, body) VALUES (:person, :version, :body) "
            "ON CONFLICT (person) DO UPDATE SET version = excluded.version, body = excluded.body"
        )
        await self._store.write([Op(sql, row._asdict()), *ops])
        self._changed[row.person] = msgspec.json.decode(row.body, type=_Where).municipality

    async def unchanged(self, person: int) -> tuple[Op, ...]:
        """A precondition: that nothing newer has been heard of this person."""
        row = await self._row(person)
        if row is None:
            return (Op("DELETE FROM residents WHERE person = :person", {"person": person}, 0),)
        sql = "UPDATE residents SET version = version WHERE person = :person AND version = :version"
        return (Op(sql, {"person": person, "version": row.version}),)

    async def _row(self, person: int) -> _Row | None:
        if person not in self._changed:
            return None
        return await read_one(self._store, _ONE, {"person": person})

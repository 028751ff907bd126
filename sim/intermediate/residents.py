"""異動の反映: residents whom life has changed, as the registry says, for the copies that are computed from them.

A municipality's back office would learn of a move and bring its copies up to date. Until back offices are systems of
their own, the servers take their part: what is kept here is what such an office knows of a resident.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import trio

from portal.store.store import Op, Query, Store, read_one
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.registry import ResidentChange
from sim.nation.blocks import Role
from sim.nation.changed import Changed, changed_circumstances
from sim.nation.circumstances import Circumstances, circumstances
from sim.nation.municipalities import UnknownMunicipality, municipality
from sim.nation.nation import Nation
from sim.nation.organisations import UnknownOrganisation, organisation
from sim.nation.person import Address, Member


class _Row(NamedTuple):
    person: int
    version: int
    body: bytes


class _Person(NamedTuple):
    person: int


_ALL = Query("SELECT person FROM residents ORDER BY person", _Person)
_ONE = Query("SELECT person, version, body FROM residents WHERE person = :person", _Row)


class Residents:
    """住民. Who was changed is in memory too; what became of them is read when somebody asks for a copy."""

    def __init__(self, store: Store, nation: Nation) -> None:
        self._store = store
        self._nation = nation
        self._changed: set[int] = set()
        self.changing = trio.Lock()
        """Held by whoever looks at how it was and writes how it is."""

    def __repr__(self) -> str:
        return f"<Residents: {len(self._changed)} changed>"

    async def load(self) -> None:
        """Read who was changed before the last restart."""
        self._changed = {row.person for row in await self._store.read(_ALL)}

    async def life(self, person: int) -> Circumstances:
        """How somebody of the nation lives now."""
        row = await self._row(person)
        if row is None:
            return circumstances(self._nation, self._nation.person(person))
        return self.life_of(msgspec.json.decode(row.body, type=ResidentChange))

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
        self._changed.add(row.person)

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

"""符号の取得 (FGU): a 取得番号 is drawn, goes to the registry with the 住民票コード, and comes back with the code.

The server never sees the 住民票コード. The number is erased with the code's arrival (DOMAIN.md 1).
"""

from typing import NamedTuple

from portal.serving.system import Surroundings
from portal.store.store import Op, Query, read_one
from portal.wire.intermediate import Acquisition, BeginAcquisition, Begun, OnePerson, ReceiveCode
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from sim.intermediate.standing import Standing
from sim.network.codes import LinkageCodes

NUMBER_BYTES = 16


class _Row(NamedTuple):
    organisation: str
    person: int
    number: str | None
    code: str | None


_OF_PERSON = Query(
    "SELECT organisation, person, number, code FROM acquisitions "
    "WHERE organisation = :organisation AND person = :person",
    _Row,
)
_OF_NUMBER = Query(
    "SELECT organisation, person, number, code FROM acquisitions "
    "WHERE organisation = :organisation AND number = :number",
    _Row,
)
_OF_CODE = Query(
    "SELECT organisation, person, number, code FROM acquisitions "
    "WHERE organisation = :organisation AND code = :code",
    _Row,
)


class Acquiring:
    """符号の取得 of all organisations."""

    def __init__(self, surroundings: Surroundings, codes: LinkageCodes, standing: Standing) -> None:
        self._store = surroundings.store
        self._chance = surroundings.chance
        self._codes = codes
        self._standing = standing

    def __repr__(self) -> str:
        return "Acquiring()"

    async def begin(self, request: BeginAcquisition) -> Begun | Problem:
        """A new number each time; the one before is void with it."""
        if (nobody := self._standing.no_person(request.person)) is not None:
            return nobody
        number = self._chance.random_bytes(NUMBER_BYTES).hex()
        await self._store.write(
            [
                Op(
                    "INSERT INTO acquisitions (organisation, person, number) VALUES (:organisation, :person, :number) "
                    "ON CONFLICT (organisation, person) DO UPDATE SET number = excluded.number",
                    {"organisation": request.organisation, "person": request.person, "number": number},
                )
            ]
        )
        return Begun(number)

    async def receive(self, request: ReceiveCode) -> Done | Problem:
        """The code under its number; a code for somebody else than the number was drawn for is refused."""
        whose = {"organisation": request.organisation}
        row = await read_one(self._store, _OF_NUMBER, {**whose, "number": request.acquisition_number})
        if row is None:
            if await read_one(self._store, _OF_CODE, {**whose, "code": request.code}) is not None:
                return Done()  # It came before, and the number went with it.
            return problem(ProblemCode.NOT_FOUND, "この取得番号は、この機関が出したものではありません。")
        if self._codes.person_of(request.code, request.organisation) != row.person:
            return problem(
                ProblemCode.UNPROCESSABLE,
                "この符号は、取得番号を出した人のものではありません。",
                field="$.code",
            )
        await self._store.write(
            [
                Op(
                    "UPDATE acquisitions SET code = :code, number = NULL "
                    "WHERE organisation = :organisation AND person = :person",
                    {**whose, "person": row.person, "code": request.code},
                    None,
                )
            ]
        )
        return Done()

    async def view(self, request: OnePerson) -> Acquisition:
        row = await read_one(
            self._store, _OF_PERSON, {"organisation": request.organisation, "person": request.person}
        )
        return Acquisition(row is not None and row.code is not None)

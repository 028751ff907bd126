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
    failure: str | None


_NOT_OF_PERSON = "届いた符号は、取得番号を出した人のものではありません。住民票コードを確かめて、同じ取得番号で依頼し直してください。"
_NOT_OF_ORGANISATION = "この取得番号は、別の機関（{other}）の機関コードで依頼されました。この機関の機関コードで依頼し直してください。"

_OF_PERSON = Query(
    "SELECT organisation, person, number, code, failure FROM acquisitions "
    "WHERE organisation = :organisation AND person = :person",
    _Row,
)
_OF_NUMBER = Query(
    "SELECT organisation, person, number, code, failure FROM acquisitions "
    "WHERE organisation = :organisation AND number = :number",
    _Row,
)
_OF_NUMBER_ANYWHERE = Query(
    "SELECT organisation, person, number, code, failure FROM acquisitions WHERE number = :number", _Row
)
_OF_CODE = Query(
    "SELECT organisation, person, number, code, failure FROM acquisitions "
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
                    "ON CONFLICT (organisation, person) DO UPDATE SET number = excluded.number, failure = NULL",
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
            # Only who drew a number can have given it to anybody: their clerk is waiting, and learns what went wrong.
            drawn = await read_one(self._store, _OF_NUMBER_ANYWHERE, {"number": request.acquisition_number})
            if drawn is not None:
                await self._failed(drawn, _NOT_OF_ORGANISATION.format(other=request.organisation))
            return problem(ProblemCode.NOT_FOUND, "この取得番号は、この機関が出したものではありません。")
        if self._codes.person_of(request.code, request.organisation) != row.person:
            await self._failed(row, _NOT_OF_PERSON)
            return problem(
                ProblemCode.UNPROCESSABLE,
                "この符号は、取得番号を出した人のものではありません。",
                field="$.code",
            )
        await self._store.write(
            [
                Op(
                    "UPDATE acquisitions SET code = :code, number = NULL, failure = NULL "
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
        if row is None:
            return Acquisition(False)
        return Acquisition(row.code is not None, row.failure)

    async def _failed(self, row: _Row, words: str) -> None:
        await self._store.write(
            [
                Op(
                    "UPDATE acquisitions SET failure = :failure "
                    "WHERE organisation = :organisation AND person = :person AND number = :number",
                    {
                        "organisation": row.organisation,
                        "person": row.person,
                        "number": row.number,
                        "failure": words,
                    },
                    None,
                )
            ]
        )

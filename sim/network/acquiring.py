"""符号の取得 by organisations (FGU): the registry names the person under a 取得番号, the core sends the code under it.

A code that the organisation's server does not take (another person's, another organisation's number) leaves its reason: who
asks the same again is told, and the number may be used for the right person after all.

The number is kept only until the code has arrived; then a digest is left, by which a second use is noticed.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256

import structlog

from portal.serving.system import Surroundings
from portal.store.outbox import Again, Finished, Row, Work, put
from portal.store.store import Conflict, read_one
from portal.wire.intermediate import RECEIVE_CODE, ReceiveCode
from portal.wire.network import TakeAcquisition
from portal.wire.operation import Done
from portal.wire.problems import Problem, ProblemCode, problem
from portal.wire.systems import System
from sim.controls import ControlDesk
from sim.delivering import Pushed, pushed, reason_of
from sim.network import tables
from sim.network.codes import LinkageCodes
from sim.network.inquiries import wrong_organisation
from sim.network.tables import OrganisationAcquisition

log = structlog.get_logger(__name__)


class Acquiring:
    """機関の符号."""

    def __init__(
        self,
        surroundings: Surroundings,
        codes: LinkageCodes,
        desk: ControlDesk,
        knows_person: Callable[[int], bool],
        wake: Callable[[], None],
    ) -> None:
        self._store = surroundings.store
        self._clock = surroundings.clock
        self._intermediate = surroundings.link(System.INTERMEDIATE)
        self._codes = codes
        self._desk = desk
        self._knows_person = knows_person
        self._wake = wake
        self.works: Mapping[str, Work] = {tables.CODE_SEND: self._send}

    def __repr__(self) -> str:
        return "Acquiring()"

    async def take(self, request: TakeAcquisition) -> Done | Problem:
        """Durable before this answers; the same number for somebody else is refused."""
        if wrong_organisation(request.organisation) is not None:
            return problem(
                ProblemCode.UNPROCESSABLE, "この機関コードの機関はありません。", field="$.organisation"
            )
        if not self._knows_person(request.person):
            return problem(ProblemCode.UNPROCESSABLE, "この人はいません。", field="$.person")
        now = self._clock.now_ms()
        digest = sha256(f"{request.organisation}/{request.acquisition_number}".encode()).hexdigest()
        wanted = OrganisationAcquisition(
            digest, request.organisation, request.person, request.acquisition_number, now
        )
        known = await read_one(self._store, tables.ORGANISATION_ACQUISITION, {"digest": digest})
        if known is None:
            ops = [
                tables.insert_organisation_acquisition(wanted),
                put(tables.CODE_SEND, digest, due_ms=now, now_ms=now),
                tables.forget_organisation_acquisitions(now),
            ]
            if isinstance(await self._store.write(ops), Conflict):
                known = await read_one(self._store, tables.ORGANISATION_ACQUISITION, {"digest": digest})
                assert known is not None, digest
            else:
                self._wake()
                return Done()
        if known.refusal is not None:
            if known.person == request.person:
                return problem(
                    ProblemCode.UNPROCESSABLE,
                    f"この取得番号の符号は、機関のサーバーに受け取られませんでした。{known.refusal}",
                    field="$.acquisition_number",
                )
            ops = [
                tables.renew_organisation_acquisition(wanted),
                put(tables.CODE_SEND, digest, due_ms=now, now_ms=now),
            ]
            if not isinstance(await self._store.write(ops), Conflict):
                self._wake()
                return Done()
            known = await read_one(self._store, tables.ORGANISATION_ACQUISITION, {"digest": digest})
            assert known is not None, digest
        if known.person != request.person:
            return problem(
                ProblemCode.UNPROCESSABLE,
                "この取得番号は使用済みです。新しい取得番号で取得してください。",
                field="$.acquisition_number",
            )
        return Done()

    async def _send(self, row: Row) -> Finished | Again:
        if self._desk.stopped:
            return Again("stopped")
        taken = await read_one(self._store, tables.ORGANISATION_ACQUISITION, {"digest": row.key})
        if taken is None or taken.number is None:
            return Finished()
        code = self._codes.code_of(taken.person, taken.organisation)
        outcome = await self._intermediate.call(
            RECEIVE_CODE, ReceiveCode(taken.organisation, taken.number, code)
        )
        came_to = pushed(outcome, put_ms=row.put_ms, now_ms=self._clock.now_ms())
        if came_to is Pushed.AGAIN:
            return Again(reason_of(outcome))
        if came_to is not Pushed.TAKEN:
            log.warning("code_not_taken", came_to=str(came_to), reason=reason_of(outcome))
            words = outcome.detail if isinstance(outcome, Problem) else reason_of(outcome)
            return Finished((tables.refuse_organisation_acquisition(row.key, words),))
        return Finished((tables.erase_acquisition_number(row.key),))

"""A visit (訪問): a resident at a terminal, from the card on the reader to leaving; every step through the real portal."""

import re
from datetime import timedelta
from typing import Any, Final, TypeVar

from cards.terminal import Signed, authenticate
from portal.links.link import Link, Unreachable
from portal.wire import account, mailbox, notices, records, self_information, sign_in
from portal.wire.moments import day_of, to_ms
from portal.wire.operation import Nothing, Operation
from portal.wire.problems import Problem, ProblemCode
from portal.wire.records import OneRequest, RequestState
from portal.wire.systems import Party, System
from scenarios.years.counting import Counting
from scenarios.years.people import Visitor
from sim.world.chance import SeededChance
from sim.world.simulated import SimulatedWorld

Req = TypeVar("Req")
Res = TypeVar("Res")

PATIENCE_SECONDS: Final = 30.0
PERIOD_DAYS: Final = 365
SELECTIONS_MAX: Final = 2
RECORDS_SHARE, SELF_SHARE = 0.6, 0.6
"""Visits that ask for records, and for self-information; like the next ones assumed."""
READS_SHARE: Final = 0.85
"""Answers that came late and are read at the next visit; the others lie in the folder until their time is over."""
SIGNS_OUT_SHARE: Final = 0.8
"""The others close the window, and are signed out by time."""
NOTICES_OPENED_MAX: Final = 5
WAITS_SECONDS: Final = 20.0
"""How long somebody looks at a page that says an answer is on its way."""
MAIL_SECONDS: Final = 30.0
CODE = re.compile(r"^\s*(\d{6})\s*$", re.MULTILINE)
_RECORDS, _SELF = "records", "self_information"


class Visit:
    """訪問."""

    def __init__(
        self, world: SimulatedWorld, visitor: Visitor, chance: SeededChance, counting: Counting
    ) -> None:
        self.world = world
        self.visitor = visitor
        self.chance = chance
        self.counting = counting
        self._portal: Link = world.link(Party.CITIZEN, System.PORTAL, deadline_s=PATIENCE_SECONDS)
        self._session = ""

    def __repr__(self) -> str:
        return f"<Visit of {self.visitor!r}>"

    async def run(self) -> None:
        """All of it. Afterwards the visitor knows what is still to come."""
        outcome = await self._enter()
        self.counting.visited(outcome)
        if outcome not in ("signed_in", "registered"):
            return
        self.visitor.visits += 1
        if self.visitor.waiting:
            await self._look_again()
        await self._notices()
        if self.chance.uniform() < RECORDS_SHARE:
            await self._records()
        if self.chance.uniform() < SELF_SHARE:
            await self._self_information()
        await self._think(6)
        if self.chance.uniform() < SIGNS_OUT_SHARE:
            await self._call(sign_in.SIGN_OUT, Nothing())
        else:
            self.counting.visited("walked_away")

    async def _call(self, operation: Operation[Req, Res], request: Req) -> Res | None:
        """What the portal answers; None when it is no answer, which the recorder has counted."""
        outcome = await self._ask(operation, request)
        return None if isinstance(outcome, (Problem, Unreachable)) else outcome

    async def _ask(self, operation: Operation[Req, Res], request: Req) -> Res | Problem | Unreachable:
        authorization = f"Bearer {self._session}" if self._session else ""
        return await self._portal.call(operation, request, authorization=authorization)

    async def _think(self, seconds: float) -> None:
        await self.world.sleep(seconds * (0.5 + self.chance.uniform()))

    # Entering

    async def _enter(self) -> str:
        world, n = self.world, self.visitor.n
        if world.simulators.resident(n).died is not None:
            return "died"
        await self._think(8)
        challenge = await self._call(sign_in.ASK_CHALLENGE, Nothing())
        if challenge is None:
            return "refused"
        card = world.wallet.card(n, self.chance, issued=world.simulators.issued_to(n))
        card.power_on()
        signed = authenticate(card.transmit, world.wallet.pins(n).auth, challenge.digest_info)
        card.power_off()
        assert isinstance(signed, Signed), signed
        request = sign_in.SignIn(challenge.challenge, signed.signature, signed.certificate)
        entered = await self._call(sign_in.SIGN_IN, request)
        if entered is None:
            return "refused"
        self._session = entered.session
        self.visitor.has_account |= entered.nickname is not None
        return "signed_in" if entered.nickname is not None else await self._register()

    async def _register(self) -> str:
        visitor = self.visitor
        await self._think(12)
        addresses = (visitor.address,) if visitor.has_mail else ()
        wishes = sign_in.AccountSettings(
            f"住民{visitor.n % 10_000:04}", addresses, tuple(sign_in.MailEvent) if addresses else ()
        )
        opened = await self._call(sign_in.OPEN_ACCOUNT, wishes)
        if opened is None:
            return "refused"
        visitor.has_account = True
        if addresses:
            await self._confirm()
        return "registered"

    async def _confirm(self) -> None:
        """Type in the code that was sent to the address."""
        await self._think(MAIL_SECONDS)
        box = self.world.link(Party.ANYONE, System.MAILBOX)
        mails = await box.call(mailbox.LIST_MAILS, mailbox.ListMails(self.visitor.address))
        if not isinstance(mails, mailbox.Mails) or not mails.mails:
            return
        mail = await box.call(mailbox.READ_MAIL, mailbox.OneMail(mails.mails[0].mail_id))
        code = CODE.search(mail.text) if isinstance(mail, mailbox.MailContent) else None
        if code is not None:
            await self._call(account.CONFIRM_MAIL, account.MailConfirmation(self.visitor.address, code[1]))

    # Looking

    async def _look_again(self) -> None:
        """What had no answer the last time."""
        visitor = self.visitor
        for request_id, kind in list(visitor.waiting.items()):
            view = await self._view(kind, request_id)
            if view is None:
                continue
            if isinstance(view, Problem):
                # Answered, and gone by its time before anybody looked.
                del visitor.waiting[request_id]
                self.counting.ended(kind, "gone")
            elif view.state is not RequestState.WAITING:
                del visitor.waiting[request_id]
                self._late(kind, view)
                if view.state is RequestState.ANSWERED and self.chance.uniform() < READS_SHARE:
                    await self._read(kind, request_id)

    def _late(self, kind: str, view: Any) -> None:
        self.counting.ended(kind, f"late_{view.state}")
        if view.answered_at is not None:
            self.counting.came_late(kind, (to_ms(view.answered_at) - to_ms(view.asked_at)) // 1000)

    async def _view(self, kind: str, request_id: str) -> Any:
        """How a request stands; a problem when it is not there any more, None when nobody can say now."""
        operation: Any = (
            records.VIEW_RECORDS_REQUEST
            if kind == _RECORDS
            else self_information.VIEW_SELF_INFORMATION_REQUEST
        )
        outcome = await self._ask(operation, OneRequest(request_id))
        is_gone = isinstance(outcome, Problem) and outcome.code is ProblemCode.NOT_FOUND
        return outcome if is_gone or not isinstance(outcome, (Problem, Unreachable)) else None

    async def _read(self, kind: str, request_id: str) -> None:
        operation: Any = records.READ_RECORDS if kind == _RECORDS else self_information.READ_SELF_INFORMATION
        await self._think(20)
        await self._call(operation, OneRequest(request_id))

    async def _notices(self) -> None:
        listed = await self._call(notices.LIST_NOTICES, notices.ListNotices(unopened=True))
        for notice in listed.notices[:NOTICES_OPENED_MAX] if listed is not None else ():
            await self._think(10)
            if await self._call(notices.OPEN_NOTICE, notices.OneNotice(notice.notice_id)) is not None:
                self.counting.notice("opened")

    # Asking

    async def _records(self) -> None:
        await self._think(6)
        today = day_of(self.world.clock.now_ms())
        wanted = records.RecordsRequest(today - timedelta(days=PERIOD_DAYS), today)
        asked = await self._call(records.REQUEST_RECORDS, wanted)
        if asked is not None:
            await self._await_answer(_RECORDS, asked.request_id, asked.state)

    async def _self_information(self) -> None:
        await self._think(6)
        found = await self._call(self_information.SEARCH, self_information.Search())
        if found is None or not found.candidates:
            return
        await self._think(10)
        first = int(self.chance.uniform() * len(found.candidates))
        chosen = tuple(
            self_information.Selection(each.information.code, each.organisation.code)
            for each in found.candidates[first : first + SELECTIONS_MAX]
        )
        asked = await self._call(
            self_information.REQUEST_SELF_INFORMATION, self_information.SelfInformationRequest(chosen)
        )
        for view in asked.requests if asked is not None else ():
            await self._await_answer(_SELF, view.request_id, view.state)

    async def _await_answer(self, kind: str, request_id: str, state: RequestState) -> None:
        """Look once more after a while; what has no answer by then is looked for at the next visit."""
        self.counting.ended(kind, "asked")
        if state is RequestState.WAITING:
            await self.world.sleep(WAITS_SECONDS)
            view = await self._view(kind, request_id)
            state = RequestState.WAITING if view is None or isinstance(view, Problem) else view.state
        if state is RequestState.WAITING:
            self.visitor.waiting[request_id] = kind
            return
        self.counting.ended(kind, state)
        if state is RequestState.ANSWERED:
            await self._read(kind, request_id)

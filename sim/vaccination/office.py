"""予防接種の窓口: takes a campaign one step further, in the running world (USE-1).

Every step is asked of the municipality's intermediate server under a name of its own, and written down when it is done:
pressed twice, or again after a crash, it is the same step.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar

import msgspec
import trio

from portal.links.link import Link, Unreachable
from portal.seams.clock import Clock
from portal.store.store import Conflict, Store, read_one
from portal.wire.intermediate_keeping import REGISTER_COPIES, RegisterCopies, SendView
from portal.wire.moments import day_of
from portal.wire.notice_sending import (
    CHECK_FOLDERS,
    CONFIRM_SEND,
    OPEN_SEND,
    PART_BYTES_MAX,
    PUT_PART,
    VIEW_SEND,
    CheckFolders,
    ConfirmSend,
    FoldersFound,
    NoticeSend,
    OpenSend,
    PutPart,
    RecipientsFormat,
    SendOfOrganisation,
    SendState,
)
from portal.wire.problems import Problem, ProblemCode, problem
from sim.nation.nation import Nation
from sim.nation.organisations import Organisation
from sim.nation.person import Person
from sim.vaccination import programme, tables
from sim.vaccination.campaign import Campaign, Step, after, comers
from sim.vaccination.programme import Claim

CALL_SECONDS_MAX = 30.0
Taken = TypeVar("Taken")

NOT_NEXT = problem(
    ProblemCode.CONFLICT, "この段階は、もう済んでいるか、まだ来ていません。いまの段階から進めてください。"
)


class VaccinationOffice:
    """予防接種の窓口 of one municipality."""

    def __init__(
        self, store: Store, clock: Clock, nation: Nation, body: Organisation, intermediate: Link
    ) -> None:
        self._store = store
        self._clock = clock
        self._nation = nation
        self._link = intermediate
        self._one_at_a_time = trio.Lock()
        self._due_on: date | None = None
        self._due: list[Person] = []
        self.body = body

    def __repr__(self) -> str:
        return f"VaccinationOffice({self.body.name})"

    async def campaign(self) -> Campaign:
        """The one that runs; the first has not begun yet."""
        row = await read_one(self._store, tables.NEWEST, {})
        return Campaign(1) if row is None else msgspec.msgpack.decode(row.content, type=Campaign)

    async def take(self, step: Step, chosen: Sequence[int] = ()) -> Campaign | Problem:
        """One step further; *chosen* are those of the people with a folder who go to be vaccinated."""
        async with self._one_at_a_time:
            campaign = await self.campaign()
            stage = after(campaign.stage, step)
            if stage is None:
                return NOT_NEXT
            moved = await self._moved(campaign, step, chosen)
            if isinstance(moved, Problem):
                return moved
            moved = msgspec.structs.replace(moved, stage=stage)
            content = msgspec.msgpack.encode(moved)
            ops = [tables.put(moved.run, campaign.stage, stage, content), tables.forget_before(moved.run)]
            return NOT_NEXT if isinstance(await self._store.write(ops), Conflict) else moved

    async def _moved(self, campaign: Campaign, step: Step, chosen: Sequence[int]) -> Campaign | Problem:
        match step:
            case Step.PICK:
                return await self._picked(campaign)
            case Step.TELL:
                if not campaign.with_folder:
                    # All are told by paper, which is not the intermediate server's affair.
                    return campaign
                send = await self._tell(campaign, programme.FIRST, campaign.with_folder)
                return (
                    send
                    if isinstance(send, Problem)
                    else msgspec.structs.replace(campaign, told=send.send_id)
                )
            case Step.CLAIM:
                return await self._claimed(campaign, comers(campaign, chosen))
            case Step.REMIND:
                left = [n for n in campaign.with_folder if n in campaign.left]
                if not left:
                    return campaign
                send = await self._tell(campaign, programme.AGAIN, left)
                if isinstance(send, Problem):
                    return send
                return msgspec.structs.replace(campaign, reminded=send.send_id)
            case Step.CLAIM_REST:
                return await self._claimed(campaign, campaign.left)
            case Step.BEGIN_AGAIN:
                return Campaign(campaign.run + 1)

    async def _picked(self, campaign: Campaign) -> Campaign | Problem:
        due = programme.due(self._nation, self.body, self._today, campaign.closed)
        numbers = tuple(person.n for person in due)
        found = await self._ask(CHECK_FOLDERS, CheckFolders(self.body.code, numbers), FoldersFound)
        if isinstance(found, Problem):
            return found
        have = tuple(n for n, has in zip(numbers, found.exist, strict=True) if has)
        return msgspec.structs.replace(campaign, due=numbers, with_folder=have)

    async def _tell(self, campaign: Campaign, title: str, people: Sequence[int]) -> NoticeSend | Problem:
        key = f"vaccination-{campaign.run}-{'again' if title == programme.AGAIN else 'first'}"
        content = programme.notice(title, self._today)
        opened = OpenSend(self.body.code, key, programme.AFFAIR, RecipientsFormat.CSV, content)
        file = programme.recipients_file(people)
        send = await self._ask(OPEN_SEND, opened, NoticeSend)
        while isinstance(send, NoticeSend) and send.state is SendState.RECEIVING:
            if send.received_bytes >= len(file):
                return await self._ask(CONFIRM_SEND, ConfirmSend(send.send_id, self.body.code), NoticeSend)
            part = file[send.received_bytes : send.received_bytes + PART_BYTES_MAX]
            wanted = PutPart(send.send_id, self.body.code, send.received_bytes, part)
            send = await self._ask(PUT_PART, wanted, NoticeSend)
        return send

    async def _claimed(self, campaign: Campaign, people: Sequence[int]) -> Campaign | Problem:
        today = self._today
        claims = [Claim(n, today) for n in people]
        if claims:
            copies = programme.vaccination_copies(self._nation, self.body, claims, today)
            name = f"vaccination-{campaign.run}-{campaign.stage}"
            taken = await self._ask(REGISTER_COPIES, RegisterCopies(self.body.code, name, copies), SendView)
            if isinstance(taken, Problem):
                return taken
        return msgspec.structs.replace(
            campaign, closed=(*campaign.closed, *people), last_claims=tuple(people)
        )

    async def send(self, send_id: str) -> NoticeSend | Problem:
        """How far this send is."""
        return await self._ask(VIEW_SEND, SendOfOrganisation(send_id, self.body.code), NoticeSend)

    async def _ask(self, operation: Any, request: Any, expected: type[Taken]) -> Taken | Problem:
        answer = await self._link.call(operation, request, deadline_s=CALL_SECONDS_MAX)
        if isinstance(answer, expected | Problem):
            return answer
        assert isinstance(answer, Unreachable), answer
        return problem(
            ProblemCode.UPSTREAM_UNAVAILABLE,
            "中間サーバーから回答がありません。動いているか確かめて、もういちど押してください。",
        )

    def due_at_first(self, today: date) -> list[Person]:
        """Those due before anybody was vaccinated in any campaign."""
        if self._due_on != today:
            self._due_on, self._due = today, programme.due(self._nation, self.body, today, ())
        return self._due

    def now_ms(self) -> int:
        return self._clock.now_ms()

    @property
    def _today(self) -> date:
        return day_of(self._clock.now_ms())

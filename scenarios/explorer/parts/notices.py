"""Notices: municipalities that send, cancel and ask; residents who open and delete; each laid once, in order, or said why."""

from datetime import timedelta
from typing import Any, NamedTuple

from portal.links.link import Unreachable
from portal.store.store import Query
from portal.wire import notice_sending as sending
from portal.wire import notices
from portal.wire.moments import day_of
from portal.wire.notice_sending import NoticeSend, RecipientsFormat, SendState
from portal.wire.notices import NoticeContent, NoticeState
from portal.wire.operation import Operation
from portal.wire.problems import Problem
from portal.wire.systems import Party, System
from scenarios.explorer.case import Errand
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.exploring import Exploration
from scenarios.explorer.parts import questionnaires
from scenarios.explorer.registry import Broken, When, actor, invariant, sometimes, step
from sim.nation.organisations import of_municipality
from sim.world.chance import SeededChance

VACCINATION = "JM90000000000003"
PART_BYTES = 2_000
STRANGERS = 510
"""More than go into one batch."""
KEPT_DAYS = 400
"""Longer than a run, its last year included."""

OPENED = sometimes("notice-opened", "お知らせが開かれる")
SENT_TWICE = sometimes("notice-sent-twice", "回答のなかった送信を、同じ key でもう一度頼む")
RESUMED = sometimes("recipients-resumed", "宛先ファイルを、切れたところから送り直す")
CANCELLED = sometimes("notice-cancelled", "送ったお知らせが取り消される")


class Sender:
    """職員 of the municipality where this resident lives, who sends notices."""

    def __init__(self, run: Exploration, errand: Errand, chance: SeededChance) -> None:
        self.run = run
        self.errand = errand
        self.chance = chance
        self.resident = run.residents[errand.who % len(run.residents)]
        self.code = of_municipality(self.resident.person.municipality_code).code
        self.link = run.link(Party.OPERATOR, System.INTERMEDIATE)
        self.sent: list[NoticeSend] = []
        self.keys = 0

    def __repr__(self) -> str:
        return f"<Sender to {self.resident.name}, errand {self.errand.number}>"

    def key(self) -> str:
        self.keys += 1
        return f"sender-{self.errand.number}-{self.keys}"

    def content(self) -> NoticeContent:
        until = day_of(self.run.now_ms()) + timedelta(days=KEPT_DAYS)
        questionnaire = questionnaires.drawn(self.run, self.chance) if self.chance.uniform() < 0.5 else None
        return NoticeContent(
            f"お知らせ{self.errand.number}-{self.keys}", "本文", until, questionnaire=questionnaire
        )

    async def ask(self, operation: Operation[Any, Any], request: object) -> NoticeSend | None:
        """Until an answer comes, a few times: whoever hears nothing asks the same again."""
        for number in range(4):
            if number:
                self.run.reached(SENT_TWICE)
                await self.run.pause(3)
            outcome = await self.link.call(operation, request)
            if isinstance(outcome, NoticeSend):
                return outcome
            if isinstance(outcome, Problem) and outcome.status != 503:
                return None
            assert isinstance(outcome, (Problem, Unreachable))
        return None


actor("sender", Sender)


@step("sender", "send-one", 4)
async def send_one(sender: Sender) -> None:
    """A notice to the resident."""
    request = sending.SendNotice(
        sender.code, sender.key(), VACCINATION, sender.resident.person.n, sender.content()
    )
    send = await sender.ask(sending.SEND_NOTICE, request)
    if send is not None:
        sender.sent.append(send)
        questionnaires.sent(sender.run, send)


@step("sender", "send-many", 3)
async def send_many(sender: Sender) -> None:
    """To everybody in this case who lives here and to strangers, by a file in parts; whoever was cut off goes on from there."""
    request = sending.OpenSend(sender.code, sender.key(), VACCINATION, RecipientsFormat.CSV, sender.content())
    send = await sender.ask(sending.OPEN_SEND, request)
    place = sender.resident.person.municipality_code
    here = [each.person.n for each in sender.run.residents if each.person.municipality_code == place]
    strangers = [
        n for n in sender.run.facts.nation.residents_of(place)[: STRANGERS + len(here)] if n not in here
    ]
    people = [*here, *strangers[:STRANGERS]]
    file = "\n".join(["宛名番号", *(f"{n:015d}" for n in people)]).encode()
    while send is not None and send.received_bytes < len(file) and send.state is SendState.RECEIVING:
        at = send.received_bytes
        part = sending.PutPart(send.send_id, sender.code, at, file[at : at + PART_BYTES])
        if sender.chance.uniform() < 0.3:
            await sender.run.pause(int(30_000 * sender.chance.uniform()) / 1000)
        put = await sender.ask(sending.PUT_PART, part)
        if put is None:
            sender.run.reached(RESUMED)
            put = await sender.ask(sending.VIEW_SEND, sending.SendOfOrganisation(send.send_id, sender.code))
        send = put
    if send is not None:
        done = await sender.ask(sending.CONFIRM_SEND, sending.ConfirmSend(send.send_id, sender.code))
        if done is not None:
            sender.sent.append(done)
            questionnaires.sent(sender.run, done)


@step("sender", "cancel", 1)
async def cancel(sender: Sender) -> None:
    if sender.sent:
        send = sender.sent.pop()
        wanted = sending.SendOfOrganisation(send.send_id, sender.code)
        if await sender.ask(sending.CANCEL_SEND, wanted) is not None:
            sender.run.reached(CANCELLED)


@step("sender", "poll", 2)
async def poll(sender: Sender) -> None:
    """開封状況を取り寄せ、アンケートの回答を回収する."""
    for send in sender.sent[-2:]:
        wanted = sending.SendOfOrganisation(send.send_id, sender.code)
        if await sender.ask(sending.POLL_SEND, wanted) is not None:
            await questionnaires.collect(sender.run, sender.link, wanted)


@step("sender", "pause", 2)
async def pause(sender: Sender) -> None:
    await sender.run.pause(1 + int(60_000 * sender.chance.uniform()) / 1000)


@step("citizen", "look-at-notices", 3)
async def look(citizen: Citizen) -> None:
    """List them, open the newest that was not opened, now and then delete it."""
    if not await citizen.ensure_signed_in():
        return
    listed = (await citizen.call(notices.LIST_NOTICES, notices.ListNotices(), window=citizen.window)).outcome
    if not isinstance(listed, notices.Notices):
        return
    unopened = [each for each in listed.notices if each.state is NoticeState.UNOPENED]
    if not unopened:
        return
    one = notices.OneNotice(unopened[0].notice_id)
    opened = (await citizen.call(notices.OPEN_NOTICE, one, window=citizen.window)).outcome
    if isinstance(opened, notices.OpenedNotice):
        citizen.run.reached(OPENED)
        if citizen.picks(0.8):
            await questionnaires.fill_in(citizen, opened)
        if citizen.picks(0.2):
            await citizen.call(notices.DELETE_NOTICE, one, window=citizen.window)


# What must hold when everything has had its time


class _Send(NamedTuple):
    organisation: str
    send_id: str
    state: str
    place: int | None
    recipients: int
    relayed: int
    delivered: int
    without_folder: int


_SENDS = Query(
    "SELECT organisation, send_id, state, place, recipients, relayed, delivered, without_folder FROM notice_sends",
    _Send,
)


class _Laid(NamedTuple):
    account_id: str
    number: int
    content_id: str
    position: int
    opened_ms: int | None


_LAID = Query("SELECT account_id, number, content_id, position, opened_ms FROM notices", _Laid)


@invariant("every notice that was accepted is in its folder, or its sender knows why not", "NOT-1", When.END)
async def all_are_laid(run: Exploration) -> Broken | None:
    for send in await run.world.stores[System.INTERMEDIATE].read(_SENDS):
        state = SendState(send.state)
        if state in (SendState.SENDING, SendState.CANCELLING):
            return Broken("sent or cancelled", f"{send}")
        if state is SendState.SENT and send.delivered + send.without_folder != send.recipients:
            return Broken(f"{send.recipients} recipients known", f"{send}")
    return None


@invariant("no notice is in folders twice", "NOT-1", When.END)
async def each_once(run: Exploration) -> Broken | None:
    laid = await run.world.stores[System.PORTAL].read(_LAID)
    places = {(each.content_id, each.position) for each in laid}
    if len(places) != len(laid):
        return Broken("each position of a send once", f"{len(laid) - len(places)} more")
    return None


@invariant("notices of one sender come in the order in which they were sent", "NOT-1", When.END)
async def in_order(run: Exploration) -> Broken | None:
    sends = await run.world.stores[System.INTERMEDIATE].read(_SENDS)
    places = {f"{send.organisation}.{send.send_id}": (send.organisation, send.place or 0) for send in sends}
    last: dict[tuple[str, str], tuple[int, int]] = {}
    for each in sorted(await run.world.stores[System.PORTAL].read(_LAID), key=lambda row: row.number):
        organisation, place = places[each.content_id]
        before = last.get((each.account_id, organisation))
        if before is not None and before > (place, each.position):
            return Broken(f"after {before}", f"{(place, each.position)} of {each.content_id}")
        last[each.account_id, organisation] = place, each.position
    return None


@invariant("what was cancelled is in no folder unopened", "NOT-6", When.END)
async def cancelled_are_gone(run: Exploration) -> Broken | None:
    sends = await run.world.stores[System.INTERMEDIATE].read(_SENDS)
    cancelled = {f"{s.organisation}.{s.send_id}" for s in sends if s.state == SendState.CANCELLED}
    for each in await run.world.stores[System.PORTAL].read(_LAID):
        if each.content_id in cancelled and each.opened_ms is None:
            return Broken("gone", f"{each}")
    return None

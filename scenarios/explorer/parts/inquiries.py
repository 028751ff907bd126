"""Inquiries: citizens who look into the FAQ and then ask, a desk that answers, an answer in the folder and by mail; all of it once."""

import re
from typing import NamedTuple

import trio

from portal.links.link import Unreachable
from portal.store.store import Query
from portal.wire import inquiries as wire
from portal.wire.inquiries import InquiryContent, InquiryKind, InquiryState, InquiryView
from portal.wire.moments import DAY
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem, ProblemCode
from portal.wire.sign_in import MailEvent
from portal.wire.systems import Party, System
from scenarios.explorer.case import Errand
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck_acts import Act
from scenarios.explorer.deck_inquiries import Desk, Inquirer, Line, Put
from scenarios.explorer.exploring import LAST_LOOKS, LAST_WORK, Citizenship, Exploration
from scenarios.explorer.registry import Broken, When, actor, invariant, noticed, sometimes, step
from sim.faults.vocabulary import ClockJump
from sim.world.chance import SeededChance

TRIES = 4
MAIL_DAYS = 4
"""The portal tries to send a mail for five days."""
KINDS = tuple(InquiryKind)

FAQ_EMPTY = noticed("the FAQ is there before anybody asks", "FAQ-1")
OTHERS = noticed("nobody reads another's inquiry", "FLD-1")
ANSWERED_ALL = noticed("every inquiry has its answer in the folder", "FAQ-2")

SENT_TWICE = sometimes("inquiry-sent-twice", "同じお問い合わせが、二度送られる")
TWO_AT_ONCE = sometimes("two-at-the-desk", "二人の担当者が、同じお問い合わせに同時に答える")
SECOND_REFUSED = sometimes("second-answer-refused", "二つめの回答が断られる")
DELETED_WAITING = sometimes("inquiry-deleted-before-its-answer", "回答の前に、お問い合わせが削除される")
READ_ANSWER = sometimes("inquiry-answer-read", "お問い合わせの回答が読まれる")
MAILED = sometimes("inquiry-answer-mailed", "お問い合わせの回答が、メールでも知らされる")


def desk_of(run: Exploration) -> Desk:
    """The desk, as the model knows it."""
    desk: Desk = run.own.setdefault("desk", Desk())
    return desk


def inquirer_of(run: Exploration, resident: Citizenship) -> Inquirer:
    """What this resident has asked of the desk."""
    known: dict[int, Inquirer] = run.own.setdefault("inquirers", {})
    if resident.index not in known:
        known[resident.index] = Inquirer(resident.owner, desk_of(run))
    return known[resident.index]


def _line(view: InquiryView) -> Line:
    answered = None if view.answered_at is None else view.answered_at.isoformat()
    return Line(
        view.inquiry_id,
        str(view.kind),
        answered,
        is_answered=view.state is InquiryState.ANSWERED,
        is_read=view.read,
    )


# Citizens


@step("citizen", "look-into-the-faq", 1)
async def look_into_the_faq(citizen: Citizen) -> None:
    called = await citizen.call(wire.SEARCH_FAQ, wire.SearchFaq())
    if isinstance(called.outcome, wire.FaqEntries) and not called.outcome.entries:
        citizen.run.breach(FAQ_EMPTY, "some entries", "none")


@step("citizen", "ask-the-desk", 4)
async def ask_the_desk(citizen: Citizen) -> None:
    """The FAQ first, then an inquiry; who hears nothing sends it again with the same key."""
    await look_into_the_faq(citizen)
    if await citizen.ensure_signed_in():
        await _send(citizen, _wanted(citizen))


@step("citizen", "ask-the-desk-twice", 1)
async def ask_the_desk_twice(citizen: Citizen) -> None:
    """A double click."""
    if not await citizen.ensure_signed_in():
        return
    wanted = _wanted(citizen)
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(_send, citizen, wanted)
    citizen.run.reached(SENT_TWICE)


def _wanted(citizen: Citizen) -> wire.SendInquiry:
    key = citizen.new_key()
    kind = KINDS[int(len(KINDS) * citizen.chance.uniform())]
    return wire.SendInquiry(kind, f"{key}について、教えてください。", key)


async def _send(citizen: Citizen, wanted: wire.SendInquiry) -> None:
    inquirer = inquirer_of(citizen.run, citizen.me)
    for _ in range(2):
        window = citizen.window
        if window is None:
            return
        put = inquirer.ask(str(wanted.kind), wanted.text, wanted.key, citizen.run.tick())
        called = await citizen.call(wire.SEND_INQUIRY, wanted, window=window)
        if isinstance(called.outcome, InquiryView):
            wrong = inquirer.accepted(put, _line(called.outcome), called.began, called.ended)
            citizen.run.judge(citizen.me, wrong)
            return
        if isinstance(called.outcome, Problem) and called.outcome.status < 500:
            return
        await citizen.wait(0.5, 10)


@step("citizen", "look-at-inquiries", 3)
async def look(citizen: Citizen) -> None:
    """The list, and then one of those that were answered."""
    if not await citizen.ensure_signed_in():
        return
    await list_inquiries(citizen)
    known = [put for put in inquirer_of(citizen.run, citizen.me).put if put.inquiry_id is not None]
    if known and citizen.window is not None:
        await _read(citizen, known[int(len(known) * citizen.chance.uniform())])


async def list_inquiries(citizen: Citizen) -> list[Line] | None:
    """The portal's list, compared with the model; None when it did not come."""
    called = await citizen.call(wire.LIST_INQUIRIES, Nothing(), window=citizen.window)
    if not isinstance(called.outcome, wire.Inquiries):
        return None
    lines = [_line(view) for view in called.outcome.inquiries]
    wrong = inquirer_of(citizen.run, citizen.me).listed(lines, called.began, called.ended)
    citizen.run.judge(citizen.me, wrong)
    return lines


async def _read(citizen: Citizen, put: Put) -> None:
    run, inquirer = citizen.run, inquirer_of(citizen.run, citizen.me)
    assert put.inquiry_id is not None, put
    act = Act(run.tick())
    put.reads.append(act)
    called = await citizen.call(wire.READ_INQUIRY, wire.OneInquiry(put.inquiry_id), window=citizen.window)
    act.began = called.began
    match called.outcome:
        case InquiryContent(view, text, answer):
            act.ended = called.ended
            run.judge(citizen.me, inquirer.read(put, _line(view), text, answer, act))
            if answer is not None:
                run.reached(READ_ANSWER)
        case Problem(code=ProblemCode.NOT_FOUND):
            run.judge(citizen.me, inquirer.missed(put, called.began, called.ended))


@step("citizen", "delete-an-inquiry", 1)
async def delete(citizen: Citizen) -> None:
    run, inquirer = citizen.run, inquirer_of(citizen.run, citizen.me)
    known = [put for put in inquirer.put if put.inquiry_id is not None]
    if not known or not await citizen.ensure_signed_in() or citizen.window is None:
        return
    put = known[int(len(known) * citizen.chance.uniform())]
    assert put.inquiry_id is not None, put
    act = Act(run.tick())
    put.deletions.append(act)
    called = await citizen.call(wire.DELETE_INQUIRY, wire.OneInquiry(put.inquiry_id), window=citizen.window)
    if isinstance(called.outcome, Done):
        act.ended, act.is_certain = called.ended, True
        if put.inquiry_id not in desk_of(run).said:
            run.reached(DELETED_WAITING)


@step("citizen", "pry-into-inquiries", 1)
async def pry(citizen: Citizen) -> None:
    """Read somebody else's inquiry by its number."""
    run = citizen.run
    others = [
        put.inquiry_id
        for resident in run.residents
        if resident is not citizen.me
        for put in inquirer_of(run, resident).put
        if put.inquiry_id is not None
    ]
    if not others or not await citizen.ensure_signed_in():
        return
    one = wire.OneInquiry(others[int(len(others) * citizen.chance.uniform())])
    called = await citizen.call(wire.READ_INQUIRY, one, window=citizen.window)
    if isinstance(called.outcome, InquiryContent):
        run.breach(OTHERS, "not-found", f"{citizen.me.name} read another's inquiry")


# The desk


class Clerk:
    """窓口の担当者."""

    def __init__(self, run: Exploration, errand: Errand, chance: SeededChance) -> None:
        self.run = run
        self.errand = errand
        self.chance = chance
        self.link = run.link(Party.OPERATOR, System.PORTAL)
        self.said = 0

    def __repr__(self) -> str:
        return f"<Clerk at the desk, errand {self.errand.number}>"

    async def waiting(self) -> tuple[wire.DeskInquiry, ...]:
        outcome = await self.link.call(wire.LIST_FOR_DESK, wire.ListForDesk())
        return outcome.inquiries if isinstance(outcome, wire.DeskInquiries) else ()

    async def answer(self, inquiry_id: str) -> None:
        """Until the portal says something, a few times."""
        run, desk = self.run, desk_of(self.run)
        self.said += 1
        text = f"回答{self.errand.number}-{self.said}です。"
        said = desk.says(inquiry_id, text, run.tick())
        for attempt in range(TRIES):
            outcome = await self.link.call(wire.ANSWER_INQUIRY, wire.AnswerInquiry(inquiry_id, text))
            match outcome:
                case Done():
                    self._taken(inquiry_id, said)
                    return
                case Problem(code=ProblemCode.CONFLICT):
                    # Answered by somebody else; or by this one, whose word of it was lost.
                    if not attempt and len(desk.said[inquiry_id]) > 1:
                        run.reached(SECOND_REFUSED)
                    return
                case Problem(status=status) if status < 500:
                    return
            assert isinstance(outcome, (Problem, Unreachable)), outcome
            await run.pause(2)

    def _taken(self, inquiry_id: str, said: object) -> None:
        desk = desk_of(self.run)
        for each in desk.said[inquiry_id]:
            if each is said:
                wrong = desk.taken(inquiry_id, each, self.run.tick())
                if wrong is not None:
                    self.run.breach(ONCE, wrong.expected, wrong.seen)


ONCE = noticed("an inquiry is answered once", "FAQ-2")

actor("desk", Clerk)


@step("desk", "answer-one", 4)
async def answer_one(clerk: Clerk) -> None:
    waiting = await clerk.waiting()
    if waiting:
        await clerk.answer(waiting[int(len(waiting) * clerk.chance.uniform())].inquiry_id)


@step("desk", "answer-all", 2)
async def answer_all(clerk: Clerk) -> None:
    for each in await clerk.waiting():
        await clerk.answer(each.inquiry_id)


@step("desk", "answer-one-with-a-colleague", 2)
async def answer_with_a_colleague(clerk: Clerk) -> None:
    """Both have the same inquiry on their screens, and both send what they wrote."""
    waiting = await clerk.waiting()
    if not waiting:
        return
    clerk.run.reached(TWO_AT_ONCE)
    async with trio.open_nursery() as nursery:
        for _ in range(2):
            nursery.start_soon(clerk.answer, waiting[0].inquiry_id)


@step("desk", "pause", 3)
async def pause(clerk: Clerk) -> None:
    await clerk.run.pause(1 + int(300_000 * clerk.chance.uniform()) / 1000)


# In the end


async def _desk_closes(run: Exploration) -> None:
    """Whatever still waits is answered when all faults are over."""
    clerk = Clerk(run, Errand(20_000, "desk", 0, 0, ()), run.chance.fork("desk/end"))
    for _ in range(TRIES):
        for each in await clerk.waiting():
            await clerk.answer(each.inquiry_id)
    await run.pause(60)


async def _everybody_has_an_answer(citizen: Citizen) -> None:
    lines = await list_inquiries(citizen)
    waiting = [line for line in lines or () if not line.is_answered]
    if lines is None or waiting:
        citizen.run.breach(ANSWERED_ALL, "an answer", f"{citizen.me.name}: {waiting or 'no list'}")
        return
    shown = {line.inquiry_id for line in lines}
    for put in inquirer_of(citizen.run, citizen.me).put:
        if put.inquiry_id in shown:
            await _read(citizen, put)


LAST_WORK.append(_desk_closes)
LAST_LOOKS.append(_everybody_has_an_answer)


class _Mail(NamedTuple):
    recipient: str
    raw: bytes


_MAILS = Query("SELECT recipient, raw FROM mails", _Mail)
_NAME = re.compile(rb"^Message-ID: <(inquiry_answered\.([^.]+)\.[^>]*)>", re.MULTILINE)


@invariant("an answered inquiry is told by mail, as one mail, to whoever wishes it", "FAQ-2", When.END)
async def mails_are_sent(run: Exploration) -> Broken | None:
    names: dict[tuple[str, str], set[bytes]] = {}
    for mail in await run.world.stores[System.MAILBOX].read(_MAILS):
        if (found := _NAME.search(mail.raw)) is not None:
            names.setdefault((found[2].decode(), mail.recipient), set()).add(found[1])
    twice = [key for key, of in names.items() if len(of) > 1]
    if twice:
        return Broken("one mail for each answer", f"several for {twice[0]}")
    if names:
        run.reached(MAILED)
    jumps = [each.fault.by_ms for each in run.case.plan if isinstance(each.fault, ClockJump)]
    if sum(jumps) > MAIL_DAYS * DAY:
        # Nobody tries for longer than that.
        return None
    desk = desk_of(run)
    for resident in run.residents:
        for put in inquirer_of(run, resident).put:
            for said in desk.said.get(put.inquiry_id or "", []):
                if not said.act.is_certain or resident.owner.may_have_closed(put.act.began, said.act.ended):
                    continue
                for address in resident.mail.must_hear(MailEvent.INQUIRY_ANSWERED, said.act.began):
                    if (put.inquiry_id, address) not in names:
                        return Broken(f"a mail to {address}", f"none about {put.inquiry_id}")
    return None

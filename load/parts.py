"""Parts that journeys have in common: entering with the card, looking at records and information, leaving."""

from collections.abc import Callable
from datetime import timedelta

from load.journeys import Visit
from load.steps import Measured, Prepared, ReadyToSignIn, Req, Res, Steps, Wait, ask, now, sign
from portal.wire import notice_sending, notices, records, self_information, sign_in
from portal.wire.notices import NoticeContent, OpenedNotice, Questionnaire
from portal.wire.operation import Nothing, Operation
from portal.wire.records import OneRequest, RequestState
from portal.wire.systems import Party
from sim.nation.organisations import of_municipality

PERIOD_DAYS = 365
SELECTIONS_MAX = 2
"""Kinds of self-information asked for in one visit."""
LATE_ANSWER_SECONDS_MAX = 30.0
"""How long a visitor stays for an answer that is late; then the visit goes on without it."""
LOOK_AGAIN_SECONDS = 0.5
PIN_SECONDS = 8.0
"""To find the card, hold it to the reader and type the PIN; like the next ones assumed."""
NICKNAME_SECONDS = 12.0
LOOK_SECONDS = 6.0
VACCINATION_AFFAIR = "JM90000000000003"
NOTICE_KEPT_DAYS = 60
CHOOSE_SECONDS = 10.0


def enter(visit: Visit) -> Steps[str | None]:
    """Sign in; open the account on the first visit. The session's token, or None."""
    yield from visit.think(0, PIN_SECONDS)
    ready: ReadyToSignIn | None = yield Prepared(visit.hand)
    if ready is None:
        challenge = yield from ask(sign_in.ASK_CHALLENGE, Nothing())
        if challenge is None:
            return None
        signed = yield from sign(challenge.digest_info, visit.hand)
        if signed is None:
            return None
        ready = ReadyToSignIn(challenge.challenge, signed.signature, signed.certificate)
    entered = yield from ask(
        sign_in.SIGN_IN,
        sign_in.SignIn(ready.challenge, ready.signature, ready.certificate, visit.terminal),
    )
    if entered is None:
        return None
    if entered.nickname is None:
        yield from visit.think(1, NICKNAME_SECONDS)
        opened = yield from ask(
            sign_in.OPEN_ACCOUNT, sign_in.AccountSettings(visit.nickname), entered.session
        )
        if opened is None:
            return None
    return entered.session


def leave(visit: Visit, session: str) -> Steps[None]:
    yield from visit.think(5, LOOK_SECONDS)
    yield from ask(sign_in.SIGN_OUT, Nothing(), session)


def look_at_records(visit: Visit, session: str) -> Steps[None]:
    """やりとり履歴 of the last year."""
    yield from visit.think(2, LOOK_SECONDS)
    wanted = records.RecordsRequest(visit.today - timedelta(days=PERIOD_DAYS), visit.today)
    asked = yield from ask(records.REQUEST_RECORDS, wanted, session)
    if asked is None:
        return
    one, state = OneRequest(asked.request_id), asked.state
    if state is RequestState.WAITING:
        state = yield from wait_for(
            "records.late_answer", records.VIEW_RECORDS_REQUEST, one, lambda view: view.state, session
        )
    if state is RequestState.ANSWERED:
        yield from ask(records.READ_RECORDS, one, session)


def look_at_self_information(visit: Visit, session: str) -> Steps[None]:
    """あなたの情報: search everything, ask for some of it, read what came."""
    yield from visit.think(3, LOOK_SECONDS)
    found = yield from ask(self_information.SEARCH, self_information.Search(), session)
    if not found or not found.candidates:
        return
    yield from visit.think(4, CHOOSE_SECONDS)
    first = visit.number * SELECTIONS_MAX % len(found.candidates)
    chosen = tuple(
        self_information.Selection(candidate.information.code, candidate.organisation.code)
        for candidate in found.candidates[first : first + SELECTIONS_MAX]
    )
    asked = yield from ask(
        self_information.REQUEST_SELF_INFORMATION, self_information.SelfInformationRequest(chosen), session
    )
    for view in asked.requests if asked else ():
        one, state = OneRequest(view.request_id), view.state
        if state is RequestState.WAITING:
            state = yield from wait_for(
                "self_information.late_answer",
                self_information.VIEW_SELF_INFORMATION_REQUEST,
                one,
                lambda view: view.state,
                session,
            )
        if state is RequestState.ANSWERED:
            yield from ask(self_information.READ_SELF_INFORMATION, one, session)


def wait_for(
    name: str,
    operation: Operation[Req, Res],
    request: Req,
    state_of: Callable[[Res], RequestState],
    session: str,
) -> Steps[RequestState]:
    """Look again until the request has ended; the time it took is recorded under *name*."""
    began = yield from now()
    while True:
        yield Wait(LOOK_AGAIN_SECONDS)
        view = yield from ask(operation, request, session)
        took = (yield from now()) - began
        if view is not None and state_of(view) is not RequestState.WAITING:
            yield Measured(name, took)
            return state_of(view)
        if view is None or took > LATE_ANSWER_SECONDS_MAX:
            yield Measured(name, took, "no answer within the visit" if view is not None else "view failed")
            return RequestState.WAITING


def send_notice(visit: Visit, title: str, questionnaire: Questionnaire | None = None) -> Steps[bool]:
    """The visitor's municipality sends her a notice, once it knows that she has a folder (NOT-1, NOT-2)."""
    nation = visit.nation
    assert nation is not None, "who sends a notice knows the nation"
    body = of_municipality(nation.person(visit.person).municipality_code).code
    began = yield from now()
    while True:
        asked = notice_sending.CheckFolders(body, (visit.person,))
        found = yield from ask(notice_sending.CHECK_FOLDERS, asked, caller=Party.OPERATOR)
        took = (yield from now()) - began
        if found is not None and found.exist[0]:
            break
        if found is None or took > LATE_ANSWER_SECONDS_MAX:
            yield Measured(
                "notices.folder_known", took, "check failed" if found is None else "not known in time"
            )
            return False
        yield Wait(LOOK_AGAIN_SECONDS)
    content = NoticeContent(
        title,
        "お知らせの本文です。" * 20,
        visit.today + timedelta(days=NOTICE_KEPT_DAYS),
        questionnaire=questionnaire,
    )
    wanted = notice_sending.SendNotice(
        body, f"load-{visit.key:016x}", VACCINATION_AFFAIR, visit.person, content
    )
    return (yield from ask(notice_sending.SEND_NOTICE, wanted, caller=Party.OPERATOR)) is not None


def open_notice(visit: Visit, session: str, title: str) -> Steps[OpenedNotice | None]:
    """The notice with this title, opened; how long it took from its sending to her list is recorded."""
    began = yield from now()
    while True:
        listed = yield from ask(notices.LIST_NOTICES, notices.ListNotices(), session)
        took = (yield from now()) - began
        found = [each for each in listed.notices if each.title == title] if listed else []
        if found:
            break
        if listed is None or took > LATE_ANSWER_SECONDS_MAX:
            yield Measured("notices.arrival", took, "list failed" if listed is None else "did not arrive")
            return None
        yield Wait(LOOK_AGAIN_SECONDS)
    yield Measured("notices.arrival", took)
    yield from visit.think(6, LOOK_SECONDS)
    return (yield from ask(notices.OPEN_NOTICE, notices.OneNotice(found[0].notice_id), session))

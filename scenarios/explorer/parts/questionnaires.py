"""Questionnaires: answered in a folder, changed until the deadline, collected by who sent them; the last answer counts (NOT-4).

Every answer says of itself whose it is and which: so whoever collects one can tell whether it may be what stands there.
"""

from dataclasses import dataclass
from datetime import timedelta

from portal.links.link import Link, Unreachable
from portal.wire import notice_sending as sending
from portal.wire import notices
from portal.wire.moments import HOUR, MINUTE, to_jst, to_ms
from portal.wire.notice_sending import NoticeSend, Recipient
from portal.wire.notices import NoticeView, OpenedNotice, Question, QuestionKind, Questionnaire
from portal.wire.problems import Problem, ProblemCode
from portal.wire.systems import Party, System
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck_acts import Act
from scenarios.explorer.exploring import LAST_WORK, Exploration
from scenarios.explorer.registry import arc, noticed, sometimes, step
from sim.world.chance import SeededChance

PAGES_MAX = 20
COLLECTED_FOR = timedelta(days=60)
YES, NO = "はい", "いいえ"

LAST_COUNTS = noticed("the answer that is kept and collected is the last one that was given", "NOT-4")
IN_TIME = noticed("a questionnaire is answered before its deadline only", "NOT-4")

FILLED_IN = sometimes("questionnaire-answered", "アンケートに答える")
CHANGED = sometimes("questionnaire-answer-changed", "アンケートの答えを、期限までに直す")
TOO_LATE = sometimes("questionnaire-too-late", "期限を過ぎたアンケートに答えようとする")
COLLECTED = sometimes("answers-collected", "アンケートの答えが回収される")


@dataclass(slots=True)
class Given:
    """An answer that somebody gave."""

    text: str
    act: Act


def _given(run: Exploration) -> dict[str, list[Given]]:
    """By whose it is: the text of every answer begins with it."""
    given: dict[str, list[Given]] = run.own.setdefault("answers given", {})
    return given


def _sends(run: Exploration) -> list[sending.SendOfOrganisation]:
    sends: list[sending.SendOfOrganisation] = run.own.setdefault("sends with questionnaires", [])
    return sends


def drawn(run: Exploration, chance: SeededChance) -> Questionnaire:
    """Two questions; to be answered within minutes or hours."""
    spread = (MINUTE / (8 * HOUR)) ** chance.uniform()
    deadline = to_jst(run.now_ms() + int(8 * HOUR * spread))
    questions = (
        Question("希望しますか", QuestionKind.CHOICE, choices=(YES, NO)),
        Question("ご意見", QuestionKind.TEXT, required=False),
    )
    return Questionnaire(questions, deadline, deadline + COLLECTED_FOR)


def sent(run: Exploration, send: NoticeSend) -> None:
    _sends(run).append(sending.SendOfOrganisation(send.send_id, send.organisation))


async def fill_in(citizen: Citizen, opened: OpenedNotice) -> None:
    """Answer, often twice: the second takes the place of the first."""
    if opened.questionnaire is None:
        return
    if citizen.picks(0.3):
        # Somebody who thinks it over, and signs in again for it.
        await citizen.wait(1, 900)
        citizen.window = None
        if not await citizen.sign_in():
            return
    for number in range(2 if citizen.picks(0.4) else 1):
        if citizen.window is None or not await _answer(citizen, opened):
            return
        if number:
            citizen.run.reached(CHANGED)
        await citizen.wait(0.5, 20)


async def _answer(citizen: Citizen, opened: OpenedNotice) -> bool:
    run, notice_id = citizen.run, opened.notice.notice_id
    whose = f"{citizen.me.name}/{notice_id}"
    given = Given(f"{whose}/{citizen.errand.number}/{citizen.new_key()}", Act(run.tick()))
    _given(run).setdefault(whose, []).append(given)
    wanted = notices.GiveAnswers(notice_id, ((YES if citizen.picks(0.5) else NO,), (given.text,)))
    assert opened.questionnaire is not None
    is_late = to_ms(opened.questionnaire.deadline) < run.portal_ms()
    called = await citizen.call(notices.ANSWER_NOTICE, wanted, window=citizen.window)
    match called.outcome:
        case NoticeView():
            given.act.ended, given.act.is_certain = called.ended, True
            run.reached(FILLED_IN)
            if is_late:
                run.breach(IN_TIME, "period-refused", f"{citizen.me.name} answered after the deadline")
            return True
        case Problem(code=ProblemCode.PERIOD_REFUSED):
            run.reached(TOO_LATE)
            return False
    return False


@step("citizen", "look-at-own-answers", 2)
async def look(citizen: Citizen) -> None:
    """Open a notice that was answered; then perhaps think better of it."""
    if not await citizen.ensure_signed_in():
        return
    listed = (await citizen.call(notices.LIST_NOTICES, notices.ListNotices(), window=citizen.window)).outcome
    if not isinstance(listed, notices.Notices):
        return
    answered = [each for each in listed.notices if each.answered_at is not None]
    if not answered or citizen.window is None:
        return
    called = await citizen.call(
        notices.OPEN_NOTICE, notices.OneNotice(answered[0].notice_id), window=citizen.window
    )
    if isinstance(called.outcome, OpenedNotice) and called.outcome.questionnaire is not None:
        if called.outcome.answers is not None:
            _judge(citizen.run, called.outcome.answers, called.began)
        if citizen.picks(0.5):
            await fill_in(citizen, called.outcome)


def _judge(run: Exploration, answers: tuple[tuple[str, ...], ...], before: int) -> None:
    """These answers are the last that were given before this place in the order of acts, or one that overlaps it."""
    text = answers[1][0]
    whose = text.rpartition("/")[0].rpartition("/")[0]
    known = _given(run).get(whose, [])
    shown = next((each for each in known if each.text == text), None)
    if shown is None:
        run.breach(LAST_COUNTS, "an answer that somebody gave", text)
        return
    later = [
        each
        for each in known
        if each.act.is_certain and each.act.ended < before and each.act.began > shown.act.ended
    ]
    if later:
        run.breach(LAST_COUNTS, later[-1].text, text)


async def collect(run: Exploration, link: Link, send: sending.SendOfOrganisation) -> None:
    """Look at what has been collected so far; it may be behind what was given meanwhile."""
    for one in await _recipients(link, send) or ():
        if one.answers is not None:
            run.reached(COLLECTED)
            _judge(run, one.answers, -1)


async def _recipients(link: Link, send: sending.SendOfOrganisation) -> list[Recipient] | None:
    found: list[Recipient] = []
    for _ in range(PAGES_MAX):
        after = found[-1].position if found else -1
        wanted = sending.ListRecipients(send.send_id, send.organisation, after)
        outcome = await link.call(sending.LIST_RECIPIENTS, wanted)
        if not isinstance(outcome, sending.Recipients):
            return None
        found += outcome.recipients
        if not outcome.more:
            return found
    return found


async def _collect_all(run: Exploration) -> None:
    """When all faults are over, every sender collects what stands: of each answered notice the last answer."""
    link = run.link(Party.OPERATOR, System.INTERMEDIATE)
    for send in _sends(run):
        polled: NoticeSend | Problem | Unreachable = await link.call(sending.POLL_SEND, send)
        if isinstance(polled, NoticeSend):
            for one in await _recipients(link, send) or ():
                if one.answers is not None:
                    run.reached(COLLECTED)
                    _judge(run, one.answers, run.tick())


LAST_WORK.append(_collect_all)
arc(
    "a-questionnaire",
    0.1,
    ("citizen", ("sign-in",)),
    ("sender", ("send-one", "send-one", "pause")),
    ("citizen", ("look-at-notices", "look-at-own-answers", "wait-a-little", "look-at-own-answers")),
    ("sender", ("poll",)),
)

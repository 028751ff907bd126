"""アンケートに答える: a notice with a questionnaire arrives, is opened and answered (NOT-4)."""

from datetime import datetime, time, timedelta

from load.journeys import Journey, Visit
from load.parts import CHOOSE_SECONDS, enter, leave, open_notice, send_notice
from load.steps import Steps, ask
from portal.wire import notices
from portal.wire.moments import JST
from portal.wire.notices import Question, QuestionKind, Questionnaire
from portal.wire.systems import System

QUESTIONS = (
    Question("希望する曜日", QuestionKind.CHOICE, True, ("月曜日", "土曜日")),
    Question("持っているもの", QuestionKind.CHOICES, False, ("母子手帳", "予診票")),
    Question("心配なこと", QuestionKind.TEXT, False),
)
ANSWERS_OPEN_DAYS = 14
COLLECTED_DAYS = 28


def questionnaire(visit: Visit) -> Steps[None]:
    session = yield from enter(visit)
    if session is None:
        return
    title = f"アンケート {visit.key:016x}"
    midnight = datetime.combine(visit.today, time(), JST)
    asked = Questionnaire(
        QUESTIONS, midnight + timedelta(days=ANSWERS_OPEN_DAYS), midnight + timedelta(days=COLLECTED_DAYS)
    )
    if (yield from send_notice(visit, title, asked)):
        opened = yield from open_notice(visit, session, title)
        if opened is not None:
            yield from visit.think(7, CHOOSE_SECONDS)
            given = notices.GiveAnswers(opened.notice.notice_id, (("土曜日",), (), ("とくにありません",)))
            yield from ask(notices.ANSWER_NOTICE, given, session)
    yield from leave(visit, session)


JOURNEY = Journey(
    "questionnaire", "アンケートに答える", questionnaire, frozenset({System.PORTAL, System.INTERMEDIATE})
)

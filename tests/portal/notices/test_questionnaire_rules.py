"""What may be answered to a questionnaire, and until when (NOT-4)."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.notices.model import can_answer, check_answers
from portal.wire.moments import to_ms
from portal.wire.notices import Question, QuestionKind, Questionnaire
from portal.wire.problems import Problem

pytestmark = pytest.mark.requirement("NOT-4")

DEADLINE = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


def asked(*questions: Question) -> Questionnaire:
    return Questionnaire(questions, DEADLINE, DEADLINE + timedelta(days=7))


ONE = Question("どれ", QuestionKind.CHOICE, True, ("あ", "い"))
MANY = Question("どれでも", QuestionKind.CHOICES, False, ("あ", "い", "う"))
TEXT = Question("書いて", QuestionKind.TEXT, False)
DAY = Question("いつ", QuestionKind.DATE, True)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (ONE, ("い",)),
        (MANY, ()),
        (MANY, ("う", "あ")),
        (TEXT, ()),
        (TEXT, ("一行目\n二行目 😀 العربية",)),
        (TEXT, ("あ" * 1_000,)),
        (DAY, ("2028-02-29",)),
    ],
)
def test_a_fitting_answer(question: Question, answer: tuple[str, ...]) -> None:
    assert check_answers(asked(question), (answer,)) is None


@pytest.mark.parametrize(
    ("question", "answer", "words"),
    [
        (ONE, (), "必ず答える"),
        (ONE, ("う",), "選択肢の中から"),
        (ONE, ("あ", "い"), "一つだけ"),
        (MANY, ("あ", "あ"), "2回"),
        (MANY, ("え",), "選択肢の中から"),
        (TEXT, ("　",), "空の回答"),
        (TEXT, ("あ" * 1_001,), "1000文字"),
        (TEXT, ("a\x00b",), "使えない文字"),
        (TEXT, ("a\u202eb",), "使えない文字"),
        (TEXT, ("a", "b"), "文章一つ"),
        (DAY, (), "必ず答える"),
        (DAY, ("2026-02-29",), "ある日付"),
        (DAY, ("20260501",), "ある日付"),
        (DAY, ("2026-W18-5",), "ある日付"),
    ],
)
def test_an_answer_that_does_not_fit(question: Question, answer: tuple[str, ...], words: str) -> None:
    wrong = check_answers(asked(question), (answer,))

    assert isinstance(wrong, Problem)
    assert wrong.field == "$.answers[0]"
    assert wrong.detail.startswith("設問1: ")
    assert words in wrong.detail


def test_the_number_of_answers_is_that_of_the_questions() -> None:
    wrong = check_answers(asked(ONE, TEXT), (("あ",),))

    assert isinstance(wrong, Problem)
    assert "2問" in wrong.detail


def test_the_deadline_itself_is_too_late() -> None:
    deadline = to_ms(DEADLINE)

    assert can_answer(asked(ONE), deadline - 1)
    assert not can_answer(asked(ONE), deadline)
    assert not can_answer(None, 0)

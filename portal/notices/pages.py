"""お知らせ: the list, one notice with what it carries, its questionnaire, its deletion (NOT-1, 4, 7, FLD-5)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from quart import request
from quart_trio.wrappers import TrioResponse as Response
from werkzeug.datastructures import MultiDict

from portal.files.service import FileKind
from portal.notices.answering import ANSWERED_ELSEWHERE, Answering
from portal.notices.model import NOT_HERE, wrong_answers
from portal.notices.service import NoticeBox
from portal.seams.clock import Clock
from portal.web.addresses import page
from portal.web.design import answer_ja, date_parts, file_kind_ja, read_date, size_ja
from portal.web.reception import Reception, User, Way, from_folder, typed
from portal.wire.limits import ANSWER_CHARACTERS_MAX
from portal.wire.moments import day_of, to_jst, to_ms
from portal.wire.notices import (
    GiveAnswers,
    ListNotices,
    NoticeState,
    NoticeView,
    OpenedNotice,
    Question,
    QuestionKind,
    Questionnaire,
)
from portal.wire.problems import Problem, ProblemCode
from portal.wire.texts import with_line_feeds

ROWS_ON_PAGE = 10
"""A few screens of a phone; and a full folder opens as fast as one of ten."""
_ID_DIGITS_MAX = 18
_STATES = {
    NoticeState.UNOPENED: "unread",
    NoticeState.OPENED: "read",
    NoticeState.WITHDRAWN: "withdrawn",
}
_DONE = {"deleted": "お知らせを削除しました", "answered": "回答を送りました"}


def add_pages(reception: Reception, box: NoticeBox, answering: Answering, clock: Clock) -> None:
    back = Way("お知らせの一覧に戻る", page("notices"))

    async def overview(user: User) -> Response:
        before = request.args.get("before", "")
        unopened = request.args.get("unopened") == "1"
        wanted = ListNotices(before if _is_id(before) else None, ROWS_ON_PAGE, unopened)
        found = await box.listed(user.account, wanted)
        older = None
        if found.more and found.notices:
            same = "&unopened=1" if unopened else ""
            older = f"?before={found.notices[-1].notice_id}{same}"
        context = {
            "nav": "notices",
            "notices": [_line(view, clock.now_ms()) for view in found.notices],
            "unopened": unopened,
            "first": wanted.before is None,
            "older": older,
            "message": _DONE.get(request.args.get("done", "")),
        }
        return reception.show("notices/notices.html", user, context)

    def show(
        user: User,
        opened: OpenedNotice,
        answers: tuple[tuple[str, ...], ...] | None,
        errors: Mapping[str, str],
        parts: Mapping[int, Mapping[str, str]] = {},
        status: int = 200,
        overtaken: str | None = None,
        version: str | None = None,
    ) -> Response:
        asked = opened.questionnaire
        context = {
            "nav": "notices",
            "notice": _line(opened.notice, clock.now_ms()),
            "paragraphs": opened.text.split("\n\n") if opened.text else [],
            "service": opened.service,
            "payment_url": opened.payment_url,
            "attachments": [
                {
                    "name": file.name,
                    "kind": file_kind_ja(file.media_type),
                    "size": size_ja(file.size),
                    "url": page("notices.attachment", notice_id=opened.notice.notice_id, place=str(place)),
                }
                for place, file in enumerate(opened.attachments)
            ],
            "questionnaire": None
            if asked is None
            else {
                "deadline": to_jst(to_ms(asked.deadline)),
                "open": opened.can_answer,
                "questions": [
                    _question(number, question, _given(answers, number), parts.get(number))
                    for number, question in enumerate(asked.questions)
                ],
                "given": list(map(answer_ja, asked.questions, opened.answers or ())),
                "version": opened.version if version is None else version,
            },
            "files": {
                str(kind): page("notices.file", notice_id=opened.notice.notice_id, kind=kind)
                for kind in FileKind
            },
            "example": day_of(clock.now_ms()),
            "errors": errors,
            "message": _DONE.get(request.args.get("done", "")),
            "overtaken": overtaken,
        }
        return reception.show("notices/notice.html", user, context, status=status)

    async def item(user: User, notice_id: str) -> Response:
        if not _is_id(notice_id) or not reception.asked_by_hand():
            # A browser that fetches ahead has not opened anything.
            return reception.go("notices")
        opened = await box.open(user.account, notice_id)
        if isinstance(opened, Problem):
            return reception.tell(opened, user, way=back)
        return show(user, opened, opened.answers, {})

    async def answer(user: User, notice_id: str) -> Response:
        opened = await box.open(user.account, notice_id) if _is_id(notice_id) else None
        if opened is None or isinstance(opened, Problem):
            return reception.go("notices") if opened is None else reception.tell(opened, user, way=back)
        asked = opened.questionnaire
        if asked is None:
            return reception.go("notices.item", notice_id=notice_id)
        form = await request.form
        answers, parts, errors = _read(asked, form)
        if not errors:
            outcome = await answering.answer(
                user.account, GiveAnswers(notice_id, answers, form.get("version"))
            )
            if not isinstance(outcome, Problem):
                return reception.go("notices.item", {"done": "answered"}, notice_id=notice_id)
            if outcome == ANSWERED_ELSEWHERE:
                # As it stands now, which may be newer than what was read above.
                newer = await box.open(user.account, notice_id)
                if isinstance(newer, Problem):
                    return reception.tell(newer, user, way=back)
                return show(user, newer, newer.answers, {}, status=409, overtaken=outcome.detail)
            if outcome.code is not ProblemCode.UNPROCESSABLE:
                way = Way("お知らせに戻る", page("notices.item", notice_id=notice_id))
                return reception.tell(outcome, user, way=way)
            errors = {"q0": outcome.detail}
        return show(user, opened, answers, errors, parts, 422, version=form.get("version"))

    async def back_to_item(_: User, notice_id: str) -> Response:
        """Where a form went whose user had to sign in again."""
        return reception.go("notices.item", notice_id=notice_id)

    async def file(user: User, notice_id: str, kind: str) -> Response:
        if not _is_id(notice_id) or kind not in set(FileKind) or not reception.asked_by_hand():
            return reception.go("notices")
        made = await box.file(user.account, notice_id, FileKind(kind))
        return (
            reception.tell(made, user, way=back) if isinstance(made, Problem) else reception.hand_out(*made)
        )

    async def attachment(user: User, notice_id: str, place: str) -> Response:
        if not _is_id(notice_id) or not (place.isascii() and place.isdigit() and len(place) == 1):
            return reception.go("notices")
        found = await box.attachment(user.account, notice_id, int(place))
        if isinstance(found, Problem):
            return reception.tell(found, user, way=back)
        return reception.hand_out(found.name, found.media_type, found.content)

    async def ask_to_delete(user: User, notice_id: str) -> Response:
        seen = await box.view(user.account, notice_id) if _is_id(notice_id) else NOT_HERE
        if isinstance(seen, Problem):
            return reception.tell(seen, user, way=back)
        context = {
            "nav": "notices",
            "title": "このお知らせを削除しますか",
            "happens": [
                f"お知らせ：{seen.title}（{seen.sender.name}）",
                "お知らせと添付ファイルは、利用者フォルダーから消えます。",
                "送ったアンケートの回答は、送り主に届きます。",
            ],
            "action": page("notices.delete", notice_id=notice_id),
            "fields": from_folder(request.args),
            "label": "削除する",
            "back": {
                "label": "削除せずに戻る",
                "url": page("folder" if from_folder(request.args) else "notices"),
            },
        }
        return reception.show("confirm.html", user, context)

    async def delete(user: User, notice_id: str) -> Response:
        outcome = await box.delete(user.account, notice_id) if _is_id(notice_id) else NOT_HERE
        if isinstance(outcome, Problem):
            return reception.tell(outcome, user, way=back)
        return reception.go("folder" if from_folder(await request.form) else "notices", {"done": "deleted"})

    reception.users("notices", get=overview)
    reception.users("notices.item", get=item)
    reception.users("notices.answer", get=back_to_item, post=answer, many=("q",))
    reception.users("notices.file", get=file)
    reception.users("notices.attachment", get=attachment)
    reception.users("notices.delete", get=ask_to_delete, post=delete)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS_MAX and not text.startswith("0")


def _line(view: NoticeView, now_ms: int) -> dict[str, Any]:
    answering = None
    if view.deadline is not None and view.state is not NoticeState.WITHDRAWN:
        if view.answered_at is not None:
            answering = "given"
        else:
            answering = "to_answer" if now_ms < to_ms(view.deadline) else "closed"
    return {
        "id": view.notice_id,
        "title": view.title,
        "sender": view.sender.name,
        "affair": view.affair.name,
        "arrived_at": view.arrived_at,
        "kept_until": view.kept_until,
        "state": _STATES[view.state],
        "answering": answering,
        "deadline": None if view.deadline is None else to_jst(to_ms(view.deadline)),
    }


def _given(answers: tuple[tuple[str, ...], ...] | None, number: int) -> tuple[str, ...]:
    return () if answers is None else answers[number]


def _question(
    number: int, question: Question, given: tuple[str, ...], parts: Mapping[str, str] | None
) -> dict[str, Any]:
    day = read_date(*given[0].split("-")) if question.kind is QuestionKind.DATE and given else None
    return {
        "name": f"q{number}",
        "label": f"問{number + 1}　{question.text}",
        "kind": str(question.kind),
        "required": question.required,
        "options": [{"value": each, "label": each, "note": None} for each in question.choices],
        "chosen": list(given),
        "text": given[0] if given else "",
        "day": parts or (date_parts(day) if day else {"year": "", "month": "", "day": ""}),
    }


def _read(
    asked: Questionnaire, form: MultiDict[str, str]
) -> tuple[tuple[tuple[str, ...], ...], dict[int, dict[str, str]], dict[str, str]]:
    """The answers as they were typed, the parts of days as typed, and everything that is wrong at once."""
    answers: list[tuple[str, ...]] = []
    parts: dict[int, dict[str, str]] = {}
    errors: dict[str, str] = {}
    for number, question in enumerate(asked.questions):
        name = f"q{number}"
        match question.kind:
            case QuestionKind.CHOICE | QuestionKind.CHOICES:
                answers.append(tuple(form.getlist(name)))
            case QuestionKind.TEXT:
                text = with_line_feeds(typed(form, name))
                answers.append((text,) if text else ())
                if len(text) > ANSWER_CHARACTERS_MAX:
                    errors[name] = f"問{number + 1}は{ANSWER_CHARACTERS_MAX}文字までで入れてください。"
            case QuestionKind.DATE:
                parts[number] = {part: typed(form, f"{name}_{part}") for part in ("year", "month", "day")}
                day = read_date(**parts[number])
                answers.append(() if day is None else (day.isoformat(),))
                if day is None and any(parts[number].values()):
                    errors[f"{name}_year"] = (
                        f"問{number + 1}に、ない日付が入っています。年は西暦4けたで入れてください。"
                    )
    for number, wrong in wrong_answers(asked, tuple(answers)).items():
        is_day = asked.questions[number].kind is QuestionKind.DATE
        errors.setdefault(f"q{number}_year" if is_day else f"q{number}", f"問{number + 1}：{wrong}")
    return tuple(answers), parts, msgspec.to_builtins(errors)

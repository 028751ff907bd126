"""The staff's form of a notice: read as it was typed, into a request or into words at the fields that are wrong."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, NamedTuple

import msgspec

from portal.web.design import file_kind_ja, read_date, size_ja
from portal.wire.disclosure import Attachment
from portal.wire.limits import CHOICES_MAX
from portal.wire.moments import JST
from portal.wire.notices import NoticeContent, Question, QuestionKind, Questionnaire
from portal.wire.problems import Problem

QUESTION_ROWS = 5
KINDS = (
    ("", "使わない"),
    ("choice", "一つを選ぶ"),
    ("choices", "いくつでも選ぶ"),
    ("text", "文章で答える"),
    ("date", "日付で答える"),
)
PERSON_SAID = "宛名番号を数字で入れるか、住民の番号（例：131016-12）を入れてください。"
DAYS = {"kept": "保存期限", "deadline": "回答期限", "collect": "回収期限"}
FIELDS = ("affair", "title", "text", "service_label", "service_url", "payment_url", "person")
_LONG = {
    "title": "件名",
    "text": "本文",
    "payment_url": "支払いのURL",
    "service_label": "案内の名前",
    "service_url": "案内のURL",
}
_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "txt": "text/plain",
}
_WHERE = {
    "$.affair": "affair",
    "$.content.title": "title",
    "$.content.text": "text",
    "$.content.kept_until": "kept_year",
    "$.content.payment_url": "payment_url",
    "$.content.service.label": "service_label",
    "$.content.service.url": "service_url",
    "$.content.questionnaire.deadline": "deadline_year",
    "$.content.questionnaire.collect_until": "collect_year",
    "$.person": "person",
}


class Filled(NamedTuple):
    """A form as it was sent."""

    values: dict[str, Any]
    content: NoticeContent | None
    errors: dict[str, str]
    attachment: Attachment | None = None


def blank() -> dict[str, Any]:
    """A form that nobody has filled in."""
    day = {"year": "", "month": "", "day": ""}
    return {
        **dict.fromkeys(FIELDS, ""),
        "to": "one",
        "form": "csv",
        **{name: dict(day) for name in DAYS},
        "questions": [
            {"text": "", "kind": "", "required": True, "choices": ""} for _ in range(QUESTION_ROWS)
        ],
    }


def of(content: NoticeContent, affair: str) -> dict[str, Any]:
    """The form with the words of a notice that was written before; not whom it went to, nor its attachment."""
    service, asked = content.service, content.questionnaire
    values = blank()
    values.update(
        affair=affair,
        title=content.title,
        text=content.text,
        payment_url=content.payment_url or "",
        service_label="" if service is None else service.label,
        service_url="" if service is None else service.url,
        kept=_day(content.kept_until),
    )
    if asked is not None:
        values["deadline"] = _day(asked.deadline.astimezone(JST))
        values["collect"] = _day(asked.collect_until.astimezone(JST))
        for row, question in zip(values["questions"], asked.questions, strict=False):
            row.update(
                text=question.text,
                kind=str(question.kind),
                required=question.required,
                choices="\n".join(question.choices),
            )
    return values


def _day(day: date) -> dict[str, str]:
    return {"year": str(day.year), "month": str(day.month), "day": str(day.day)}


def read(
    form: Mapping[str, str],
    attachment: tuple[str, bytes] | None,
    person_of: Callable[[str], int | None],
    attached: Attachment | None = None,
) -> Filled:
    """Everything that is wrong at once; rules that only the server knows are said by :func:`field_of`.

    *attached* is the attachment of the draft that is written anew; another file takes its place.
    """
    values = blank()
    values.update({name: form.get(name, "").strip() for name in FIELDS})
    values["text"] = form.get("text", "").strip()
    values["to"], values["form"] = form.get("to", "one"), form.get("form", "csv")
    for name in DAYS:
        values[name] = {part: form.get(f"{name}_{part}", "").strip() for part in ("year", "month", "day")}
    values["questions"] = [
        {
            "text": form.get(f"q{n}_text", "").strip(),
            "kind": form.get(f"q{n}_kind", ""),
            "required": form.get(f"q{n}_required", "") == "1",
            "choices": form.get(f"q{n}_choices", ""),
        }
        for n in range(QUESTION_ROWS)
    ]
    errors: dict[str, str] = {}
    if not values["affair"]:
        errors["affair"] = "事務を選んでください。"
    for name, words in (("title", "件名"), ("text", "本文")):
        if not values[name]:
            errors[name] = f"{words}を入れてください。"
    kept = read_date(**values["kept"])
    if kept is None:
        errors["kept_year"] = "保存期限に、ある日付を入れてください。"
    if bool(values["service_label"]) != bool(values["service_url"]):
        empty = "service_url" if values["service_label"] else "service_label"
        errors[empty] = "案内の名前とURLは、両方入れてください。"
    if values["to"] == "one" and person_of(values["person"]) is None:
        errors["person"] = PERSON_SAID
    questionnaire = _questionnaire(values, errors)
    file = attached if attachment is None else _attachment(attachment, errors)
    if errors or kept is None:
        return Filled(values, None, errors, file)
    label, url = values["service_label"], values["service_url"]
    service = {"label": label, "url": url} if url else None
    try:
        content = msgspec.convert(
            {
                "title": values["title"],
                "text": values["text"],
                "kept_until": kept,
                "service": service,
                "payment_url": values["payment_url"] or None,
            },
            NoticeContent,
        )
    except msgspec.ValidationError as error:
        name = str(error).rpartition("$.")[2].rstrip("`").replace(".", "_")
        name = name if name in _LONG else "text"
        return Filled(values, None, {name: f"{_LONG[name]}が長すぎます。短くしてください。"}, file)
    files = () if file is None else (file,)
    whole = msgspec.structs.replace(content, attachments=files, questionnaire=questionnaire)
    return Filled(values, whole, {}, file)


def shown(file: Attachment) -> dict[str, str]:
    """An attachment, as its recipient reads of it."""
    return {"name": file.name, "kind": file_kind_ja(file.media_type), "size": size_ja(len(file.content))}


def field_of(refused: Problem) -> str:
    """At which field of the form a problem is said."""
    field = refused.field or ""
    if field.startswith("$.content.attachments"):
        return "attachment"
    if field.startswith("$.content.questionnaire.questions["):
        return f"q{field.split('[')[1].split(']')[0]}_text"
    return _WHERE.get(field, "title")


def _attachment(given: tuple[str, bytes], errors: dict[str, str]) -> Attachment | None:
    name, content = given
    media_type = _TYPES.get(name.rpartition(".")[2].lower())
    if media_type is None:
        errors["attachment"] = "添付できるのは、PDF・PNG・JPEG・文章（.txt）のファイルです。"
        return None
    return Attachment(name, media_type, content)


def _questionnaire(values: dict[str, Any], errors: dict[str, str]) -> Questionnaire | None:
    questions: list[Question] = []
    for number, row in enumerate(values["questions"]):
        if not row["kind"]:
            if row["text"]:
                errors[f"q{number}_kind"] = f"問{number + 1}の答え方を選んでください。"
            continue
        if row["kind"] not in set(QuestionKind) or not row["text"]:
            errors[f"q{number}_text"] = f"問{number + 1}の文を入れてください。"
            continue
        kind = QuestionKind(row["kind"])
        choices = tuple(each.strip() for each in row["choices"].splitlines() if each.strip())
        if kind in (QuestionKind.TEXT, QuestionKind.DATE):
            choices = ()
        if len(choices) > CHOICES_MAX:
            errors[f"q{number}_choices"] = f"選択肢は{CHOICES_MAX}個までです。"
        question = {"text": row["text"], "kind": kind, "required": row["required"], "choices": choices}
        try:
            questions.append(msgspec.convert(question, Question))
        except msgspec.ValidationError as error:
            name, words = ("choices", "選択肢") if "choices" in str(error) else ("text", "文")
            errors.setdefault(f"q{number}_{name}", f"問{number + 1}の{words}が長すぎます。短くしてください。")
    if not questions:
        return None
    deadline, collect = (read_date(**values[name]) for name in ("deadline", "collect"))
    if deadline is None:
        errors["deadline_year"] = "アンケートの回答期限に、ある日付を入れてください。"
    if collect is None:
        errors["collect_year"] = "アンケートの回収期限に、ある日付を入れてください。"
    if deadline is None or collect is None:
        return None
    ends = time(23, 59, 59)
    return Questionnaire(
        tuple(questions), datetime.combine(deadline, ends, JST), datetime.combine(collect, ends, JST)
    )

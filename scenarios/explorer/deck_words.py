"""The reference model of a history line's words: which thing it was done with, in its owner's eyes (HIS-2)."""

from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from typing import Any, Protocol

from portal.wire.inquiries import InquiryKind
from portal.wire.notices import NoticeView
from sim.nation.catalogue import catalogue
from sim.nation.organisations import organisation

Words = tuple[str, ...]
"""All of them stand in the line."""
UNKNOWN: tuple[Words, ...] = ((),)
"""The owner cannot say: any words will do."""
INQUIRIES = {
    InquiryKind.SIGN_IN: "ログイン",
    InquiryKind.ACCOUNT: "アカウント設定",
    InquiryKind.RECORDS: "やりとり履歴",
    InquiryKind.SELF_INFORMATION: "あなたの情報",
    InquiryKind.NOTICES: "お知らせ",
    InquiryKind.PROXIES: "代理人",
    InquiryKind.OTHER: "そのほか",
}


class Thing(Protocol):
    """A request, as its owner remembers it."""

    request_id: str | None
    subject: tuple[str, ...]


def of_subject(subject: tuple[str, ...]) -> Words:
    """Of records the period, of self-information what it is and who has it."""
    if subject[0][:4].isdigit():
        return tuple(_day(date.fromisoformat(day)) for day in subject)
    information, holder = subject
    return (_information(information), organisation(holder).name)


@cache
def _information(code: str) -> str:
    return catalogue().information_of(code).name


def _day(day: date) -> str:
    """Without the era, which stands before it."""
    return f"{day.month}月{day.day}日（{day.year}年）"


class Things:
    """What one resident knows by its number."""

    def __init__(self, asked: Iterable[Thing]) -> None:
        self._asked = asked
        self._notices: dict[str, Words] = {}

    def shown(self, notice: NoticeView) -> None:
        self._notices[notice.notice_id] = (notice.title, notice.sender.name)

    def request(self, request_id: str) -> Words:
        found = (each for each in self._asked if each.request_id == request_id)
        return next((of_subject(each.subject) for each in found), ())

    def notice(self, notice_id: str) -> Words:
        return self._notices.get(notice_id, ())


Tell = Callable[[Any, Things], tuple[Words, ...]]


def _as(form: str) -> Tell:
    return lambda request, things: ((*things.request(request.request_id), form),)


def _notice(request: Any, things: Things) -> tuple[Words, ...]:
    return (things.notice(request.notice_id),)


def _read(request: Any, things: Things) -> tuple[Words, ...]:
    return (things.request(request.request_id),)


TOLD: dict[str, Tell] = {
    "sign_in": lambda request, things: (("パソコン",),),
    "account.change": lambda request, things: (("ニックネーム",),),
    "account.confirm_mail": lambda request, things: (("メールアドレス",),),
    "records.request": lambda request, things: ((_day(request.start), _day(request.end)),),
    "records.read": _read,
    "records.csv": _as("CSV"),
    "records.pdf": _as("PDF"),
    "self_information.request": lambda request, things: tuple(
        of_subject((each.information, each.organisation)) for each in request.selections
    ),
    "self_information.read": _read,
    "self_information.csv": _as("CSV"),
    "self_information.pdf": _as("PDF"),
    "folder.delete": lambda request, things: (things.request(request.item_id),),
    "notices.open": _notice,
    "notices.delete": _notice,
    "notices.answer": _notice,
    "inquiries.send": lambda request, things: ((INQUIRIES[request.kind],),),
}
"""By operation: what its line says, or one of its lines; people here sit at a PC, and rename themselves each time."""
EACH = frozenset(["self_information.request"])
"""These leave a line for each thing."""


def words_of(operation: str, request: Any, things: Things) -> tuple[Words, ...]:
    """What may stand in the line, one of these."""
    tell = TOLD.get(operation)
    return UNKNOWN if tell is None else tell(request, things)


def fits(detail: str, words: tuple[Words, ...]) -> bool:
    return any(all(word in detail for word in each) for each in words)

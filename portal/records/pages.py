"""やりとり履歴: earlier requests, a new one, what came of it (REC-1, 2, 3), and on to the information (REC-4)."""

from collections.abc import Mapping
from typing import Any

from quart import request
from quart_trio.wrappers import TrioResponse as Response
from werkzeug.datastructures import MultiDict

from portal.files.service import FileKind
from portal.records.service import Records
from portal.seams.clock import Clock
from portal.self_information.service import SelfInformations
from portal.web import words
from portal.web.addresses import page
from portal.web.design import date_parts, read_date
from portal.web.reception import Reception, User, Way, read_key, rows_of, typed
from portal.wire.disclosure import ProvisionRecord, ProvisionResult, records_kept_from
from portal.wire.limits import RECORDS_KEPT_YEARS
from portal.wire.moments import day_of, months_before
from portal.wire.problems import Problem, ProblemCode
from portal.wire.records import RecordsRequest, RecordsRequestView, RequestState
from portal.wire.sign_in import MailEvent

REFRESH_SECONDS = 5
RECORDS_ON_PAGE = 50
MONTHS = {
    1: "最近1か月",
    3: "最近3か月",
    12: "最近1年",
    12 * RECORDS_KEPT_YEARS: f"最近{RECORDS_KEPT_YEARS}年",
}
MONTHS_AT_FIRST = 3
FIELDS = {"first_day": "はじめの日", "last_day": "おわりの日"}
_PROBLEM_FIELDS = {"$.start": "first_day_year", "$.end": "last_day_year"}

_RESULTS = {
    ProvisionResult.PROVIDED: "provided",
    ProvisionResult.NOT_PROVIDED: "not_provided",
    ProvisionResult.PENDING: "processing",
}


LABEL = "やりとり履歴"


def add_pages(
    reception: Reception, records: Records, self_information: SelfInformations, clock: Clock
) -> None:
    async def overview(user: User) -> Response:
        every = (await records.listed(user.account)).requests
        at = reception.pagination(len(every))
        context = {
            "nav": "records",
            "requests": [_line(one) for one in rows_of(at, every)],
            "pagination": at,
            "message": None,
        }
        return reception.show("records/records.html", user, context)

    def show_form(
        user: User, values: Mapping[str, Any], errors: Mapping[str, str], months: int | None
    ) -> Response:
        today = day_of(clock.now_ms())
        context = {
            "nav": "records",
            "values": values,
            "errors": errors,
            "example": today,
            "oldest": records_kept_from(today),
            "shortcuts": [
                {"label": label, "url": f"?months={count}", "here": count == months}
                for count, label in MONTHS.items()
            ],
            "mail": user.mail_wish(MailEvent.LATE_RECORDS),
            "key": reception.new_key(),
        }
        return reception.show("records/request.html", user, context, status=422 if errors else 200)

    async def form(user: User) -> Response:
        asked = request.args.get("months", "")
        months = int(asked) if asked in map(str, MONTHS) else MONTHS_AT_FIRST
        today = day_of(clock.now_ms())
        values = {
            "first_day": date_parts(months_before(today, months)),
            "last_day": date_parts(today),
        }
        return show_form(user, values, {}, months)

    async def ask(user: User) -> Response:
        filled = await request.form
        values = {name: _typed_date(filled, name) for name in FIELDS}
        days = {name: read_date(**parts) for name, parts in values.items()}
        errors = {
            f"{name}_year": _wrong_date(label, values[name])
            for name, label in FIELDS.items()
            if days[name] is None
        }
        start, end = days["first_day"], days["last_day"]
        if start is None or end is None:
            return show_form(user, values, errors, None)
        wanted = RecordsRequest(start, end, read_key(filled))
        asked = await records.request(user.account, wanted)
        if isinstance(asked, Problem):
            if asked.code is ProblemCode.PERIOD_REFUSED:
                where = _PROBLEM_FIELDS.get(asked.field or "", "first_day_year")
                return show_form(user, values, {where: asked.detail}, None)
            return reception.tell(asked, user)
        return reception.go("records.list", request_id=asked.request_id)

    async def result(user: User, request_id: str) -> Response:
        seen = await records.view(user.account, request_id)
        if isinstance(seen, Problem):
            return reception.tell(seen, user)
        if seen.state is not RequestState.ANSWERED or not reception.asked_by_hand():
            return show_state(user, seen)
        content = await records.read(user.account, request_id)
        if isinstance(content, Problem):
            return reception.tell(content, user)
        at = reception.pagination(len(content.records), RECORDS_ON_PAGE)
        context = {
            "nav": "records",
            "request": _line(content.request),
            "records": [_record(record) for record in rows_of(at, content.records)],
            "pagination": at,
            "key": reception.new_key(),
            "files": {str(kind): page("records.file", request_id=request_id, kind=kind) for kind in FileKind},
        }
        return reception.show("records/record_list.html", user, context)

    def show_state(user: User, seen: RecordsRequestView) -> Response:
        line = _line(seen)
        context = {
            "nav": "records",
            "request": line,
            # Read or not: whoever sees this page has not read it here.
            "state": "unread" if line["state"] == "read" else line["state"],
            "reason": seen.guidance,
            "mail": user.mail_wish(MailEvent.LATE_RECORDS),
            "refresh_seconds": REFRESH_SECONDS,
        }
        return reception.show("records/waiting.html", user, context)

    async def file(user: User, request_id: str, kind: str) -> Response:
        if kind not in set(FileKind):
            return reception.say(words.of_status(404), user)
        if not reception.asked_by_hand():
            return reception.go("records.list", request_id=request_id)
        made = await records.file(user.account, request_id, FileKind(kind))
        return reception.tell(made, user) if isinstance(made, Problem) else reception.hand_out(*made)

    async def information(user: User, request_id: str) -> Response:
        form = await request.form
        record = await records.record(user.account, request_id, typed(form, "record"))
        if isinstance(record, Problem):
            return reception.tell(record, user, way=_way_back(request_id))
        asked = await self_information.request_recorded(user.account, record, read_key(form))
        if isinstance(asked, Problem):
            return reception.tell(asked, user, way=_way_back(request_id))
        query = {"asked": "1", "from": "records"}
        return reception.go("self_information.request_done", query, request_id=asked.request_id)

    async def back(user: User, request_id: str) -> Response:
        # Whoever had to sign in again before the button counted arrives here without it.
        return reception.go("records.list", request_id=request_id)

    reception.users("records", get=overview)
    reception.users("records.file", get=file)
    reception.users("records.information", get=back, post=information)
    reception.users("records.request", get=form, post=ask)
    reception.users("records.list", get=result)


def _way_back(request_id: str) -> Way:
    return Way("記録の一覧に戻る", page("records.list", request_id=request_id))


def _typed_date(form: MultiDict[str, str], name: str) -> dict[str, str]:
    return {part: typed(form, f"{name}_{part}") for part in ("year", "month", "day")}


def _wrong_date(label: str, parts: Mapping[str, str]) -> str:
    if not all(parts.values()):
        return f"「{label}」の年・月・日を、すべて入れてください。"
    return f"「{label}」に、ない日付が入っています。年は西暦4けたで入れてください。"


def _line(seen: RecordsRequestView) -> dict[str, Any]:
    answered = "read" if seen.read else "unread"
    return {
        "id": seen.request_id,
        "first_day": seen.start,
        "last_day": seen.end,
        "asked_at": seen.asked_at,
        "answered_at": seen.answered_at,
        "state": answered if seen.state is RequestState.ANSWERED else str(seen.state),
    }


def _record(record: ProvisionRecord) -> dict[str, Any]:
    return {
        "id": record.record_id,
        "asked_at": record.requested_at,
        "provided_at": record.provided_at,
        "inquirer": record.inquirer.name,
        "provider": record.provider.name,
        "affair": record.affair.name,
        "procedure": record.procedure.name,
        "information": record.information.name,
        "result": _RESULTS[record.result],
    }

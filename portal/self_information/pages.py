"""あなたの情報: find who holds it, ask for it, read what came (SELF-1…9)."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.files.service import FileKind
from portal.folder.model import Kind
from portal.folder.service import Folder
from portal.self_information import shown
from portal.self_information.searching import Sought, read_search
from portal.self_information.service import SelfInformations
from portal.web import words
from portal.web.addresses import page
from portal.web.reception import Reception, User, Way, read_key, rows_of
from portal.wire.limits import SELECTIONS_MAX
from portal.wire.problems import Problem
from portal.wire.records import RequestState
from portal.wire.self_information import SelfInformationRequest
from portal.wire.sign_in import MailEvent

REFRESH_SECONDS = 5
ORGANISATIONS_SHOWN_MAX = 100
_FOLDER = Way("届いた情報を見る", page("self_information.list"))


LABEL = "あなたの情報"


def add_pages(reception: Reception, service: SelfInformations, folder: Folder) -> None:
    _add_search(reception, service, folder)
    _add_requests(reception, service)
    _add_folder(reception, service)


def _add_search(reception: Reception, service: SelfInformations, folder: Folder) -> None:
    async def show_search(user: User, values: Mapping[str, str], errors: Mapping[str, str]) -> Response:
        catalogue = await service.catalogue()
        if isinstance(catalogue, Problem):
            return reception.tell(catalogue, user, way=_FOLDER)
        tally = (await folder.tally(user.account))[Kind.SELF_INFORMATION]
        context = {
            "nav": "self_information",
            "values": values,
            "errors": errors,
            **shown.choices(catalogue),
            "unread": tally.unread,
            "waiting": tally.waiting,
        }
        return reception.show("self_information/search.html", user, context, status=422 if errors else 200)

    async def search(user: User) -> Response:
        return await show_search(user, {"name": "", "field": "", "detail": "", "municipality": ""}, {})

    async def show_results(
        user: User, sought: Sought, chosen: Sequence[str], errors: Mapping[str, str]
    ) -> Response:
        found = await service.search(user.account, sought.search)
        if isinstance(found, Problem) and found.field == "$.municipality":
            return await show_search(user, sought.values, {"municipality": found.detail})
        if isinstance(found, Problem):
            return reception.tell(found, user, way=_FOLDER)
        organisations = shown.by_organisation([one for one in found.candidates if sought.fits(one)])
        everywhere = {one.organisation.name for one in found.candidates}
        context = {
            "nav": "self_information",
            "searched": sought.words,
            "organisations": organisations[:ORGANISATIONS_SHOWN_MAX],
            "more": max(0, len(organisations) - ORGANISATIONS_SHOWN_MAX),
            "elsewhere": [] if organisations else sorted(everywhere)[:ORGANISATIONS_SHOWN_MAX],
            "values": {"chosen": chosen},
            "errors": errors,
            "narrowing": {"fields": sought.fields_but_place, "value": sought.values["municipality"]},
            "fields": {**sought.fields, "key": reception.new_key()},
            "mail": user.mail_wish(MailEvent.LATE_SELF_INFORMATION),
        }
        return reception.show("self_information/results.html", user, context, status=422 if errors else 200)

    async def results(user: User) -> Response:
        if not request.args:
            return reception.go("self_information")
        sought = read_search(request.args)
        if sought.errors:
            return await show_search(user, sought.values, sought.errors)
        return await show_results(user, sought, [], {})

    async def ask(user: User) -> Response:
        form = await request.form
        sought = read_search(form)
        chosen = list(dict.fromkeys(form.getlist("chosen")))
        wanted = {"selections": [shown.read_value(value) for value in chosen], "key": read_key(form)}
        try:
            asked = await service.request(user.account, msgspec.convert(wanted, SelfInformationRequest))
        except msgspec.ValidationError:
            if sought.errors:
                return reception.go("self_information")
            return await show_results(user, sought, chosen, {"chosen": _wrong_choice(chosen)})
        if isinstance(asked, Problem):
            return reception.tell(asked, user, way=_FOLDER)
        first = asked.requests[0].request_id
        return reception.go("self_information.request_done", {"asked": "1"}, request_id=first)

    reception.users("self_information", get=search)
    reception.users("self_information.results", get=results, post=ask, many=("chosen",))


def _wrong_choice(chosen: Sequence[str]) -> str:
    if not chosen:
        return "請求する情報を1つ以上選んでください。"
    if len(chosen) > SELECTIONS_MAX:
        return f"いちどに請求できるのは{SELECTIONS_MAX}件までです（いまは{len(chosen)}件）。"
    return "一覧にある情報から選んでください。"


def _add_requests(reception: Reception, service: SelfInformations) -> None:
    async def requests(user: User) -> Response:
        every = (await service.listed(user.account)).requests
        groups = [list(group) for _, group in groupby(every, key=lambda one: one.asked_at)]
        at = reception.pagination(len(groups))
        context = {
            "nav": "self_information",
            "requests": [shown.asking(group) for group in rows_of(at, groups)],
            "pagination": at,
        }
        return reception.show("self_information/requests.html", user, context)

    async def request_done(user: User, request_id: str) -> Response:
        one = await service.view(user.account, request_id)
        if isinstance(one, Problem):
            return reception.tell(one, user)
        # What was asked for with one press of the button was written down at one moment.
        every = (await service.listed(user.account)).requests
        parts = [shown.part(view) for view in every if view.asked_at == one.asked_at]
        context = {
            "nav": "self_information",
            "request": {"id": request_id, "asked_at": one.asked_at},
            "parts": sorted(parts, key=lambda part: (part["organisation"], part["information"])),
            "just_asked": request.args.get("asked") == "1",
            "from_record": request.args.get("from") == "records",
            "mail": user.mail_wish(MailEvent.LATE_SELF_INFORMATION),
            "refresh_seconds": REFRESH_SECONDS,
        }
        return reception.show("self_information/request_done.html", user, context)

    reception.users("self_information.requests", get=requests)
    reception.users("self_information.request_done", get=request_done)


def _add_folder(reception: Reception, service: SelfInformations) -> None:
    async def arrived(user: User) -> Response:
        every = (await service.listed(user.account)).requests
        entries = sorted(
            (view for view in every if view.state in shown.ENTRY_STATES and view.answered_at is not None),
            key=lambda view: view.answered_at or view.asked_at,
            reverse=True,
        )
        at = reception.pagination(len(entries))
        context = {
            "nav": "self_information",
            "entries": [shown.entry(view) for view in rows_of(at, entries)],
            "pagination": at,
            "message": None,
        }
        return reception.show("self_information/list.html", user, context)

    async def item(user: User, item_id: str) -> Response:
        seen = await service.view(user.account, item_id)
        if isinstance(seen, Problem):
            return reception.tell(seen, user)
        if seen.state not in shown.ENTRY_STATES:
            return reception.go("self_information.request_done", request_id=item_id)
        if seen.state is not RequestState.ANSWERED:
            return show_item(user, shown.guidance(seen))
        if not reception.asked_by_hand():
            return reception.go("self_information.list")
        content = await service.read(user.account, item_id)
        if isinstance(content, Problem):
            return reception.tell(content, user)
        return show_item(user, shown.content(content))

    def show_item(user: User, entry: Mapping[str, Any]) -> Response:
        files = {
            str(kind): page("self_information.file", item_id=entry["id"], kind=kind) for kind in FileKind
        }
        context = {"nav": "self_information", "entry": entry, "files": files}
        return reception.show("self_information/item.html", user, context)

    async def file(user: User, item_id: str, kind: str) -> Response:
        if kind not in set(FileKind):
            return reception.say(words.of_status(404), user)
        if not reception.asked_by_hand():
            return reception.go("self_information.list")
        made = await service.file(user.account, item_id, FileKind(kind))
        return reception.tell(made, user) if isinstance(made, Problem) else reception.hand_out(*made)

    async def attachment(user: User, item_id: str, number: str) -> Response:
        if not reception.asked_by_hand():
            return reception.go("self_information.list")
        wanted = int(number) if number.isascii() and number.isdigit() and len(number) <= 3 else 0
        found = await service.attachment(user.account, item_id, wanted)
        if isinstance(found, Problem):
            return reception.tell(found, user)
        return reception.hand_out(found.name, found.media_type, found.content)

    reception.users("self_information.list", get=arrived)
    reception.users("self_information.file", get=file)
    reception.users("self_information.attachment", get=attachment)
    reception.users("self_information.item", get=item)

"""The folder as a whole: its list of everything, deleting by hand, taking home as a file (FLD-1, FLD-5)."""

from typing import Any

from portal.wire import folder as wire
from portal.wire import records, self_information
from portal.wire.folder import FolderItems
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem, ProblemCode
from portal.wire.records import OneRequest
from scenarios.explorer.citizen import Citizen
from scenarios.explorer.deck import Seen
from scenarios.explorer.deck_acts import Act
from scenarios.explorer.parts.disclosures import RECORDS
from scenarios.explorer.parts.reading import one_that_has_come
from scenarios.explorer.registry import noticed, sometimes, step

OTHERS = noticed("nobody deletes what is another's", "FLD-1")
FILES = noticed("a file is what its name says", "FLD-5")

DELETED = sometimes("deleted-by-hand", "利用者フォルダーから、手で削除される")
DELETED_WAITING = sometimes("withdrawn-while-waiting", "回答を待っている請求が取り下げられる")
DOWNLOADED = sometimes("taken-home-as-a-file", "回答が、ファイルで持ち帰られる")

_FILES: dict[str, dict[str, Any]] = {
    "csv": {RECORDS: records.RECORDS_CSV, "": self_information.SELF_INFORMATION_CSV},
    "pdf": {RECORDS: records.RECORDS_PDF, "": self_information.SELF_INFORMATION_PDF},
}
_BEGINNINGS = {"csv": b"\xef\xbb\xbf", "pdf": b"%PDF-"}


@step("citizen", "look-at-the-folder", 3)
async def look(citizen: Citizen) -> None:
    """The list of everything, compared with the model as the lists of each kind are."""
    if not await citizen.ensure_signed_in() or citizen.window is None:
        return
    called = await citizen.call(wire.LIST_FOLDER, Nothing(), window=citizen.window)
    if not isinstance(called.outcome, FolderItems):
        return
    owner, items = citizen.owner, called.outcome.items
    shown = {item.item_id for item in items}
    for asked in owner.asked:
        if asked.request_id not in shown:
            citizen.run.judge(citizen.me, owner.missed(asked, called.began, called.ended))
    for item in items:
        wrong = owner.shows(item.item_id, item.kind, Seen(item.state.value), called.began)
        citizen.run.judge(citizen.me, wrong)


@step("citizen", "delete-by-hand", 2)
async def delete(citizen: Citizen) -> None:
    """Something from the folder; what is still awaited is withdrawn with it."""
    asked = one_that_has_come(citizen)
    if asked is None or asked.request_id is None or not await citizen.ensure_signed_in():
        return
    run, was_waiting = citizen.run, asked.seen is Seen.WAITING
    act = Act(run.tick())
    asked.deletions.append(act)
    called = await citizen.call(wire.DELETE_ITEM, wire.OneItem(asked.request_id), window=citizen.window)
    act.began = called.began
    match called.outcome:
        case Done():
            citizen.owner.deleted(asked, act, called.ended)
            run.reached(DELETED_WAITING if was_waiting else DELETED)
        case Problem(code=ProblemCode.NOT_FOUND):
            # Deleting is tried again when the word of it is lost.
            run.judge(citizen.me, citizen.owner.missed(asked, called.began, called.ended))


@step("citizen", "delete-what-is-anothers", 0.7)
async def delete_anothers(citizen: Citizen) -> None:
    others = [
        asked.request_id
        for resident in citizen.run.residents
        if resident is not citizen.me
        for asked in resident.owner.asked
        if asked.request_id is not None
    ]
    if not others or not await citizen.ensure_signed_in():
        return
    one = wire.OneItem(others[int(len(others) * citizen.chance.uniform())])
    called = await citizen.call(wire.DELETE_ITEM, one, window=citizen.window)
    if isinstance(called.outcome, Done):
        citizen.run.breach(OTHERS, "not-found", f"{citizen.me.name} deleted what is another's")


@step("citizen", "take-home", 2)
async def take_home(citizen: Citizen) -> None:
    """Taking an answer home as a file is reading it."""
    asked = one_that_has_come(citizen)
    if asked is None or asked.request_id is None or not await citizen.ensure_signed_in():
        return
    run = citizen.run
    # A PDF costs much and is the same answer laid out another way.
    form = "csv" if citizen.picks(0.85) else "pdf"
    act = Act(run.tick())
    asked.reads.append(act)
    operation = _FILES[form][RECORDS if asked.kind == RECORDS else ""]
    called = await citizen.call(operation, OneRequest(asked.request_id), window=citizen.window)
    act.began = called.began
    match called.outcome:
        case bytes() as file:
            act.ended, act.is_certain = called.ended, True
            run.reached(DOWNLOADED)
            if not file.startswith(_BEGINNINGS[form]):
                run.breach(FILES, form, f"{file[:20]!r}")
        case Problem(code=ProblemCode.NOT_FOUND):
            act.ended = called.ended
            run.judge(citizen.me, citizen.owner.missed(asked, called.began, called.ended))
        case Problem(code=ProblemCode.CONFLICT):
            run.judge(citizen.me, citizen.owner.unreadable(asked, act))

"""お知らせの送信の画面, at a staff's terminal: pick the organisation, write, hand over recipients, look, cancel (NOT-1…6).

It stands for a terminal in the municipality's own network, so it asks for no password. A recipients' file larger than a
form takes comes in parts by the page's script; without scripts several files may be added one after another.
"""

from typing import Final

from sim.entrance.look import Look
from sim.intermediate.notices.desk import NoticeDesk
from sim.intermediate.notices.drafts import Drafts
from sim.intermediate.notices.export_pages import ExportPages
from sim.intermediate.notices.file_pages import FilePages
from sim.intermediate.notices.overview_pages import OverviewPages
from sim.intermediate.notices.review_pages import ReviewPages
from sim.intermediate.notices.send_pages import SendPages
from sim.intermediate.notices.staff_desk import NAV, NOTICES, StaffDesk
from sim.intermediate.notices.writing_pages import WritingPages

__all__ = ["NAV", "NOTICES", "add_pages"]

UPLOAD_BYTES_MAX: Final = 3_500_000
"""Of a form with a file; the connection takes 4 MiB."""
FORM_SECONDS_MAX: Final = 60


def add_pages(look: Look, desk: NoticeDesk) -> None:
    """The pages of notices, on this simulator's look."""
    look.app.config.update(
        MAX_CONTENT_LENGTH=UPLOAD_BYTES_MAX + 64 * 1024,
        MAX_FORM_MEMORY_SIZE=256 * 1024,
        MAX_FORM_PARTS=80,
        BODY_TIMEOUT=FORM_SECONDS_MAX,
    )
    at = StaffDesk(look, desk)
    drafts = Drafts(desk.clock)
    overview, writing, reviewing = OverviewPages(at), WritingPages(at, drafts), ReviewPages(at, drafts)
    files, sends, exports = FilePages(at), SendPages(at), ExportPages(at)
    rules = (
        (NOTICES, "notices", overview.overview, "GET"),
        (f"{NOTICES}/new", "notices new", writing.blank, "GET"),
        (f"{NOTICES}/new", "notices write", writing.write, "POST"),
        (f"{NOTICES}/review", "notices review", reviewing.show, "GET"),
        (f"{NOTICES}/review", "notices send", reviewing.send, "POST"),
        (f"{NOTICES}/folder", "notices folder", overview.check_folder, "POST"),
        (f"{NOTICES}/<send_id>", "notices one", sends.one, "GET"),
        (f"{NOTICES}/<send_id>/events", "notices events", sends.events, "GET"),
        (f"{NOTICES}/<send_id>/recipients.csv", "notices recipients", exports.recipients, "GET"),
        (f"{NOTICES}/<send_id>/answers.csv", "notices answers", exports.answers, "GET"),
        (f"{NOTICES}/<send_id>/file", "notices file", files.add_file, "POST"),
        (f"{NOTICES}/<send_id>/part", "notices part", files.add_part, "POST"),
        (f"{NOTICES}/<send_id>/confirm", "notices confirm", files.confirm, "POST"),
        (f"{NOTICES}/<send_id>/poll", "notices poll", sends.poll, "POST"),
        (f"{NOTICES}/<send_id>/cancel", "notices ask to cancel", sends.ask_to_cancel, "GET"),
        (f"{NOTICES}/<send_id>/cancel", "notices cancel", sends.cancel, "POST"),
    )
    for rule, name, view, method in rules:
        look.app.add_url_rule(rule, name, view, methods=[method])

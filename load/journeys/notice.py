"""お知らせを見る: a municipality sends its resident a notice; it arrives, and is opened (NOT-1, NOT-2, NOT-4, FLD-4)."""

from load.journeys import Journey, Visit
from load.parts import enter, leave, open_notice, send_notice
from load.steps import Steps
from portal.wire.systems import System


def notice(visit: Visit) -> Steps[None]:
    session = yield from enter(visit)
    if session is None:
        return
    title = f"お知らせ {visit.key:016x}"
    if (yield from send_notice(visit, title)):
        yield from open_notice(visit, session, title)
    yield from leave(visit, session)


JOURNEY = Journey("notice", "お知らせを見る", notice, frozenset({System.PORTAL, System.INTERMEDIATE}))

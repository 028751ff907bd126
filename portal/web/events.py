"""届いたことの知らせ: a stream of the signed-in user's own folder, for pages that wait for an answer (REC-3, SELF-6)."""

from quart import request
from quart_trio.wrappers import TrioResponse as Response

from portal.folder.service import Folder
from portal.seams.clock import Clock
from portal.serving.event_stream import Seen, Streams, wants_events
from portal.sessions.service import Sessions
from portal.web.cookies import SESSION_COOKIE
from portal.web.design import security_headers
from portal.web.reception import Reception, User
from portal.wire.problems import ProblemCode, problem

LOOK_SECONDS = 2.0
"""A stream is rung for what comes here; what came to another process, or ended in the outbox, it finds by looking."""
TOO_MANY = problem(
    ProblemCode.TOO_MANY, "自動で確かめる画面が多すぎます。この画面は、ときどき自分で確かめます。"
)


def add_pages(reception: Reception, folder: Folder, sessions: Sessions, clock: Clock) -> Streams:
    """The stream; what is returned is rung by whatever changes a folder."""
    streams = Streams()
    folder.changed = sessions.ended = streams.ring

    async def events(user: User) -> Response:
        if not wants_events():
            return reception.go("top")
        token = request.cookies[SESSION_COOKIE]
        account = user.account

        async def look() -> Seen | None:
            session = await sessions.find(token, extend=False)
            if session is None or session.account_id is None:
                return None
            left_ms = min(session.idle_until_ms, session.ends_ms) - clock.now_ms()
            return Seen(await folder.stamp(account), min(LOOK_SECONDS, left_ms / 1000 + 0.001))

        answer = streams.answer(
            look, about=account.account_id, reader=user.session.token_hash, headers=security_headers()
        )
        return reception.tell(TOO_MANY, user) if answer is None else answer

    reception.users("events", get=events)
    return streams

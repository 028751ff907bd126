"""The operations of sign-in and sign-out."""

from portal.serving.dispatcher import Dispatcher
from portal.serving.guards import Open, Stranger
from portal.sessions.guard import SessionGuard
from portal.sessions.model import Session
from portal.sessions.service import Sessions
from portal.wire import sign_in
from portal.wire.moments import to_jst
from portal.wire.operation import Done, Nothing
from portal.wire.problems import Problem


def add_operations(dispatcher: Dispatcher, service: Sessions, signed_in: SessionGuard) -> None:
    async def challenge(_: Nothing, __: Stranger) -> sign_in.Challenge:
        issued = service.challenge()
        return sign_in.Challenge(issued.challenge, issued.digest_info, to_jst(issued.ends_ms))

    async def enter(request: sign_in.SignIn, _: Stranger) -> sign_in.SignedIn | Problem:
        opened = await service.sign_in(request)
        if isinstance(opened, Problem):
            return opened
        nickname = None if opened.account is None else opened.account.settings.nickname
        return sign_in.SignedIn(opened.token, nickname, to_jst(opened.session.ends_ms))

    async def leave(_: Nothing, session: Session) -> Done:
        await service.sign_out(session)
        return Done()

    dispatcher.add(sign_in.ASK_CHALLENGE, Open(), challenge)
    dispatcher.add(sign_in.SIGN_IN, Open(), enter)
    dispatcher.add(sign_in.SIGN_OUT, signed_in, leave)
